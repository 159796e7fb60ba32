//! Which requests and how many connections are accepted.

use crate::support::{
    app::{Settings, TestApp},
    fake_engine::{FakeEngine, id_of},
    raw,
};
use deckwatch::protocol::Channel;

const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// Origins that are not those of the server at `own`.
fn foreign_origins(own: &str) -> Vec<String> {
    let port = own.rsplit(':').next().unwrap();
    vec![
        "https://evil.example".into(),
        format!("http://evil.example:{port}"),
        format!("http://127.0.0.1.evil.example:{port}"),
        format!("https://{own}"),
        "http://127.0.0.1:1".into(),
        "http://127.0.0.1".into(),
        "null".into(),
        "file://".into(),
        String::new(),
    ]
}

#[tokio::test]
async fn only_our_own_origin_may_open_a_socket() {
    let app = TestApp::start(FakeEngine::start()).await;
    let own = app.address.to_string();
    for path in ["/api/ws", "/ws/docker/stats"] {
        for origin in foreign_origins(&own) {
            let refused = app.socket_at(path, &[("origin", &origin)]).await;
            assert_eq!(
                refused.err().map(|(status, _)| status),
                Some(403),
                "{path} {origin}"
            );
        }
        let origin = format!("http://{own}");
        assert!(
            app.socket_at(path, &[("origin", &origin)]).await.is_ok(),
            "our own page"
        );
        assert!(app.socket_at(path, &[]).await.is_ok(), "a script");
    }
    app.end().await;
}

#[tokio::test]
async fn only_our_own_origin_may_change_anything() {
    let app = TestApp::start(FakeEngine::start().with_containers(2)).await;
    let own = app.address.to_string();
    let post = async |name: &str, origin: &str| {
        let line = format!("POST /api/containers/{}/stop", id_of(name));
        let headers = [("Origin", origin), ("Content-Type", "application/json")];
        raw::ask(app.address, &line, &headers, "{}").await.status
    };
    for origin in foreign_origins(&own) {
        assert_eq!(post("web-1", &origin).await, 403, "{origin}");
    }
    assert_eq!(app.engine.count("POST /containers"), 0);
    assert!((200..300).contains(&post("web-1", &format!("http://{own}")).await));
    assert_eq!(app.engine.count("POST /containers"), 1);
    let get = app
        .get(&format!("/api/containers/{}/stop", id_of("web-2")))
        .await;
    assert!(get.status().is_client_error(), "nothing changes by GET");
    assert_eq!(app.engine.count("POST /containers"), 1);
    app.end().await;
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    for content in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let line = format!("POST /api/containers/{}/stop", id_of("web-1"));
        let origin = "http://evil.example";
        let headers = [("Content-Type", content), ("Origin", origin)];
        let answer = raw::ask(app.address, &line, &headers, "{}").await;
        assert_eq!(answer.status, 403, "{content}");
    }
    assert_eq!(app.engine.count("POST /containers"), 0);
    app.end().await;
}

#[tokio::test]
async fn an_unknown_host_name_is_misdirected() {
    let app = TestApp::start(FakeEngine::start()).await;
    let port = app.address.port();
    for host in [
        "evil.example".into(),
        format!("evil.example:{port}"),
        format!("127.0.0.1.nip.io:{port}"),
    ] {
        for path in ["/", "/api/snapshot", "/api/containers", "/api/ws"] {
            let answer = app.ask(&format!("GET {path}"), &[("Host", &host)]).await;
            assert_eq!(answer.status, 421, "{host}{path}");
        }
        let mut headers = UPGRADE.to_vec();
        headers.push(("Host", &host));
        let answer = app.ask("GET /api/ws", &headers).await;
        assert_eq!(answer.status, 421, "{host} socket");
    }
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("LOCALHOST:{port}"),
    ] {
        let answer = app.ask("GET /api/snapshot", &[("Host", &host)]).await;
        assert_eq!(answer.status, 200, "{host}");
    }
    app.end().await;
}

#[tokio::test]
async fn a_client_beyond_the_limit_is_told_to_retry() {
    let max_clients = Some(3);
    let app = TestApp::start_with(
        FakeEngine::start(),
        Settings {
            max_clients,
            ..Settings::default()
        },
    )
    .await;
    let mut sockets = Vec::new();
    for _ in 0..2 {
        sockets.push(app.socket().await);
    }
    let stream = app.get("/api/containers/stream").await;
    assert_eq!(stream.status(), 200);
    for path in ["/api/ws", "/ws/docker/stats"] {
        let (status, after) = app.socket_at(path, &[]).await.expect_err("is full");
        assert_eq!(status, 503, "{path}");
        assert!(after.unwrap().parse::<u32>().unwrap() > 0);
    }
    let refused = app.get("/api/containers/stream").await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(
        app.get("/api/snapshot?channels=metrics").await.status(),
        200,
        "polling still works"
    );
    sockets[0].subscribe(Channel::METRICS).await;
    drop((sockets.pop(), stream));
    crate::support::eventually("a place is free again", async || {
        app.socket_at("/api/ws", &[]).await.is_ok()
    })
    .await;
    app.end().await;
}
