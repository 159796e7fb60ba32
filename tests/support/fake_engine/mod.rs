//! A Docker engine that consists of its socket, and that tests control.
//!
//! It implements as much of the Engine API as a client of 1.41 and later needs to list, watch and control
//! containers. Changes of state are sent on `/events` as by the real engine.

mod api;
mod container;
mod logs;
mod world;

pub(crate) use container::{FakeContainer, Figures, Line, LogFault, id_of};

use crate::support::fake_server::{Faults, Listener, Mood, Raw};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::sync::{broadcast, watch};
use world::Shared;

/// A Docker engine that tests control.
#[derive(Debug)]
pub(crate) struct FakeEngine {
    shared: Arc<Shared>,
    listener: Listener,
}

impl FakeEngine {
    /// An engine on a socket of its own, without containers.
    pub(crate) fn start() -> Self {
        Self::listening(Listener::unix())
    }

    /// The same behind TCP, as a remote engine: its stats come only from the API.
    pub(crate) fn start_elsewhere() -> Self {
        Self::listening(Listener::tcp())
    }

    fn listening(listener: Listener) -> Self {
        let shared = Arc::new(Shared {
            world: Mutex::default(),
            faults: Faults::default(),
            held: watch::Sender::default(),
            events: broadcast::Sender::new(8_192),
            wrote: watch::Sender::default(),
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

    /// Its address, as in `DOCKER_HOST`.
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
        self.shared.emit_for(&created, "create", &[]);
        self.shared.emit_for(&created, "start", &[]);
    }

    /// Creates a container with the label that hides it, without an event.
    pub(crate) fn hide_next(&self, name: &str) {
        let hidden = FakeContainer::running(name).label("deckwatch.hide", "true");
        self.shared.world().containers.push(hidden);
    }

    pub(crate) fn stop_container(&self, name: &str) {
        let stopped = self.shared.stop(name, "15", 0).unwrap();
        self.shared.emit_for(&stopped, "stop", &[]);
    }

    pub(crate) fn start_container(&self, name: &str) {
        self.shared.start(name).unwrap();
    }

    pub(crate) fn remove_container(&self, name: &str) {
        self.shared.remove(name).unwrap();
    }

    /// Changes a container without an event.
    pub(crate) fn change_silently(&self, name: &str, change: impl FnOnce(&mut FakeContainer)) {
        self.shared.change(name, change).unwrap();
    }

    /// Removes a container without an event.
    pub(crate) fn lose(&self, name: &str) {
        self.shared.world().containers.retain(|c| !c.is(name));
    }

    /// Replaces parts of a container's stats; `null` deletes.
    pub(crate) fn figures(&self, name: &str, patch: Value) {
        self.change_silently(name, |c| c.figures = Figures::Patched(patch));
    }

    /// Answers requests for a container's stats with this text.
    pub(crate) fn figures_as_text(&self, name: &str, text: &str) {
        self.change_silently(name, |c| c.figures = Figures::Text(text.to_owned()));
    }

    /// Writes a line to a container's log. No two have the same time, as with the real engine's
    /// nanoseconds.
    pub(crate) fn write_line(&self, name: &str, text: &str) {
        self.write_lines(name, [text.as_bytes().to_vec()]);
    }

    /// Writes lines to a container's log at once, three per time.
    pub(crate) fn write_lines(&self, name: &str, texts: impl IntoIterator<Item = Vec<u8>>) {
        self.change_silently(name, |c| c.write(texts));
        self.shared.wrote.send_replace(());
    }

    /// Writes text without a line end: the last line of a run, or the first 16 KiB of a line.
    pub(crate) fn write_words(&self, name: &str, text: &str) {
        self.change_silently(name, |c| c.write_words(text, false, false));
        self.shared.wrote.send_replace(());
    }

    /// Writes the rest of an incomplete line.
    pub(crate) fn write_rest(&self, name: &str, text: &str) {
        self.change_silently(name, |c| c.write_words(text, true, true));
        self.shared.wrote.send_replace(());
    }

    /// Cuts every open log of a container.
    pub(crate) fn cut_logs(&self, name: &str) {
        *self.shared.world().cut_logs.entry(id_of(name)).or_default() += 1;
        self.shared.wrote.send_replace(());
    }

    /// Stalls every open log of a container.
    pub(crate) fn stick_logs(&self, name: &str) {
        *self
            .shared
            .world()
            .stuck_logs
            .entry(id_of(name))
            .or_default() += 1;
    }

    /// Sets the fault of a container's log from now on.
    pub(crate) fn log_fault(&self, name: &str, fault: Option<LogFault>) {
        self.change_silently(name, |c| c.log_fault = fault);
    }

    /// Discards all but the last `keep` lines of a container's log.
    pub(crate) fn rotate(&self, name: &str, keep: usize) {
        self.change_silently(name, |c| {
            let lost = c.lines.len().saturating_sub(keep);
            c.lines.drain(..lost);
            c.dropped += lost;
        });
    }

    /// Cuts a container's log after each of these numbers of lines, whenever it is followed.
    pub(crate) fn cut_logs_after(&self, name: &str, lines: impl IntoIterator<Item = usize>) {
        let mut world = self.shared.world();
        world
            .log_cuts
            .insert(id_of(name), lines.into_iter().collect());
    }

    /// Sends events of `n` pulled images, which change no container.
    pub(crate) fn emit_events(&self, n: u32) {
        for n in 0..n {
            let image = format!("image-{n}");
            self.shared.emit("image", "pull", &image, &image, &[]);
        }
    }

    /// Sends these bytes on `/events`; a line ends with `\n`.
    pub(crate) fn emit_bytes(&self, bytes: impl Into<Vec<u8>>) {
        self.shared.emit_bytes(bytes.into());
    }

    /// Sets what `route`, such as `GET /containers/json`, answers from now on. The longest matching route
    /// applies; one that ends with `$` matches only the complete request.
    pub(crate) fn answer(&self, route: &str, raw: Raw) {
        self.shared.faults.answer(route, raw);
    }

    /// The same for the inspection of the container called `name`.
    pub(crate) fn answer_inspection(&self, name: &str, raw: Raw) {
        self.answer(&inspection_of(name), raw);
    }

    /// `route` answers correctly again.
    pub(crate) fn answer_correctly(&self, route: &str) {
        self.shared.faults.answer_correctly(route);
    }

    /// Bytes sent of the endless response of which most was sent.
    pub(crate) fn most_sent(&self) -> usize {
        self.shared.faults.most_sent()
    }

    /// Sends no events from now on.
    pub(crate) fn mute_events(&self) {
        self.shared.world().is_mute = true;
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
        self.shared.faults.set_mood(Mood::Hanging);
    }

    pub(crate) fn answer_garbage(&self) {
        self.shared.faults.set_mood(Mood::Garbage);
        self.cut_events();
    }

    pub(crate) fn half_json(&self) {
        self.shared.faults.set_mood(Mood::HalfJson);
        self.cut_events();
    }

    pub(crate) fn fail_with(&self, status: u16) {
        self.shared.faults.set_mood(Mood::Failing(status));
        self.cut_events();
    }

    pub(crate) fn fail_with_words(&self, status: u16, words: &str) {
        self.shared.world().words = Some(words.to_owned());
        self.fail_with(status);
    }

    /// Denies requests that begin with `prefix`, such as `GET /events` or `POST /containers/{id}/stop`, as
    /// HAProxy in front of an engine does.
    pub(crate) fn forbid(&self, prefix: &str) {
        self.shared.world().forbidden.push(prefix.to_owned());
        self.cut_events();
    }

    /// Allows all requests again.
    pub(crate) fn allow_all(&self) {
        self.shared.world().forbidden.clear();
    }

    /// Ends all faults, and listens.
    pub(crate) fn recover(&self) {
        self.shared.faults.end();
        self.listener.open(&self.shared);
    }

    /// Restarts with these containers only.
    pub(crate) fn restart_with(&self, containers: Vec<FakeContainer>) {
        self.refuse();
        self.shared.world().containers = containers;
        self.shared.world().history.clear();
        self.recover();
    }

    /// Refuses every action with this message; everything else works.
    pub(crate) fn refuse_actions(&self, words: &str) {
        self.shared.world().action_refusal = Some(words.to_owned());
    }

    /// Holds requests that change a container.
    pub(crate) fn hold_actions(&self) {
        self.shared.held.send_replace(true);
    }

    /// Releases them.
    pub(crate) fn release_actions(&self) {
        self.shared.held.send_replace(false);
    }

    /// All requests so far, such as `GET /containers/json?all=true`, without the API version.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.world().requests.clone()
    }

    /// Number of requests that begin with `prefix`.
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

/// The route of a container's inspection.
pub(crate) fn inspection_of(name: &str) -> String {
    format!("GET /containers/{}/json", id_of(name))
}
