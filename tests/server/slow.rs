//! A client that does not read costs only itself.

use crate::support::{
    eventually,
    fake_engine::{FakeContainer, FakeEngine},
    mirror::states,
    process::Process,
    raw,
};
use deckwatch::protocol::{Channel, ServerMessage};
use tokio::io::AsyncWriteExt;

/// Clients that never read.
const SLEEPERS: usize = 40;
/// Far more than the server needs, far less than forty queues of these lists would take: a list of
/// 200 containers has some 60 KB, and 400 go out.
const GROWTH: u64 = 96 << 20;

#[tokio::test]
async fn others_get_every_message_and_memory_stays_flat() {
    let containers = (0..200).map(|n| FakeContainer::running(&format!("web-{n}")));
    let engine = containers.fold(FakeEngine::start(), FakeEngine::with);
    let process = Process::start(&engine).await;
    let mut awake = process.socket().await;
    awake.subscribe(Channel::Containers).await;
    awake
        .until(|m| matches!(m, ServerMessage::Containers { data, .. } if data.len() == 200))
        .await;
    let mut sleepers = Vec::new();
    for _ in 0..SLEEPERS {
        let mut sleeper = process.socket().await;
        sleeper.subscribe(Channel::Containers).await;
        sleepers.push(sleeper);
    }
    let before = process.resident();
    for n in 0..200 {
        let name = format!("web-{n}");
        engine.stop_container(&name);
        let stopped = (name, "exited".to_owned());
        let shows = |m: &ServerMessage| matches!(m, ServerMessage::Containers { data, .. } if states(data).contains(&stopped));
        awake.until(shows).await;
        engine.start_container(&stopped.0);
    }
    let grown = process.resident().saturating_sub(before);
    assert!(
        grown < GROWTH,
        "{SLEEPERS} clients that do not read cost {grown} bytes"
    );
    drop(sleepers);
    until_connected(&process, 1).await;
}

#[tokio::test]
async fn a_stream_nobody_reads_gives_its_place_back() {
    let containers = (0..200).map(|n| FakeContainer::running(&format!("web-{n}")));
    let engine = containers.fold(FakeEngine::start(), FakeEngine::with);
    let process = Process::start(&engine).await;
    let mut awake = process.socket().await;
    awake.subscribe(Channel::Containers).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    // Or else the kernel takes megabytes for it.
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut sleeper = socket.connect(process.address).await.unwrap();
    let request = format!(
        "GET /api/containers/stream HTTP/1.1\r\nHost: {}\r\n\r\n",
        process.address
    );
    sleeper.write_all(request.as_bytes()).await.unwrap();
    until_connected(&process, 2).await;
    for n in 0..200 {
        let name = format!("web-{n}");
        engine.stop_container(&name);
        let stopped = (name, "exited".to_owned());
        let shows = |m: &ServerMessage| matches!(m, ServerMessage::Containers { data, .. } if states(data).contains(&stopped));
        awake.until(shows).await;
    }
    // Ten seconds of nothing end it.
    for _ in 0..5 {
        if is_connected(&process, 1).await {
            return;
        }
    }
    until_connected(&process, 1).await;
}

/// Whether so many are connected, before long.
async fn is_connected(process: &Process, n: u32) -> bool {
    let wait = until_connected(process, n);
    tokio::time::timeout(std::time::Duration::from_secs(10), wait)
        .await
        .is_ok()
}

async fn until_connected(process: &Process, n: u32) {
    let wanted = format!("\"connectedClients\":{n},");
    eventually("so many are connected", async || {
        let status = raw::ask(process.address, "GET /api/ws", &[], "").await;
        status.body.contains(&wanted)
    })
    .await;
}
