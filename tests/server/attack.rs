//! A client that holds connections open or requests too much keeps no other client out.

use crate::support::{
    app::{Settings, TestApp},
    attackers::{allow_many_files, ask_from, connect_from, hold},
    eventually,
    fake_engine::{FakeContainer, FakeEngine, id_of},
    process::Process,
};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long a healthy client waits at most, on a busy machine. A server that lets it wait for an attacker's
/// connection to end takes ten seconds or more.
const SERVED: Duration = Duration::from_secs(5);

/// Checks that new connections are served during an attack: from the attackers' address, as if all clients
/// used one proxy, and from another.
async fn is_served(server: SocketAddr) {
    let request = format!("GET /api/ws HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    for last in [2, 3, 2, 3, 2, 3] {
        let answer = timeout(SERVED, ask_from(last, server, request.as_bytes())).await;
        let answer = answer.expect("a healthy client waits");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[tokio::test]
async fn incomplete_bodies_do_not_keep_others_out() {
    allow_many_files();
    let process = Process::start(&FakeEngine::start()).await;
    let id = id_of("web-1");
    let request = format!(
        "POST /api/containers/{id}/stop HTTP/1.1\r\nHost: {}\r\nContent-Length: 200\r\n\r\n{{",
        process.address
    );
    let held = hold(4_200, 2, process.address, request.as_bytes()).await;
    is_served(process.address).await;
    drop(held);
}

#[tokio::test]
async fn silent_connections_do_not_keep_others_out() {
    allow_many_files();
    let process = Process::start(&FakeEngine::start()).await;
    // More than the number of slots: otherwise a new client would wait until the first of them ends.
    let held = hold(5_000, 2, process.address, b"").await;
    is_served(process.address).await;
    drop(held);
}

#[tokio::test]
async fn long_heads_are_refused_and_cost_little_memory() {
    allow_many_files();
    /// For 1,500 connections: 16 KiB each, the cost of a connection itself, and the overhead of an
    /// unoptimized build.
    const GROWTH: u64 = 128 << 20;
    let process = Process::start(&FakeEngine::start()).await;
    let before = process.resident();
    let head = format!("GET / HTTP/1.1\r\nHost: {}\r\nX: ", process.address);
    let part = [head.as_bytes(), &[b'x'; 14_000]].concat();
    let held = hold(1_500, 2, process.address, &part).await;
    let mut most = process.resident();
    for stream in &held {
        // As much as the server accepts.
        let _ = stream.try_write(&[b'x'; 300_000]);
    }
    is_served(process.address).await;
    most = most.max(process.resident());
    let grown = most.saturating_sub(before);
    assert!(grown < GROWTH, "{} heads cost {grown} bytes", held.len());
}

/// The status of the response to a head that contains `more`.
async fn status_of(server: SocketAddr, more: &str) -> String {
    let request =
        format!("GET /healthz HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n{more}\r\n");
    let answer = ask_from(1, server, request.as_bytes()).await;
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_head_that_is_too_long_is_answered() {
    let app = TestApp::start(FakeEngine::start()).await;
    let long = |n: usize| format!("X: {}\r\n", "x".repeat(n));
    let many = |n: usize| "X: x\r\n".repeat(n);
    let status = async |more: String| status_of(app.address, &more).await;
    assert!(status(long(8_000)).await.contains("200"), "large cookies");
    assert!(status(many(90)).await.contains("200"));
    for more in [long(17_000), long(390_000), many(101)] {
        let length = more.len();
        let status = status(more).await;
        assert!(status.contains("431"), "{length}: {status}");
    }
    app.end().await;
}

#[tokio::test]
async fn actions_on_unknown_containers_do_not_keep_others_from_acting() {
    let app = TestApp::start(FakeEngine::start().with_containers(2)).await;
    let mut attacker = connect_from(2, app.address).await.unwrap();
    for n in 0..4_400 {
        let request = format!(
            "POST /api/containers/{n:064x}/stop HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\n\r\n",
            app.address
        );
        attacker.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(status_on(&mut attacker).await, 404);
    }
    for (last, name) in [(3, "web-1"), (2, "web-2")] {
        assert_eq!(act_from(last, &app, "stop", name).await, 200, "{name}");
    }
    app.end().await;
}

#[tokio::test]
async fn only_the_client_that_acts_too_fast_is_rate_limited() {
    let app = TestApp::start(FakeEngine::start().with_containers(2)).await;
    let mut refused = None;
    for n in 0..400 {
        let action = if n % 2 == 0 { "pause" } else { "unpause" };
        let request = request_to_act(&app, action, "web-1");
        let answer = ask_from(2, app.address, request.as_bytes()).await;
        if answer.starts_with("HTTP/1.1 429") {
            refused = Some(answer.to_ascii_lowercase());
            break;
        }
    }
    let refused = refused.expect("no limit");
    assert!(refused.contains("retry-after: 1"), "{refused}");
    assert!(refused.contains("rate_limited"), "{refused}");
    assert_eq!(act_from(3, &app, "stop", "web-2").await, 200);
    eventually("it may act again", async || {
        let status = act_from(2, &app, "restart", "web-1").await;
        status == 200
    })
    .await;
    app.end().await;
}

fn request_to_act(app: &TestApp, action: &str, name: &str) -> String {
    let (id, address) = (id_of(name), app.address);
    format!(
        "POST /api/containers/{id}/{action} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\n\
         Connection: close\r\n\r\n"
    )
}

/// The status of the response to an action from `127.0.0.{last}`.
async fn act_from(last: u8, app: &TestApp, action: &str, name: &str) -> u16 {
    let request = request_to_act(app, action, name);
    let answer = ask_from(last, app.address, request.as_bytes()).await;
    answer.get(9..12).unwrap_or(&answer).parse().unwrap()
}

/// Reads one response with a `Content-Length`; returns its status.
async fn status_on(stream: &mut TcpStream) -> u16 {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap();
    let length = length.lines().next().unwrap().parse().unwrap();
    stream.read_exact(&mut vec![0; length]).await.unwrap();
    head[9..12].parse().unwrap()
}

/// An engine with a container whose log is far longer than all buffers on the way.
fn with_a_long_log() -> FakeEngine {
    let engine = FakeEngine::start().with(FakeContainer::running("chatty"));
    engine.write_lines("chatty", (0..20_000).map(|_| vec![b'x'; 2_000]));
    engine
}

#[tokio::test]
async fn a_download_needs_a_permit_like_any_client() {
    let settings = Settings {
        max_clients: Some(1),
        ..Settings::default()
    };
    let app = TestApp::start_with(with_a_long_log(), settings).await;
    let path = format!("/api/containers/{}/logs", id_of("chatty"));
    let download = app.get(&path).await;
    assert_eq!(download.status(), 200);
    let refused = app.get(&path).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(
        app.socket_at("/api/ws", &[]).await.unwrap_err().0,
        503,
        "there is one kind of permit"
    );
    let whole = download.bytes().await.unwrap();
    assert_eq!(whole.len(), 20_000 * 2_001, "the first is not disturbed");
    eventually("its place is free", async || {
        app.get(&path).await.status() == 200
    })
    .await;
    app.end().await;
}

#[tokio::test]
async fn a_download_ended_by_a_shutdown_does_not_look_complete() {
    let app = TestApp::start(with_a_long_log()).await;
    let path = format!("/api/containers/{}/logs", id_of("chatty"));
    let download = app.get(&path).await;
    let (whole, ()) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            download.bytes().await
        },
        app.end()
    );
    assert!(whole.is_err());
}
