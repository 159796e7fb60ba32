//! What is so in the fake engine, and what happens in it.

use super::{
    container::{FakeContainer, now},
    raw::Raw,
};
use axum::body::Bytes;
use deckwatch::model::Timestamp;
use serde_json::json;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard},
};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

/// How the engine answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// Takes connections and requests, answers nothing, tells nothing.
    Hanging,
    /// Answers what is not even HTTP.
    Garbage,
    /// Answers 200 with the first half of the right body.
    HalfJson,
    /// Answers with this status.
    Failing(u16),
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) world: Mutex<World>,
    pub(super) mood: watch::Sender<Mood>,
    /// Routes that do not tell the truth, each as `METHOD /path`.
    pub(super) raw: watch::Sender<Vec<(String, Raw)>>,
    /// Requests that change a container wait while this is true.
    pub(super) held: watch::Sender<bool>,
    pub(super) events: broadcast::Sender<SeenEvents>,
    /// Changes with whatever matters to logs.
    pub(super) wrote: watch::Sender<()>,
}

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) containers: Vec<FakeContainer>,
    pub(super) requests: Vec<String>,
    /// How requests begin that are answered as a socket proxy does which does not allow them.
    pub(super) forbidden: Vec<String>,
    /// What failures say.
    pub(super) words: Option<String>,
    /// What every action is refused with.
    pub(super) action_refusal: Option<String>,
    pub(super) history: Vec<SeenEvents>,
    /// Changes cause no events.
    pub(super) is_mute: bool,
    pub(super) cut: CancellationToken,
    /// After how many lines logs that are followed are cut, one after the other.
    pub(super) log_cuts: HashMap<String, VecDeque<usize>>,
    /// Bytes taken of the endless answer of which most was taken.
    pub(super) most_sent: usize,
    /// How often the open logs of a container were cut.
    pub(super) cut_logs: HashMap<String, usize>,
    /// How often they got stuck.
    pub(super) stuck_logs: HashMap<String, usize>,
}

/// An event that was told.
#[derive(Clone, Debug)]
pub(super) struct SeenEvents {
    pub(super) at: Timestamp,
    pub(super) body: Bytes,
}

impl Shared {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(super) fn tell(
        &self,
        kind: &str,
        action: &str,
        id: &str,
        name: &str,
        more: &[(&str, &str)],
    ) {
        if self.world().is_mute {
            return;
        }
        let at = now();
        let mut attributes = json!({ "name": name, "image": "nginx:1.27" });
        for (key, value) in more {
            attributes[key] = json!(value);
        }
        let body = json!({
            "Type": kind, "Action": action, "scope": "local",
            "Actor": { "ID": id, "Attributes": attributes },
            "time": at.as_millis() / 1_000,
            "timeNano": at.as_millis() * 1_000_000,
        });
        self.tell_bytes(format!("{body}\n").into_bytes());
    }

    /// Tells these bytes to all who listen to events, and to those who ask for the past.
    pub(super) fn tell_bytes(&self, bytes: Vec<u8>) {
        let told = SeenEvents {
            at: now(),
            body: bytes.into(),
        };
        self.world().history.push(told.clone());
        let _ = self.events.send(told);
    }

    pub(super) fn tell_of(&self, container: &FakeContainer, action: &str, more: &[(&str, &str)]) {
        // The engine tells a container's labels among the attributes.
        let labels = container
            .labels
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let more: Vec<_> = labels.chain(more.iter().copied()).collect();
        self.tell("container", action, &container.id, &container.name, &more);
    }

    /// Changes the container called (or identified by) `name`; its new self, when there is one.
    pub(super) fn change(
        &self,
        name: &str,
        change: impl FnOnce(&mut FakeContainer),
    ) -> Option<FakeContainer> {
        let mut world = self.world();
        let found = world.containers.iter_mut().find(|c| c.is(name))?;
        change(found);
        Some(found.clone())
    }

    pub(super) fn stop(&self, name: &str, signal: &str, exit_code: i64) -> Option<FakeContainer> {
        let stopped = self.change(name, |c| {
            c.state = "exited".to_owned();
            c.exit_code = exit_code;
            c.finished = now();
            c.run_ends.push(c.dropped + c.lines.len());
        })?;
        self.wrote.send_replace(());
        self.tell_of(&stopped, "kill", &[("signal", signal)]);
        self.tell_of(&stopped, "die", &[("exitCode", &exit_code.to_string())]);
        Some(stopped)
    }

    pub(super) fn start(&self, name: &str) -> Option<FakeContainer> {
        let started = self.change(name, |c| {
            c.state = "running".to_owned();
            c.exit_code = 0;
            c.started = now();
        })?;
        self.tell_of(&started, "start", &[]);
        Some(started)
    }

    pub(super) fn remove(&self, name: &str) -> Option<FakeContainer> {
        let mut world = self.world();
        let at = world.containers.iter().position(|c| c.is(name))?;
        let removed = world.containers.remove(at);
        drop(world);
        self.wrote.send_replace(());
        self.tell_of(&removed, "destroy", &[]);
        Some(removed)
    }
}

impl FakeContainer {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name || self.id == name || (name.len() >= 12 && self.id.starts_with(name))
    }
}
