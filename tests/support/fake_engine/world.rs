//! The state of the fake engine, and its changes.

use super::container::{FakeContainer, now};
use crate::support::fake_server::Faults;
use axum::body::Bytes;
use deckwatch::model::Timestamp;
use serde_json::json;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard},
};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) world: Mutex<World>,
    pub(super) faults: Faults,
    /// While true, requests that change a container are held.
    pub(super) held: watch::Sender<bool>,
    pub(super) events: broadcast::Sender<SeenEvents>,
    /// Notified of every change that affects logs.
    pub(super) wrote: watch::Sender<()>,
}

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) containers: Vec<FakeContainer>,
    pub(super) requests: Vec<String>,
    /// Prefixes of requests that are denied as by a socket proxy.
    pub(super) forbidden: Vec<String>,
    /// The message of failures.
    pub(super) words: Option<String>,
    /// The message with which every action is refused.
    pub(super) action_refusal: Option<String>,
    pub(super) history: Vec<SeenEvents>,
    /// Whether changes cause no events.
    pub(super) is_mute: bool,
    pub(super) cut: CancellationToken,
    /// The numbers of lines after which followed logs are cut, one after the other.
    pub(super) log_cuts: HashMap<String, VecDeque<usize>>,
    /// How many times the open logs of a container were cut.
    pub(super) cut_logs: HashMap<String, usize>,
    /// How many times they stalled.
    pub(super) stuck_logs: HashMap<String, usize>,
}

/// An event that was sent.
#[derive(Clone, Debug)]
pub(super) struct SeenEvents {
    pub(super) at: Timestamp,
    pub(super) body: Bytes,
}

impl Shared {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    pub(super) fn emit(
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
        self.emit_bytes(format!("{body}\n").into_bytes());
    }

    /// Sends these bytes to all readers of events, and to later requests for past events.
    pub(super) fn emit_bytes(&self, bytes: Vec<u8>) {
        let reported = SeenEvents {
            at: now(),
            body: bytes.into(),
        };
        self.world().history.push(reported.clone());
        let _ = self.events.send(reported);
    }

    pub(super) fn emit_for(&self, container: &FakeContainer, action: &str, more: &[(&str, &str)]) {
        // The engine includes a container's labels in the attributes.
        let labels = container
            .labels
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let more: Vec<_> = labels.chain(more.iter().copied()).collect();
        self.emit("container", action, &container.id, &container.name, &more);
    }

    /// Changes the container with this name or id; returns the result if it exists.
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
        self.emit_for(&stopped, "kill", &[("signal", signal)]);
        self.emit_for(&stopped, "die", &[("exitCode", &exit_code.to_string())]);
        Some(stopped)
    }

    pub(super) fn start(&self, name: &str) -> Option<FakeContainer> {
        let started = self.change(name, |c| {
            c.state = "running".to_owned();
            c.exit_code = 0;
            c.started = now();
        })?;
        self.emit_for(&started, "start", &[]);
        Some(started)
    }

    pub(super) fn remove(&self, name: &str) -> Option<FakeContainer> {
        let mut world = self.world();
        let at = world.containers.iter().position(|c| c.is(name))?;
        let removed = world.containers.remove(at);
        drop(world);
        self.wrote.send_replace(());
        self.emit_for(&removed, "destroy", &[]);
        Some(removed)
    }
}

impl FakeContainer {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name || self.id == name || (name.len() >= 12 && self.id.starts_with(name))
    }
}
