//! Changes of rights reach open connections.

use crate::support::{
    accounts::{As, PASSWORD, grants_of},
    app::TestApp,
    attackers::connect_from,
    eventually,
    fake_engine::{FakeContainer, FakeEngine, id_of},
    socket::{Incoming, Socket},
};
use deckwatch::{
    model::Update,
    protocol::{Channel, ServerMessage},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn engine() -> FakeEngine {
    FakeEngine::start()
        .with(FakeContainer::running("web"))
        .with(FakeContainer::running("db"))
}

/// The names of the containers in the next complete list.
async fn listed(socket: &mut Socket) -> BTreeSet<String> {
    socket
        .find(|message| match message.update() {
            Some(Update::Containers { data, .. }) => Some(
                data.iter()
                    .map(|container| container.name.clone())
                    .collect(),
            ),
            _ => None,
        })
        .await
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn other_grants_change_what_an_open_socket_shows_and_nobody_else_notices() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    let ana = app.user(&root, "ana", &["viewer *"]).await;
    let (mut socket, mut bystander) = (
        app.socket_as(&ana, "/api/ws").await.unwrap(),
        app.socket_as(&root, "/api/ws").await.unwrap(),
    );
    let epoch_of = |message: ServerMessage| match message {
        ServerMessage::Connected { epoch, .. } => Some(epoch),
        _ => None,
    };
    let first = socket.find(epoch_of).await;
    for socket in [&mut socket, &mut bystander] {
        socket.subscribe(Channel::CONTAINERS).await;
        assert_eq!(listed(socket).await, names(&["db", "web"]));
    }
    let db = id_of("db");
    socket
        .send_text(&json!({"type": "subscribe", "channel": format!("logs:{db}")}).to_string())
        .await;
    socket.until(|message| matches!(message, ServerMessage::Subscribed { channel } if channel.of.is_some())).await;
    app.change_user(
        &root,
        "ana",
        json!({"grants": grants_of(&["viewer name:web"])}),
    )
    .await;
    let second = socket.find(epoch_of).await;
    assert_ne!(first, second, "sequence numbers begin anew");
    socket
        .until(|message| {
            matches!(message, ServerMessage::Unsubscribed { channel, reason: Some(_) } if channel.of.is_some())
        })
        .await;
    assert_eq!(listed(&mut socket).await, names(&["web"]));
    app.engine.write_line("db", "a secret line");
    app.engine.stop_container("db");
    app.engine.stop_container("web");
    let mut seen = String::new();
    loop {
        let Incoming::Text(text) = socket.receive().await else {
            panic!("the socket was closed");
        };
        seen.push_str(&text);
        if text.contains("\"exited\"") {
            break;
        }
    }
    assert!(
        !seen.contains(&db) && !seen.contains("a secret line"),
        "{seen}"
    );
    bystander
        .until(|message| serde_json::to_string(message).unwrap().contains(&db))
        .await;
    app.change_user(&root, "ana", json!({"grants": []})).await;
    socket.find(epoch_of).await;
    let snapshot = app.get_as(&ana, "/api/snapshot").await;
    assert_eq!(snapshot.status(), 403, "no right is left");
    app.end().await;
}

#[tokio::test]
async fn every_way_to_end_a_session_closes_its_sockets() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    let disable = json!({"disabled": true});
    let password = json!({"password": "another long password"});
    let ends: [(&str, Method, String, Option<Value>); 3] = [
        (
            "disabled",
            Method::PATCH,
            "/api/users/u0".into(),
            Some(disable),
        ),
        (
            "password set",
            Method::PATCH,
            "/api/users/u1".into(),
            Some(password),
        ),
        ("removed", Method::DELETE, "/api/users/u2".into(), None),
    ];
    for (n, (what, method, path, body)) in ends.into_iter().enumerate() {
        let user = app.user(&root, &format!("u{n}"), &["viewer *"]).await;
        let log = format!("/ws/docker/{}/logs", id_of("web"));
        let mut sockets = Vec::new();
        for path in ["/api/ws", "/ws/docker/stats", &log] {
            sockets.push(app.socket_as(&user, path).await.unwrap());
        }
        let answer = app.request(&root, method, &path, body).await;
        assert!(answer.status().is_success(), "{what}");
        for socket in &mut sockets {
            assert_eq!(socket.closed().await, 4401, "{what}");
        }
        assert_eq!(app.get_as(&user, "/api/me").await.status(), 401, "{what}");
    }
    assert_eq!(app.get_as(&root, "/api/me").await.status(), 200);
    app.end().await;
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_only() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    let other = app.sign_in("root").await;
    let mut socket = app.socket_as(&other, "/api/ws").await.unwrap();
    let wrong = json!({"current": "wrong horse battery", "new": "a new long password"});
    let answer = app.post_as(&root, "/api/me/password", wrong).await;
    assert_eq!(answer.status(), 403);
    let right = json!({"current": PASSWORD, "new": "a new long password"});
    let answer = app.post_as(&root, "/api/me/password", right).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(socket.closed().await, 4401);
    assert_eq!(app.get_as(&root, "/api/me").await.status(), 200);
    let old = json!({"username": "root", "password": PASSWORD});
    assert_eq!(
        app.post_as(&As::Nobody, "/api/sign-in", old).await.status(),
        401
    );
    app.end().await;
}

#[tokio::test]
async fn a_log_socket_is_closed_when_its_log_may_no_longer_be_read() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    let ana = app.user(&root, "ana", &["viewer *"]).await;
    let log = |name: &str| format!("/ws/docker/{}/logs", id_of(name));
    let mut web = app.socket_as(&ana, &log("web")).await.unwrap();
    let mut db = app.socket_as(&ana, &log("db")).await.unwrap();
    app.change_user(
        &root,
        "ana",
        json!({"grants": grants_of(&["viewer name:web"])}),
    )
    .await;
    assert_eq!(db.closed().await, 4403);
    app.engine.write_line("web", "still here");
    while !matches!(web.receive().await, Incoming::Text(text) if text.contains("still here")) {}
    app.end().await;
}

#[tokio::test]
async fn a_user_has_a_bounded_number_of_sockets() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    let ana = app.user(&root, "ana", &["viewer *"]).await;
    let mut open = Vec::new();
    for _ in 0..20 {
        open.push(app.socket_as(&ana, "/api/ws").await.unwrap());
    }
    let (status, retry_after) = app.socket_as(&ana, "/api/ws").await.unwrap_err();
    assert_eq!((status, retry_after.is_some()), (429, true));
    assert!(
        app.socket_as(&root, "/api/ws").await.is_ok(),
        "others are not affected"
    );
    drop(open.pop());
    eventually("a closed socket makes room", async || {
        app.socket_as(&ana, "/api/ws").await.is_ok()
    })
    .await;
    app.end().await;
}

#[tokio::test]
async fn every_act_is_in_the_audit_log_and_refused_ones_too() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    let ana = app.user(&root, "ana", &["viewer *"]).await;
    let restart = |name: &str| format!("/api/containers/{}/restart", id_of(name));
    let done = app.post_as(&root, &restart("web"), json!({})).await;
    assert_eq!(done.status(), 200);
    let refused = app.post_as(&ana, &restart("web"), json!({})).await;
    assert_eq!(refused.status(), 403);
    let entries = async |query: &str| {
        let audit = app.get_as(&root, &format!("/api/audit?{query}")).await;
        let audit: Value = audit.json().await.unwrap();
        audit["entries"].as_array().unwrap().clone()
    };
    let acts = entries("did=restart").await;
    let fields = |entry: &Value| {
        ["who", "on", "outcome"].map(|name| entry[name].as_str().unwrap().to_owned())
    };
    let expected = ["root", "web · local", "done"].map(str::to_owned);
    assert!(
        acts.iter().any(|entry| fields(entry) == expected),
        "{acts:?}"
    );
    let signed_in = entries("did=sign%20in&who=ana").await;
    assert_eq!(signed_in.len(), 1, "{signed_in:?}");
    assert_eq!(signed_in[0]["from"], "127.0.0.1");
    let refusals = entries("outcome=refused").await;
    assert!(
        refusals
            .iter()
            .any(|entry| entry["who"] == "ana" && entry["did"] == "restart"),
        "{refusals:?}"
    );
    let csv = app
        .get_as(&root, "/api/audit?format=csv")
        .await
        .text()
        .await
        .unwrap();
    assert!(
        csv.lines().count() > 4 && csv.contains("\"web · local\""),
        "{csv}"
    );
    assert_eq!(app.get_as(&ana, "/api/audit").await.status(), 403);
    app.end().await;
}

#[tokio::test]
async fn an_address_has_a_bounded_number_of_sockets() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    let mut open = Vec::new();
    let (mut last, mut refused) = (As::Nobody, None);
    for (name, sockets) in [("ana", 20), ("ben", 20), ("cleo", 11)] {
        last = app.user(&root, name, &["viewer *"]).await;
        for _ in 0..sockets {
            match app.socket_as(&last, "/api/ws").await {
                Ok(socket) => open.push(socket),
                Err((status, _)) => refused = Some(status),
            }
        }
    }
    assert_eq!((open.len(), refused), (50, Some(429)));
    let (_, cookie) = last.header().unwrap();
    let mut elsewhere = connect_from(2, app.address).await.unwrap();
    let request = format!(
        "GET /api/ws HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        address = app.address
    );
    elsewhere.write_all(request.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    elsewhere.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 101", "another address is not affected");
    app.end().await;
}
