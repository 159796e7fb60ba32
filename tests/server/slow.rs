//! A client that does not read affects only itself.

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

/// Number of containers: a list of them has some 60 KB of JSON, more than the buffers of a socket here.
const CONTAINERS: usize = 200;
/// Changes that are published while clients do not read, each as a separate list.
const CHANGES: usize = 100;
/// Clients that never read.
const SLEEPERS: usize = 40;
/// Most memory that a client that never reads may cost: the one list that is being sent to it, and the cost
/// of a connection itself.
const PER_SLEEPER: u64 = 96 << 10;
/// Variation of the server's memory when the same work is repeated. Together with the share of the idle
/// clients it is well below one queue of all lists (12 MB), even if all clients shared its entries.
const NOISE: u64 = 4 << 20;
/// A client that reads nothing for this long is disconnected.
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

/// Stops and starts containers one after the other, waiting until the reading client has each change;
/// returns the most memory that the server used meanwhile, in bytes.
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
async fn a_client_that_does_not_read_costs_one_message_and_others_receive_everything() {
    let (engine, process, mut awake) = watched().await;
    // The same work before, so that all buffers are full and the allocator has its memory.
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
async fn a_stream_that_is_not_read_releases_its_permit() {
    let (engine, process, mut awake) = watched().await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    // By default the kernel would buffer megabytes for it.
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
