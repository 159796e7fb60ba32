//! Latency from an event in the engine to a client, and to the text on a page in Chromium.

use crate::{
    Failure, Setting,
    client::{BINARY, Client},
    crowd::{inflated, subscribe, with_crowds},
    engine::Engine,
    results::{Results, percentile},
};
use deckwatch::{
    model::{ContainerState, Update},
    protocol::{Channel, ServerMessage, codec::Ticks},
};
use std::{
    cell::Cell,
    collections::BTreeMap,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::process::Command;

const CHANGES: u32 = 100;
/// Time limit for a change; a change that takes longer fails the run.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pause between two changes, so that the engine is idle at each change.
const PAUSE: Duration = Duration::from_millis(150);

pub(crate) async fn measure(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let engine = setting.engine()?;
    engine.clear().await?;
    engine.run(1).await?;
    let measured = async {
        with_crowds(to_client(setting, &engine, results)).await?;
        to_glass(setting, &engine, results).await
    };
    let measured = measured.await;
    engine.clear().await?;
    measured
}

/// The last change that was received: when, and whether it was to paused. Shared between the readers
/// and the task that waits for a change.
type Heard = Rc<Cell<Option<(Instant, bool)>>>;

async fn to_client(
    setting: &Setting,
    engine: &Engine,
    results: &mut Results,
) -> Result<(), Failure> {
    let server = engine.watched(&setting.binary, &[])?;
    let mut client = Client::connect(server.address, BINARY).await?;
    client.say(&subscribe(Channel::CONTAINERS)).await?;
    let (raw, ours): (Heard, Heard) = Default::default();
    let heard = Rc::clone(&raw);
    let events = engine.follow("/events", move |at, line| {
        for (mark, paused) in [
            ("\"Action\":\"pause\"", true),
            ("\"Action\":\"unpause\"", false),
        ] {
            if line.contains(mark) {
                heard.set(Some((at, paused)));
            }
        }
    });
    let heard = Rc::clone(&ours);
    let socket = async {
        let mut ticks = Ticks::default();
        loop {
            let frame = client.next().await?;
            let at = Instant::now();
            if let Ok(message) = ticks.decode(&inflated(&frame)?)
                && let Some(paused) = is_paused(&message)
            {
                heard.set(Some((at, paused)));
            }
        }
    };
    tokio::select! {
        ended = events => Err(format!("the events ended: {ended:?}").into()),
        ended = socket => ended,
        done = changes(setting, engine, &raw, &ours, results) => done,
    }
}

/// Whether the container is paused according to a message; `None` if the message has no container.
fn is_paused(message: &ServerMessage) -> Option<bool> {
    let state = match message.update()? {
        Update::Containers { data, .. } => data.first()?.state,
        Update::ContainersDelta { delta, .. } => delta.upserts.first()?.state,
        _ => return None,
    };
    Some(state == ContainerState::Paused)
}

async fn changes(
    setting: &Setting,
    engine: &Engine,
    raw: &Heard,
    ours: &Heard,
    results: &mut Results,
) -> Result<(), Failure> {
    wait(ours, |_| true).await?;
    let (mut theirs, mut to_us, mut added) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..setting.rounds(CHANGES).max(10) {
        tokio::time::sleep(PAUSE).await;
        let pausing = n % 2 == 0;
        let verb = if pausing { "pause" } else { "unpause" };
        raw.set(None);
        let began = Instant::now();
        engine.post(&format!("/containers/bench-0/{verb}")).await?;
        let ours = wait(ours, |paused| paused == pausing).await?;
        let raw = wait(raw, |paused| paused == pausing).await?;
        let ms = |from: Instant, to: Instant| {
            let before = from.saturating_duration_since(to).as_secs_f64();
            (to.saturating_duration_since(from).as_secs_f64() - before) * 1e3
        };
        theirs.push(ms(began, raw));
        to_us.push(ms(began, ours));
        added.push(ms(raw, ours));
    }
    for (name, mut values) in [("raw", theirs), ("client", to_us), ("added", added)] {
        for percent in [50.0, 99.0] {
            let value = percentile(&mut values, percent).unwrap_or_default();
            results.figure(&format!("{name}_p{percent}"), value)?;
        }
    }
    Ok(())
}

/// Waits until the last received change is the wanted one, and returns when that was received.
async fn wait(heard: &Heard, wanted: impl Fn(bool) -> bool) -> Result<Instant, Failure> {
    let wait = async {
        loop {
            match heard.get() {
                Some((at, paused)) if wanted(paused) => return at,
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    };
    Ok(tokio::time::timeout(PATIENCE, wait).await?)
}

async fn to_glass(
    setting: &Setting,
    engine: &Engine,
    results: &mut Results,
) -> Result<(), Failure> {
    let server = engine.watched(&setting.binary, &[])?;
    let url = format!("http://{}", server.address);
    let socket = engine.socket().display().to_string();
    let changes = setting.rounds(CHANGES).max(10).to_string();
    browser(setting, &["latency", &url, &socket, &changes], results).await?;
    Ok(())
}

/// Runs a measurement in the browser, which prints figures as JSON lines. All of them are stored; the
/// last one per key is returned.
pub(crate) async fn browser(
    setting: &Setting,
    arguments: &[&str],
    results: &mut Results,
) -> Result<BTreeMap<String, f64>, Failure> {
    let mut command = Command::new("node");
    command
        .current_dir(&setting.end2end)
        .arg("bench/browser.mjs")
        .args(arguments);
    let output = command.kill_on_drop(true).output().await?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let mut figures = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let (key, value): (String, f64) = serde_json::from_str(line)?;
        results.figure(&key, value)?;
        figures.insert(key, value);
    }
    Ok(figures)
}
