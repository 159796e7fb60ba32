//! One connection to the engine, from its first ping to its loss.

use super::{
    DockerSource,
    connect::{self, Connection},
    event,
    inventory::{self, Fetched, Inventory, Scope},
    stats,
};
use crate::{
    model::{ContainerId, Event, HostId, SourceState, Timestamp},
    server::{backoff::Backoff, clock, source::Observation},
};
use bollard::{Docker, errors::Error, models::EventMessage, query_parameters::EventsOptions};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::BoxStream};
use std::{collections::VecDeque, convert::Infallible, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

/// Between pings; with their timeout and two strikes a hung engine is noticed within ten seconds.
const PING_INTERVAL: Duration = Duration::from_secs(3);
/// What a ping may take.
const PING_TIMEOUT: Duration = Duration::from_secs(3);
/// Events of one container come in bursts (kill, die, stop): looking once after the burst is
/// enough, and this is well below what an eye can tell.
const COALESCE: Duration = Duration::from_millis(20);
/// As many as an engine remembers, and so can repeat.
const REMEMBERED_EVENTS: usize = 256;
/// Between two warnings about events that cannot be read.
const WARN_INTERVAL: Duration = Duration::from_secs(60);

type Events = BoxStream<'static, Result<EventMessage, Error>>;
type Fetching = BoxFuture<'static, Result<Fetched, Error>>;

/// Which events were told, over all sessions with an engine: what happens while the engine cannot be
/// reached is told afterwards, as far as the engine remembers it.
#[derive(Debug)]
pub(super) struct Told {
    /// Engine time of the newest event, from which a reopened stream goes on.
    until: Timestamp,
    /// The newest events: a reopened stream begins with some of them again.
    events: VecDeque<Event>,
}

/// What is going on in a session.
struct Session<'a> {
    calls: Docker,
    streams: Docker,
    inventory: Inventory,
    /// What has to be looked at, and from when on.
    wanted: Option<(Scope, Instant)>,
    fetching: Option<Fetching>,
    events: Events,
    told: &'a mut Told,
    failures: Backoff,
    warned: Option<Instant>,
}

impl DockerSource {
    /// Observes the engine until it is lost and says why it was.
    pub(super) async fn session(&mut self, backoff: &mut Backoff, told: &mut Told) -> Error {
        match self.observe_engine(backoff, told).await {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    async fn observe_engine(
        &mut self,
        backoff: &mut Backoff,
        told: &mut Told,
    ) -> Result<Infallible, Error> {
        let Connection {
            transport,
            calls,
            streams,
            socket,
        } = connect::connect(&self.endpoint)?;
        ping(&calls).await?;
        let calls = calls.negotiate_version().await?;
        let streams = streams.negotiate_version().await?;
        let version = version(&calls).await?;
        self.engine.connect(Connection {
            transport,
            calls: calls.clone(),
            streams: streams.clone(),
            socket,
        });

        // The event stream is opened before the list is asked for, so that nothing falls between.
        let mut session = Session::new(calls.clone(), streams, told);
        let mut ping_tick = ticks(PING_INTERVAL);
        let mut reconcile = ticks(self.intervals.reconcile);
        let (sampling, targets) = stats::sampling(
            calls.clone(),
            self.endpoint.is_local(),
            self.observer.clone(),
            self.demand.clone(),
            self.intervals,
        );
        let mut sampling = sampling.boxed();
        let mut pinging: Option<BoxFuture<'static, Result<(), Error>>> = None;
        let mut strikes = 0;
        loop {
            tokio::select! {
                event = session.events.next() => {
                    for news in session.on_event(event, self.observer.host()) {
                        self.observer.observe(news).await;
                    }
                }
                fetched = pending(&mut session.fetching) => {
                    session.fetching = None;
                    for observation in session.inventory.apply(fetched?) {
                        self.observer.observe(observation).await;
                    }
                    targets.send_replace(stats::targets(&session.inventory));
                    backoff.reset();
                    self.report(SourceState::Live, None, Some(version.clone())).await;
                }
                () = due(session.wanted.as_ref()), if session.fetching.is_none() => session.fetch(self.own),
                _ = reconcile.tick() => session.want(Scope::All, Duration::ZERO),
                Some(id) = self.nudges.recv() => session.want(Scope::Only([id].into()), Duration::ZERO),
                _ = ping_tick.tick(), if pinging.is_none() => {
                    let docker = calls.clone();
                    pinging = Some(async move { ping(&docker).await }.boxed());
                }
                result = pending(&mut pinging) => {
                    pinging = None;
                    match result {
                        Ok(()) if strikes > 0 => {
                            strikes = 0;
                            session.want(Scope::All, Duration::ZERO);
                        }
                        Ok(()) => {}
                        Err(error) if strikes > 0 => return Err(error),
                        Err(_) => {
                            strikes += 1;
                            // Again at once: the first strike has already taken its time.
                            ping_tick.reset_immediately();
                            let late = Some("The engine is slow to answer.".to_owned());
                            self.report(SourceState::Late, late, Some(version.clone())).await;
                        }
                    }
                }
                never = &mut sampling => match never {},
            }
        }
    }
}

impl Told {
    /// Nothing yet: what happened before now is not told.
    pub(super) fn new() -> Self {
        Self {
            until: clock::now(),
            events: VecDeque::new(),
        }
    }

    /// Whether `event` is news; if so it is remembered.
    fn is_new(&mut self, event: &Event) -> bool {
        if self.events.contains(event) {
            return false;
        }
        self.until = self.until.max(event.timestamp);
        self.events.push_back(event.clone());
        if self.events.len() > REMEMBERED_EVENTS {
            self.events.pop_front();
        }
        true
    }
}

impl<'a> Session<'a> {
    fn new(calls: Docker, streams: Docker, told: &'a mut Told) -> Self {
        Self {
            events: events_after(streams.clone(), told.until, Duration::ZERO),
            calls,
            streams,
            inventory: Inventory::default(),
            wanted: None,
            fetching: None,
            told,
            failures: Backoff::default(),
            warned: None,
        }
    }

    /// Takes an event in, and returns what it tells.
    fn on_event(
        &mut self,
        event: Option<Result<EventMessage, Error>>,
        host: &HostId,
    ) -> Vec<Observation> {
        let message = match event {
            Some(Ok(message)) => message,
            Some(Err(error)) => {
                self.on_lost_events(&error.to_string());
                return Vec::new();
            }
            None => {
                self.on_lost_events("the event stream ended");
                return Vec::new();
            }
        };
        self.failures.reset();
        let inventory = &self.inventory;
        let meaning = event::meaning(message, host, |id| inventory.health(id));
        if let Some(id) = meaning.changed {
            self.want(Scope::Only([id].into()), COALESCE);
        }
        let Some(event) = meaning.news.filter(|event| self.told.is_new(event)) else {
            return Vec::new();
        };
        // An answer that is under way may be older than the event, and would undo it.
        let change = match &self.fetching {
            None => self.inventory.heed(&event),
            Some(_) => None,
        };
        change
            .into_iter()
            .chain([Observation::Event(event)])
            .collect()
    }

    /// Opens the stream again, a little later, and looks at everything: what happened meanwhile
    /// may be more than the engine remembers.
    fn on_lost_events(&mut self, why: &str) {
        if self.warned.is_none_or(|at| at.elapsed() >= WARN_INTERVAL) {
            self.warned = Some(Instant::now());
            tracing::warn!(why, "lost the engine's events, reopening the stream");
        }
        let delay = self.failures.next(fastrand::f64());
        self.events = events_after(self.streams.clone(), self.told.until, delay);
        self.want(Scope::All, delay);
    }

    /// Looks at `scope`, `delay` from now or earlier when something else is due then.
    fn want(&mut self, scope: Scope, delay: Duration) {
        let due = Instant::now() + delay;
        self.wanted = Some(match self.wanted.take() {
            None => (scope, due),
            Some((before, earlier)) => (before.and(scope), earlier.min(due)),
        });
    }

    fn fetch(&mut self, own: Option<ContainerId>) {
        if let Some((scope, _)) = self.wanted.take() {
            let mut known = self.inventory.digests();
            if let Scope::Only(ids) = &scope {
                known.retain(|id, _| !ids.contains(id));
            }
            self.fetching = Some(inventory::fetch(self.calls.clone(), scope, known, own).boxed());
        }
    }
}

/// The engine's events from `since` on, asked for after `delay`.
fn events_after(docker: Docker, since: Timestamp, delay: Duration) -> Events {
    let options = EventsOptions {
        since: Some((since.as_millis() / 1_000).to_string()),
        ..EventsOptions::default()
    };
    let wait = futures::stream::once(tokio::time::sleep(delay));
    wait.flat_map(move |()| docker.events(Some(options.clone())).boxed())
        .boxed()
}

async fn ping(docker: &Docker) -> Result<(), Error> {
    let ping = timeout(PING_TIMEOUT, docker.ping()).await;
    ping.unwrap_or(Err(Error::RequestTimeoutError)).map(drop)
}

/// What answers, e.g. `Docker 27.3.1` or `Podman 5.2.0`.
async fn version(docker: &Docker) -> Result<String, Error> {
    let version = timeout(connect::CALL_TIMEOUT, docker.version()).await;
    let version = version.unwrap_or(Err(Error::RequestTimeoutError))?;
    let components = version.components.unwrap_or_default();
    let is_podman = components
        .iter()
        .any(|component| component.name.starts_with("Podman"));
    let name = if is_podman { "Podman" } else { "Docker" };
    Ok(format!("{name} {}", version.version.unwrap_or_default())
        .trim_end()
        .to_owned())
}

/// A timer that does not catch up after a pause.
fn ticks(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The result of `task`; never, while there is none.
async fn pending<T>(task: &mut Option<BoxFuture<'static, T>>) -> T {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

/// The time to look; never, while nothing is wanted.
async fn due(wanted: Option<&(Scope, Instant)>) {
    match wanted {
        Some((_, at)) => sleep_until(*at).await,
        None => std::future::pending().await,
    }
}
