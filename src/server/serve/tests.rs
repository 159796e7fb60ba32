//! Requests that never become complete time out.

use crate::server::{Config, Running, source::docker::Address, start};
use std::{net::Ipv4Addr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long to wait for the end of the connection.
const DEADLINE: Duration = Duration::from_secs(90);

async fn server() -> Running {
    let mut config = Config {
        site_addr: (Ipv4Addr::LOCALHOST, 0).into(),
        ..Config::default()
    };
    let nowhere = Address::parse("unix:///nonexistent/docker.sock", false);
    config.docker.host = Some(nowhere.unwrap());
    start(config).await.unwrap()
}

/// Advances the paused clock by `time`.
async fn advance(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Sends `request` on a new connection and waits until the server has read it.
async fn send(running: &Running, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(running.addr).await.unwrap();
    let request = request.replace("HOST", &running.addr.to_string());
    stream.write_all(request.as_bytes()).await.unwrap();
    // All tasks share this thread: once another request was answered, this one was read.
    let url = format!("http://{}/healthz", running.addr);
    reqwest::get(url).await.unwrap();
    stream
}

/// Everything that is received until the server closes the connection.
async fn answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
    let _ = read.expect("an end");
    String::from_utf8_lossy(&answer).into_owned()
}

const UNFINISHED: &str = "POST /api/containers/0123456789ab/stop HTTP/1.1\r\nHost: HOST\r\n\
    Content-Type: application/json\r\nContent-Length: 200\r\n\r\n{";

#[tokio::test]
async fn a_request_whose_body_never_ends_times_out() {
    let running = server().await;
    let mut client = send(&running, UNFINISHED).await;
    advance(Duration::from_secs(11)).await;
    let answer = answer(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    drop(client);
    assert!(running.shutdown().await);
}

#[tokio::test]
async fn a_request_that_arrives_byte_by_byte_times_out_too() {
    let running = server().await;
    let mut client = send(&running, UNFINISHED).await;
    for _ in 0..3 {
        advance(Duration::from_secs(4)).await;
        let _ = client.write_all(b" ").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let answer = answer(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    drop(client);
    assert!(running.shutdown().await);
}

#[tokio::test]
async fn head_and_body_share_one_timeout() {
    let running = server().await;
    let (head, rest) = UNFINISHED.split_at(20);
    let mut client = send(&running, head).await;
    advance(Duration::from_secs(6)).await;
    let rest = rest.replace("HOST", &running.addr.to_string());
    client.write_all(rest.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    advance(Duration::from_secs(5)).await;
    let answer = answer(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    drop(client);
    assert!(running.shutdown().await);
}

#[tokio::test]
async fn a_head_that_never_ends_and_a_connection_without_a_request_are_closed() {
    let running = server().await;
    for request in ["GET / HTTP/1.1\r\nHost: HOST\r\nX: ", ""] {
        let mut client = send(&running, request).await;
        advance(Duration::from_secs(11)).await;
        assert_eq!(answer(&mut client).await, "", "{request}");
    }
    assert!(running.shutdown().await);
}
