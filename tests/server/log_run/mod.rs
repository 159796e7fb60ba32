//! A log that is written without pause while connections and processes fail, compared with the engine's own
//! file.
//!
//! A container writes lines whose records end anywhere, faults of every kind happen at seeded times, and
//! what a client received is compared with what the engine has stored: no line may be missing, duplicated
//! or joined with another, unless a gap reports it. A gap excuses no more than it reports.
//!
//! Runs where `DECKWATCH_TEST_DOCKER` names an engine on this machine whose files can be read;
//! `DECKWATCH_TEST_LOG_LINES` sets the number of lines, and a million lines have thirty faults.

mod client;
mod engine;
mod proxy;
mod truth;
mod writer;

use crate::support::{app::Settings, launch};
use client::Client;
use engine::Engine;
use proxy::{Harm, Proxy};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use truth::Account;
use writer::Writer;

/// Number of lines without `DECKWATCH_TEST_LOG_LINES`, and of their faults: each kind once or twice, in
/// half a minute.
const LINES: u64 = 30_000;
const FAULTS: u64 = 10;
/// Number of faults of a run whose length was set.
const MANY_FAULTS: u64 = 30;
/// Lines per second: few enough that lines written while Deckwatch restarts are still kept.
const PACE: u64 = 1_500;
/// Duration of a long run in seconds; more lines are written faster.
const LONGEST: u64 = 400;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Kill,
    Restart,
    StopAndStart,
    ConnectionsCut,
    EngineStalls,
    ChunksCorrupt,
    FramesCorrupt,
    ClientCut,
    DeckwatchRestarts,
}

const KINDS: [Fault; 9] = [
    Fault::DeckwatchRestarts,
    Fault::Kill,
    Fault::ConnectionsCut,
    Fault::ClientCut,
    Fault::FramesCorrupt,
    Fault::Restart,
    Fault::EngineStalls,
    Fault::ChunksCorrupt,
    Fault::StopAndStart,
];

async fn deckwatch(proxy: &Proxy) -> launch::Running {
    launch::launch(&proxy.address(), Settings::default()).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "only the one who runs the tests knows how long they may take"
)]
fn asked_for() -> Option<u64> {
    let lines = std::env::var("DECKWATCH_TEST_LOG_LINES").ok()?;
    Some(lines.parse().unwrap())
}

#[tokio::test]
#[ignore = "needs a Docker engine"]
async fn no_line_is_lost_duplicated_or_joined_without_a_gap() {
    let (lines, faults) = match asked_for() {
        Some(lines) => (lines, MANY_FAULTS),
        None => (LINES, FAULTS),
    };
    run(lines, faults, false, 0x5eed).await;
}

#[tokio::test]
#[ignore = "needs a Docker engine"]
async fn no_line_of_a_terminal_is_lost_duplicated_or_joined_without_a_gap() {
    run(asked_for().unwrap_or(LINES) / 3, FAULTS, true, 0x7e11).await;
}

async fn run(lines: u64, faults: u64, is_terminal: bool, seed: u64) {
    let engine = Engine::begin(is_terminal).await;
    let began = Instant::now();
    let mut random = fastrand::Rng::with_seed(seed);
    let proxy = Proxy::start(engine.socket());
    let mut deckwatch_now = deckwatch(&proxy).await;
    let client = Client::start(engine.id(), deckwatch_now.address());
    client.until_begun().await;
    let writer = Writer::start(engine.folder(), lines, is_terminal, seed);
    let mut happened = BTreeMap::new();
    for n in 0..faults {
        let share = lines / (faults + 1);
        writer
            .until((n * share) + random.u64(share / 2..=share))
            .await;
        let kind = KINDS[usize::try_from(n).unwrap() % KINDS.len()];
        *happened.entry(kind).or_insert(0) += 1;
        client.mark(kind);
        let breath = Duration::from_millis(random.u64(0..1_500));
        match kind {
            Fault::Kill => engine.docker(&["kill", engine.name()]).await,
            Fault::Restart => engine.docker(&["restart", "-t", "0", engine.name()]).await,
            Fault::StopAndStart => {
                engine.docker(&["stop", "-t", "0", engine.name()]).await;
                tokio::time::sleep(breath).await;
            }
            Fault::ConnectionsCut => proxy.harm(Harm::Cut),
            Fault::EngineStalls => {
                proxy.harm(Harm::Stall);
                tokio::time::sleep(breath).await;
                proxy.harm(Harm::Cut);
            }
            Fault::ChunksCorrupt => proxy.harm(Harm::Chunks),
            Fault::FramesCorrupt => proxy.harm(Harm::Frames),
            Fault::ClientCut => client.reconnect(deckwatch_now.address()),
            Fault::DeckwatchRestarts => {
                deckwatch_now.end().await;
                deckwatch_now = deckwatch(&proxy).await;
                client.reconnect(deckwatch_now.address());
            }
        }
        engine.run().await;
    }
    writer.until(lines).await;
    // When the container has ended, everything that it has read has reached the engine.
    engine.docker(&["stop", "-t", "1", engine.name()]).await;
    let truth = truth::read(&engine.log_file());
    assert!(!truth.is_empty());
    let received = client.until_ended(&truth).await;
    let account = Account::of(&truth, &received);
    let figures = format!(
        "{} lines stored, {account}; faults {happened:?}; {:?}",
        truth.len(),
        began.elapsed()
    );
    report(&figures);
    deckwatch_now.end().await;
    engine.end().await;
}

#[expect(
    clippy::print_stderr,
    reason = "figures of a long run are for the one who asked for it"
)]
fn report(figures: &str) {
    eprintln!("log run: {figures}");
}
