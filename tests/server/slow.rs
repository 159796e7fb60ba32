//! A client that does not read costs only itself.

use crate::support::{
    eventually,
    fake_engine::{FakeContainer, FakeEngine},
    mirror::states,
    process::Process,
    raw,
    socket::Socket,
    within,
};
use deckwatch::{
    model::Update,
    protocol::{Channel, ServerMessage},
};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// Containers: a list of them has some 60 KB of JSON, more than a socket's buffers hold here.
const CONTAINERS: usize = 200;
/// Changes that are published while clients do not read, each as a list of its own.
const CHANGES: usize = 100;
/// Clients that never read.
const SLEEPERS: usize = 40;
/// What a client that never reads may cost: the one list that is on its way to it, and what a
/// connection costs anyway.
const PER_SLEEPER: u64 = 96 << 10;
/// How much the memory of a server varies that does the same work again. With the sleepers' share
/// it is well below one queue of all lists (12 MB), even if all clients shared its entries.
const NOISE: u64 = 4 << 20;
/// A client that takes nothing for this long is cut off.
const STALL: Duration = Duration::from_secs(10);

/// A server that watches [`CONTAINERS`] running containers, and a client that reads.
async fn watched() -> (FakeEngine, Process, Socket) {
    let containers = (0..CONTAINERS).map(|n| FakeContainer::running(&format!("web-{n}")));
    let engine = containers.fold(FakeEngine::start(), FakeEngine::with);
    let process = Process::start(&engine).await;
    let mut awake = process.socket().await;
    awake.subscribe(Channel::CONTAINERS).await;
    awake
        .until(|m| matches!(m.update(), Some(Update::Containers { data, .. }) if data.len() == CONTAINERS))
        .await;
    (engine, process, awake)
}

/// Stops and starts containers one after the other. The client that reads gets every change; the
/// most memory that the server had in use meanwhile, in bytes.
async fn publish_changes(engine: &FakeEngine, process: &Process, awake: &mut Socket) -> u64 {
    let mut most = 0;
    for n in 0..CHANGES {
        let name = format!("web-{n}");
        engine.stop_container(&name);
        let stopped = (name, "exited".to_owned());
        let shows = |m: &ServerMessage| matches!(m.update(), Some(Update::Containers { data, .. }) if states(data).contains(&stopped));
        awake.until(shows).await;
        engine.start_container(&stopped.0);
        most = most.max(process.resident());
    }
    most
}

#[tokio::test]
async fn others_get_every_message_and_a_client_that_does_not_read_costs_one_message() {
    let (engine, process, mut awake) = watched().await;
    // The same work before: rings and histories are full, the allocator has what it needs.
    let before = publish_changes(&engine, &process, &mut awake).await;
    let mut sleepers = Vec::new();
    for _ in 0..SLEEPERS {
        let mut sleeper = Socket::connect_with_small_buffer(process.address).await;
        sleeper
            .send_text(r#"{"type":"subscribe","channel":"containers"}"#)
            .await;
        sleepers.push(sleeper);
    }
    until_connected(&process, 1 + SLEEPERS).await;
    let most = publish_changes(&engine, &process, &mut awake).await;
    let grown = most.saturating_sub(before);
    assert!(
        grown < SLEEPERS as u64 * PER_SLEEPER + NOISE,
        "{SLEEPERS} clients that do not read cost {grown} bytes"
    );
    within(STALL, "they are cut off", until_connected(&process, 1)).await;
}

#[tokio::test]
async fn a_stream_that_is_not_read_gives_its_place_back() {
    let (engine, process, mut awake) = watched().await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    // By default the kernel would take megabytes for it.
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut sleeper = socket.connect(process.address).await.unwrap();
    let request = format!(
        "GET /api/containers/stream HTTP/1.1\r\nHost: {}\r\n\r\n",
        process.address
    );
    sleeper.write_all(request.as_bytes()).await.unwrap();
    until_connected(&process, 2).await;
    publish_changes(&engine, &process, &mut awake).await;
    within(STALL, "it is cut off", until_connected(&process, 1)).await;
}

async fn until_connected(process: &Process, n: usize) {
    let wanted = format!("\"connectedClients\":{n},");
    eventually("so many are connected", async || {
        let status = raw::ask(process.address, "GET /api/ws", &[], "").await;
        status.body.contains(&wanted)
    })
    .await;
}
