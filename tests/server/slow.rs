//! A client that does not read costs only itself.

use crate::support::{
    eventually,
    fake_engine::{FakeContainer, FakeEngine},
    mirror::states,
    process::Process,
};
use deckwatch::protocol::{Channel, ServerMessage};

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
    eventually("they are forgotten", async || {
        let status = crate::support::raw::ask(process.address, "GET /api/ws", &[], "").await;
        status.body.contains("\"connectedClients\":1,")
    })
    .await;
}
