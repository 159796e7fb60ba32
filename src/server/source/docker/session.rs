//! One session with the engine, from its first ping to its loss.
//!
//! Events, lists, inspections and stats are requested concurrently; none waits for another. All results
//! pass through the [`Inventory`], which discards outdated ones.

use super::{
    super::counters::Target,
    DockerSource,
    access::EVENTS,
    api::{Api, ReadError},
    event::Message,
    events::{Events, Received},
    inspections::{Inspected, Inspections},
    inventory::{Inventory, changed},
    listing::{Answer, COALESCE, Listing},
    liveness::{Failures, Probe, RETRY},
    seen_events::SeenEvents,
    stats,
    transport::Transport,
};
use crate::{
    model::{ContainerId, ContainersDelta, Machine, SourceState, Update},
    server::{backoff::Backoff, health::Heartbeat, source::Observer},
};
use bollard::errors::Error;
use futures::FutureExt;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};

/// Podman 4 reports a health event before the result of the check is stored, and lists the old one until
/// then.
const HEALTH_DELAY: Duration = Duration::from_millis(500);
/// Number of full-list intervals after which the last list is too old to count as current.
const STALE_INTERVALS: u32 = 5;
/// Shortest time between two warnings about unreadable events.
const WARN_INTERVAL: Duration = Duration::from_secs(60);

/// The state of a session.
struct Session<'a> {
    inventory: Inventory,
    listing: Listing,
    inspections: Inspections,
    events: Events,
    probe: Probe,
    failures: Failures,
    seen_events: &'a mut SeenEvents,
    warned: Option<Instant>,
    observer: Observer,
    targets: watch::Sender<Vec<Target>>,
    transport: Transport,
    /// Interval of full lists.
    reconcile: Duration,
    /// When the last list was received.
    listed_at: Instant,
}

impl DockerSource {
    /// Observes the engine until it is lost; returns the reason.
    pub(super) async fn session(
        &mut self,
        backoff: &mut Backoff,
        seen_events: &mut SeenEvents,
        heartbeat: &mut Heartbeat,
    ) -> ReadError {
        match self.observe_engine(backoff, seen_events, heartbeat).await {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    async fn observe_engine(
        &mut self,
        backoff: &mut Backoff,
        seen_events: &mut SeenEvents,
        heartbeat: &mut Heartbeat,
    ) -> Result<Infallible, ReadError> {
        let transport = self.endpoint.transport().map_err(Error::from)?;
        let transport = transport.timed_by(self.requests.clone());
        tokio::select! {
            opened = transport.open() => opened.map_err(Error::from)?,
            never = keep_beating(heartbeat) => match never {},
        }
        let api = Api::negotiate(transport).await?;
        // An engine that answers no lists is of no use; a full list would take longer to find out.
        api.probe(None).await?;
        let version = api.version().await;
        let version = version.unwrap_or_else(|_| api.name().to_owned());
        self.engine.connect(self.endpoint.connection(api.clone())?);

        let (sampling, targets) = stats::sampling(
            api.clone(),
            self.endpoint.is_local(),
            self.observer.clone(),
            self.demand.clone(),
            self.intervals,
        );
        let mut sampling = sampling.boxed();
        let every = self.intervals.reconcile;
        let observer = self.observer.clone();
        let mut session =
            Session::new(api.clone(), self.own, seen_events, observer, targets, every);
        let mut reconcile = interval(self.intervals.reconcile);
        reconcile.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let described = api.clone();
        let mut machine = Box::pin(async move { described.machine().await.clone() }.fuse());
        let mut known = None;
        let mut reported = None;
        loop {
            let any = session.inventory.any();
            let updates = tokio::select! {
                received = session.events.next() => session.on_received(received),
                answer = session.listing.next() => match answer {
                    Some(answer) => session.on_list(answer)?,
                    None => Vec::new(),
                },
                inspected = session.inspections.next() => session.on_inspected(inspected),
                probed = session.probe.next(any) => session.on_probe(probed).map(|()| Vec::new())?,
                _ = reconcile.tick() => {
                    session.listing.request_all(Duration::ZERO);
                    continue;
                }
                Some(id) = self.refreshes.recv() => {
                    session.listing.request(id, Duration::ZERO);
                    continue;
                }
                described = &mut machine => {
                    known = Some(described).filter(|machine| *machine != Machine::default());
                    Vec::new()
                }
                () = heartbeat.due() => continue,
                never = &mut sampling => match never {},
            };
            for update in updates {
                self.observer.observe(update).await;
            }
            if !session.inventory.is_listed() {
                continue;
            }
            if !session.failures.any() {
                backoff.reset();
            }
            let (state, message) = session.source_state();
            let status = self.status(state, message, Some(version.clone()), known.clone());
            if reported.as_ref() != Some(&status) {
                reported = Some(status.clone());
                self.observer.observe(self.observer.status(status)).await;
            }
        }
    }
}

impl<'a> Session<'a> {
    fn new(
        api: Api,
        own: Option<ContainerId>,
        seen_events: &'a mut SeenEvents,
        observer: Observer,
        targets: watch::Sender<Vec<Target>>,
        reconcile: Duration,
    ) -> Self {
        Self {
            transport: api.transport().clone(),
            reconcile,
            inventory: Inventory::default(),
            listing: Listing::new(api.clone(), own, observer.redactor().clone()),
            inspections: Inspections::new(api.clone()),
            events: Events::after(api.clone(), seen_events.until),
            probe: Probe::new(api),
            failures: Failures::default(),
            seen_events,
            warned: None,
            observer,
            targets,
            listed_at: Instant::now(),
        }
    }

    /// The state of the source, and why it is not live or what it lacks.
    fn source_state(&self) -> (SourceState, Option<String>) {
        let late = |message: &str| (SourceState::Late, Some(message.to_owned()));
        if self.listed_at.elapsed() > self.reconcile * STALE_INTERVALS {
            let message = "The engine answers, but has not listed its containers for a while.";
            return (SourceState::Stale, Some(message.to_owned()));
        }
        if self.failures.any() || self.listing.is_late(Instant::now()) {
            return late("The engine is slow to list its containers.");
        }
        let access = self.transport.access();
        if let Some(error) = self.events.failure().filter(|_| !access.forbids(EVENTS)) {
            return late(&format!(
                "The engine's events cannot be read, so that changes are seen late: {error}"
            ));
        }
        (SourceState::Live, access.missing(self.reconcile))
    }

    fn on_received(&mut self, received: Received) -> Vec<Update> {
        self.seen_events.until = self.seen_events.until.max(self.events.since());
        match received {
            Received::Event(message) => self.on_event(message),
            Received::Skipped(why) => {
                self.warn("skipped an event of the engine", why);
                Vec::new()
            }
            Received::Lost(pause) => {
                self.warn("lost the engine's events, reopening the stream", "");
                // The engine may not remember all events of the meantime.
                self.listing.request_all(pause);
                Vec::new()
            }
            Received::Stable => Vec::new(),
        }
    }

    fn on_event(&mut self, message: Message) -> Vec<Update> {
        let now = Instant::now();
        let container = message.container();
        if let Some(id) = container {
            if message.hides() {
                let delta = self.inventory.hide(id, now);
                return self.delta(delta).into_iter().collect();
            }
            if self.inventory.is_hidden(&id) {
                return Vec::new();
            }
            if message.health.is_some() {
                self.listing.request(id, HEALTH_DELAY);
            }
        }
        let known = container.and_then(|id| self.inventory.health(&id));
        let health = message.health;
        let redactor = self.observer.redactor();
        let meaning = message.meaning(&self.observer.host(), known, redactor);
        if let Some(id) = meaning.changed {
            self.inspections.retry_soon(&id);
            self.listing.request(id, COALESCE);
        }
        let Some(mut event) = meaning
            .published
            .filter(|event| self.seen_events.is_new(event))
        else {
            return Vec::new();
        };
        // Podman's events have no labels. Read now, because the event may remove the container.
        if let Some(known) = container.and_then(|id| self.inventory.subject(&id)) {
            event.subject = Some(known);
        }
        let delta = self.inventory.on_event(&event, health, now);
        let is_gone = !delta.removed.is_empty();
        if container.is_some_and(|id| !is_gone && !self.inventory.contains(&id)) {
            self.seen_events.hold(event, now);
            return Vec::new();
        }
        self.delta(delta)
            .into_iter()
            .chain([Update::Event(Arc::new(event))])
            .collect()
    }

    /// `delta` as an update; `None` if it is empty.
    fn delta(&self, delta: ContainersDelta) -> Option<Update> {
        (!delta.is_empty()).then(|| self.observer.changed(delta))
    }

    fn on_list(&mut self, answer: Answer) -> Result<Vec<Update>, ReadError> {
        let Answer {
            scope,
            requested_at,
            result,
        } = answer;
        let Some(list) = self.failures.on_list(&scope, result)? else {
            self.listing.retry(scope, RETRY);
            return Ok(Vec::new());
        };
        self.listed_at = Instant::now();
        let applied = self.inventory.on_list(&scope, list, requested_at);
        let inventory = &self.inventory;
        self.inspections.retain(|id| inventory.contains(id));
        for id in applied.inspect {
            if scope.is_all() {
                self.inspections.inspect_missing(id);
            } else {
                self.inspections.inspect_changed(id);
            }
        }
        self.update_targets();
        let released = self.seen_events.release(&scope, requested_at, inventory);
        let all = applied.all.map(|all| self.observer.containers(all));
        let released = released.into_iter().map(Arc::new).map(Update::Event);
        let lists = all.into_iter().chain(self.delta(applied.delta));
        Ok(lists.chain(released).collect())
    }

    fn on_inspected(&mut self, inspected: Vec<Inspected>) -> Vec<Update> {
        let mut containers = Vec::new();
        for Inspected {
            id,
            requested_at,
            result,
        } in inspected
        {
            match result {
                Ok(details) => {
                    containers.extend(self.inventory.on_inspected(&id, details, requested_at));
                }
                // A retry before the next full list would be forbidden, too.
                Err(error) if error.is_forbidden() => {}
                Err(error) => {
                    tracing::debug!(%id, %error, "cannot inspect the container");
                    // The list shows whether the container still exists, and in which state.
                    self.listing.request(id, RETRY);
                }
            }
        }
        self.update_targets();
        self.delta(changed(containers)).into_iter().collect()
    }

    fn on_probe(&mut self, probed: Result<(), ReadError>) -> Result<(), ReadError> {
        let was_failing = self.failures.any();
        let is_well = probed.is_ok();
        self.failures.on_probe(probed)?;
        if is_well && was_failing {
            // Requests sent while the engine did not answer may never be answered.
            self.listing.restart();
        }
        Ok(())
    }

    /// Sets the containers to sample, once their processes are known.
    fn update_targets(&self) {
        if self.inspections.is_idle() || self.inspections.has_failing() {
            self.targets.send_replace(stats::targets(&self.inventory));
        }
    }

    fn warn(&mut self, what: &str, why: &str) {
        if self.warned.is_none_or(|at| at.elapsed() >= WARN_INTERVAL) {
            self.warned = Some(Instant::now());
            tracing::warn!(why, "{what}");
        }
    }
}

/// Records heartbeats while a slow operation runs.
async fn keep_beating(heartbeat: &mut Heartbeat) -> Infallible {
    loop {
        heartbeat.due().await;
    }
}
