//! Users whom a proxy in front of the server names.

use crate::support::{
    accounts::{As, PASSWORD, grants_of, with_auth},
    app::{Settings, TestApp},
    eventually,
    fake_engine::FakeEngine,
    raw,
    socket::Socket,
};
use deckwatch::{
    model::{AuthMode, Grants},
    server::config::{Auth, ProxyHeaders, grant},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Settings of a server where users sign in with a password or through a proxy on this machine, and where the
/// group `ops` has a grant.
fn with_proxy() -> Settings {
    let ops = Grants::new([grant("operator host:local").unwrap()]).unwrap();
    with_auth(Auth {
        modes: BTreeSet::from([AuthMode::Password, AuthMode::Proxy]),
        trusted_proxies: vec!["127.0.0.1".parse().unwrap()],
        proxy: Some(ProxyHeaders {
            user: "remote-user".parse().unwrap(),
            groups: "remote-groups".parse().unwrap(),
        }),
        groups: BTreeMap::from([("ops".to_owned(), ops)]),
        ..Auth::default()
    })
}

async fn start() -> (TestApp, As) {
    TestApp::start_with_admin(FakeEngine::start(), with_proxy()).await
}

/// The status and the body of `/api/me` for a user whom the proxy names.
async fn me(app: &TestApp, user: &str, groups: &str) -> (u16, Value) {
    let headers = [
        ("host", "localhost"),
        ("remote-user", user),
        ("remote-groups", groups),
    ];
    let answer = app.ask("GET /api/me", &headers).await;
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

/// The grants of a user whom the proxy names.
async fn grants(app: &TestApp, user: &str, groups: &str) -> Value {
    let (status, me) = me(app, user, groups).await;
    assert_eq!(status, 200, "{me}");
    me["grants"].clone()
}

async fn socket(app: &TestApp, user: &str) -> Socket {
    let origin = app.url("");
    let headers = [
        ("origin", origin.as_str()),
        ("remote-user", user),
        ("remote-groups", "ops"),
    ];
    app.socket_at("/api/ws", &headers).await.unwrap()
}

/// The user as administrators see it, once it is visible.
async fn visible(app: &TestApp, root: &As, name: &str) -> Value {
    let mut found = Value::Null;
    eventually("the user is visible", async || {
        let users: Value = app.get_as(root, "/api/users").await.json().await.unwrap();
        let mut users = users["users"].as_array().unwrap().iter();
        let user = users.find(|user| user["username"] == name);
        found = user.cloned().unwrap_or_default();
        !found.is_null()
    })
    .await;
    found
}

#[tokio::test]
async fn a_user_of_the_proxy_is_visible_after_the_first_request_and_can_get_grants() {
    let (app, root) = start().await;
    let of_group = grants_of(&["operator host:local"]);
    assert_eq!(grants(&app, "Ana", "ops").await, of_group);
    let ana = visible(&app, &root, "ana").await;
    assert_eq!(
        (&ana["source"], &ana["grants"], &ana["disabled"]),
        (&json!("proxy"), &json!([]), &json!(false))
    );
    assert!(ana["seen"].is_number(), "{ana}");
    let own = grants_of(&["viewer name:db"]);
    app.change_user(&root, "ana", json!({"grants": own})).await;
    assert_eq!(grants(&app, "ana", "").await, own);
    let both = grants_of(&["viewer name:db", "operator host:local"]);
    assert_eq!(grants(&app, "ana", "ops").await, both);
    app.end().await;
}

#[tokio::test]
async fn disabling_a_user_of_the_proxy_closes_the_sockets_and_enabling_admits_again() {
    let (app, root) = start().await;
    let (mut ana, mut ben) = (socket(&app, "ana").await, socket(&app, "ben").await);
    visible(&app, &root, "ana").await;
    app.change_user(&root, "ana", json!({"disabled": true}))
        .await;
    assert_eq!(ana.closed().await, 4401);
    assert_eq!(me(&app, "ana", "ops").await.0, 401);
    ben.next().await;
    app.change_user(&root, "ana", json!({"disabled": false}))
        .await;
    assert_eq!(me(&app, "ana", "ops").await.0, 200);
    app.end().await;
}

#[tokio::test]
async fn a_user_of_the_proxy_has_nothing_of_a_user_with_a_password_of_the_same_name() {
    let (app, root) = start().await;
    let ana = app.user(&root, "ana", &["admin *"]).await;
    assert_eq!(grants(&app, "ana", "").await, json!([]));
    let of_group = grants_of(&["operator host:local"]);
    assert_eq!(grants(&app, "ana", "ops").await, of_group);
    app.change_user(
        &root,
        "ana",
        json!({"grants": grants_of(&["operator host:local"])}),
    )
    .await;
    app.token(&ana, &["operator host:local"], json!({})).await;
    let origin = app.url("");
    let headers = [
        ("origin", origin.as_str()),
        ("content-type", "application/json"),
        ("remote-user", "ana"),
        ("remote-groups", "ops"),
    ];
    let tokens = app.ask("GET /api/tokens", &headers).await;
    assert_eq!(
        (tokens.status, tokens.body.as_str()),
        (200, r#"{"tokens":[]}"#)
    );
    let new = json!({"name": "t", "grants": of_group}).to_string();
    let answer = raw::ask(app.address, "POST /api/tokens", &headers, &new).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    let audit = app.get_as(&root, "/api/audit?did=create%20token").await;
    let audit: Value = audit.json().await.unwrap();
    assert_eq!(audit["entries"][0]["who"], "proxy ana");
    assert_eq!(audit["entries"][1]["who"], "ana");
    assert_eq!(visible(&app, &root, "ana").await["source"], "password");
    app.change_user(&root, "ana", json!({"disabled": true}))
        .await;
    assert_eq!(me(&app, "ana", "ops").await.0, 401, "a disabled name");
    app.end().await;
}

#[tokio::test]
async fn a_user_of_the_proxy_gets_no_password() {
    let (app, root) = start().await;
    assert_eq!(me(&app, "ana", "ops").await.0, 200);
    visible(&app, &root, "ana").await;
    let change = json!({"password": PASSWORD});
    let answer = app
        .request(&root, Method::PATCH, "/api/users/ana", Some(change))
        .await;
    assert_eq!(answer.status(), 409);
    let body = json!({"username": "ana", "password": PASSWORD});
    let answer = app.post_as(&As::Nobody, "/api/sign-in", body).await;
    assert_eq!(answer.status(), 401);
    app.end().await;
}

#[tokio::test]
async fn a_user_of_the_proxy_is_admitted_without_a_storage() {
    let settings = Settings {
        data: None,
        ..with_proxy()
    };
    let app = TestApp::start_with(FakeEngine::start(), settings).await;
    let of_group = grants_of(&["operator host:local"]);
    assert_eq!(grants(&app, "ana", "ops").await, of_group);
    app.end().await;
}
