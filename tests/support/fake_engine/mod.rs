//! A Docker engine that exists only on its socket, and does what a test tells it to.
//!
//! It speaks as much of the Engine API as a client of 1.41 and later needs to list, watch and
//! control containers. A change of state is told on `/events` as the real engine tells it.

mod api;
mod container;
mod listener;

pub(crate) use container::{FakeContainer, Figures, Line, id_of};

use container::now;
use deckwatch::model::Timestamp;
use listener::Listener;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

/// A Docker engine that does what a test tells it to.
#[derive(Debug)]
pub(crate) struct FakeEngine {
    shared: Arc<Shared>,
    listener: Listener,
}

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
    world: Mutex<World>,
    mood: watch::Sender<Mood>,
    /// Requests that change a container wait while this is true.
    held: watch::Sender<bool>,
    events: broadcast::Sender<Told>,
    lines: broadcast::Sender<(String, Option<Line>)>,
}

#[derive(Debug, Default)]
struct World {
    containers: Vec<FakeContainer>,
    requests: Vec<String>,
    history: Vec<Told>,
    cut: CancellationToken,
}

/// An event that was told.
#[derive(Clone, Debug)]
struct Told {
    at: Timestamp,
    body: String,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn tell(&self, kind: &str, action: &str, id: &str, name: &str, more: &[(&str, &str)]) {
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
        let told = Told {
            at,
            body: body.to_string(),
        };
        self.world().history.push(told.clone());
        let _ = self.events.send(told);
    }

    fn tell_of(&self, container: &FakeContainer, action: &str, more: &[(&str, &str)]) {
        self.tell("container", action, &container.id, &container.name, more);
    }

    /// Changes the container called (or identified by) `name`; its new self, when there is one.
    fn change(&self, name: &str, change: impl FnOnce(&mut FakeContainer)) -> Option<FakeContainer> {
        let mut world = self.world();
        let found = world.containers.iter_mut().find(|c| c.is(name))?;
        change(found);
        Some(found.clone())
    }

    fn stop(&self, name: &str, signal: &str, exit_code: i64) -> Option<FakeContainer> {
        let stopped = self.change(name, |c| {
            c.state = "exited".to_owned();
            c.exit_code = exit_code;
            c.finished = now();
        })?;
        let _ = self.lines.send((stopped.id.clone(), None));
        self.tell_of(&stopped, "kill", &[("signal", signal)]);
        self.tell_of(&stopped, "die", &[("exitCode", &exit_code.to_string())]);
        Some(stopped)
    }

    fn start(&self, name: &str) -> Option<FakeContainer> {
        let started = self.change(name, |c| {
            c.state = "running".to_owned();
            c.exit_code = 0;
            c.started = now();
        })?;
        self.tell_of(&started, "start", &[]);
        Some(started)
    }

    fn remove(&self, name: &str) -> Option<FakeContainer> {
        let mut world = self.world();
        let at = world.containers.iter().position(|c| c.is(name))?;
        let removed = world.containers.remove(at);
        drop(world);
        self.tell_of(&removed, "destroy", &[]);
        Some(removed)
    }
}

impl FakeContainer {
    fn is(&self, name: &str) -> bool {
        self.name == name || self.id == name || (name.len() >= 12 && self.id.starts_with(name))
    }
}

impl FakeEngine {
    /// An engine on a socket of its own, without containers.
    pub(crate) fn start() -> Self {
        Self::listening(Listener::unix())
    }

    /// The same behind TCP, as an engine elsewhere: only its API tells figures.
    pub(crate) fn start_elsewhere() -> Self {
        Self::listening(Listener::tcp())
    }

    fn listening(listener: Listener) -> Self {
        let shared = Arc::new(Shared {
            world: Mutex::default(),
            mood: watch::Sender::default(),
            held: watch::Sender::default(),
            events: broadcast::Sender::new(8_192),
            lines: broadcast::Sender::new(8_192),
        });
        listener.open(&shared);
        Self { shared, listener }
    }

    /// With running containers `web-1` to `web-n`.
    pub(crate) fn with_containers(self, n: usize) -> Self {
        (1..=n).fold(self, |engine, n| {
            engine.with(FakeContainer::running(&format!("web-{n}")))
        })
    }

    /// With this container.
    pub(crate) fn with(self, container: FakeContainer) -> Self {
        self.shared.world().containers.push(container);
        self
    }

    /// What `DOCKER_HOST` says.
    pub(crate) fn address(&self) -> String {
        self.listener.address()
    }

    /// The id of the container called `name`.
    pub(crate) fn id(&self, name: &str) -> String {
        id_of(name)
    }

    pub(crate) fn create_container(&self, name: &str) {
        let created = FakeContainer::running(name);
        self.shared.world().containers.push(created.clone());
        self.shared.tell_of(&created, "create", &[]);
        self.shared.tell_of(&created, "start", &[]);
    }

    pub(crate) fn stop_container(&self, name: &str) {
        let stopped = self.shared.stop(name, "15", 0).unwrap();
        self.shared.tell_of(&stopped, "stop", &[]);
    }

    pub(crate) fn start_container(&self, name: &str) {
        self.shared.start(name).unwrap();
    }

    pub(crate) fn remove_container(&self, name: &str) {
        self.shared.remove(name).unwrap();
    }

    /// Changes a container without a word on `/events`.
    pub(crate) fn change_silently(&self, name: &str, change: impl FnOnce(&mut FakeContainer)) {
        self.shared.change(name, change).unwrap();
    }

    /// Loses a container without a word on `/events`.
    pub(crate) fn lose(&self, name: &str) {
        self.shared.world().containers.retain(|c| !c.is(name));
    }

    /// Replaces parts of a container's figures; `null` deletes.
    pub(crate) fn figures(&self, name: &str, patch: Value) {
        self.change_silently(name, |c| c.figures = Figures::Patched(patch));
    }

    /// Answers this text for a container's figures.
    pub(crate) fn figures_as_text(&self, name: &str, text: &str) {
        self.change_silently(name, |c| c.figures = Figures::Text(text.to_owned()));
    }

    /// A container writes a line.
    pub(crate) fn write_line(&self, name: &str, text: &str) {
        let line = Line {
            at: now(),
            stderr: false,
            text: text.to_owned(),
        };
        let wrote = self
            .shared
            .change(name, |c| c.lines.push(line.clone()))
            .unwrap();
        let _ = self.shared.lines.send((wrote.id, Some(line)));
    }

    /// `n` pulled images, which change no container.
    pub(crate) fn emit_events(&self, n: u32) {
        for n in 0..n {
            let image = format!("image-{n}");
            self.shared.tell("image", "pull", &image, &image, &[]);
        }
    }

    /// Ends every open event stream.
    pub(crate) fn cut_events(&self) {
        std::mem::take(&mut self.shared.world().cut).cancel();
    }

    /// Stops listening and drops every connection.
    pub(crate) fn refuse(&self) {
        self.listener.close();
    }

    pub(crate) fn hang(&self) {
        self.shared.mood.send_replace(Mood::Hanging);
    }

    pub(crate) fn answer_garbage(&self) {
        self.shared.mood.send_replace(Mood::Garbage);
        self.cut_events();
    }

    pub(crate) fn half_json(&self) {
        self.shared.mood.send_replace(Mood::HalfJson);
        self.cut_events();
    }

    pub(crate) fn fail_with(&self, status: u16) {
        self.shared.mood.send_replace(Mood::Failing(status));
        self.cut_events();
    }

    /// Is well again, and listens.
    pub(crate) fn recover(&self) {
        self.shared.mood.send_replace(Mood::Well);
        self.listener.open(&self.shared);
    }

    /// Ends, and comes back with these containers only.
    pub(crate) fn restart_with(&self, containers: Vec<FakeContainer>) {
        self.refuse();
        self.shared.world().containers = containers;
        self.shared.world().history.clear();
        self.recover();
    }

    /// Lets requests that change a container wait.
    pub(crate) fn hold_actions(&self) {
        self.shared.held.send_replace(true);
    }

    /// Lets them go on.
    pub(crate) fn release_actions(&self) {
        self.shared.held.send_replace(false);
    }

    /// Every request so far, as `GET /containers/json?all=true`, without the API's version.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.world().requests.clone()
    }

    /// How many requests begin with `prefix`.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        self.requests()
            .iter()
            .filter(|r| r.starts_with(prefix))
            .count()
    }

    /// Names and states of the containers, by name.
    pub(crate) fn truth(&self) -> Vec<(String, String)> {
        let world = self.shared.world();
        let mut truth: Vec<_> = world
            .containers
            .iter()
            .map(|c| (c.name.clone(), c.state.clone()))
            .collect();
        truth.sort();
        truth
    }
}
