//! A Docker or Podman engine as a source: a task that connects, observes containers, stats and events, and
//! reconnects with backoff until shutdown.

mod access;
mod address;
mod api;
mod connect;
mod convert;
mod engine;
mod error;
mod event;
mod events;
#[cfg(test)]
mod fuzz;
mod inspections;
mod inventory;
mod json;
mod listing;
mod liveness;
mod logs;
mod own;
mod refusal;
mod seen_events;
mod session;
mod ssh;
mod stats;
mod tls;
mod transport;

pub use address::{Address, NotAnAddress, SshAddress, TcpAddress};
pub use connect::{Endpoint, default_sockets};

use super::{Engine, Observer, Status};
use crate::{
    model::{ContainerId, Machine, SourceKind, SourceState},
    server::{backoff::Backoff, health::Heartbeat, instruments::EngineRequests, shutdown::words},
};
use api::ReadError;
use engine::DockerEngine;
use futures::FutureExt;
use seen_events::SeenEvents;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Containers waiting to be listed after an action; if there are more, a full list follows anyway.
const REFRESH_BACKLOG: usize = 64;

/// The longest pause after a timeout, which was a pause already: with [`api::QUICK_TIMEOUT`] it adds up to
/// the five seconds within which a recovered engine must be detected.
const PAUSE_AFTER_TIMEOUT: Duration = Duration::from_secs(2);

/// Intervals of periodic reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// Between samples of container stats while a client watches them.
    pub stats_watched: Duration,
    /// The same while no client watches them.
    pub stats_idle: Duration,
    /// Between full lists, in addition to the event stream.
    pub reconcile: Duration,
}

/// A Docker or Podman engine as a source.
#[derive(Debug)]
pub struct DockerSource {
    endpoint: Endpoint,
    observer: Observer,
    demand: watch::Receiver<bool>,
    intervals: Intervals,
    engine: Arc<DockerEngine>,
    refreshes: mpsc::Receiver<ContainerId>,
    own: Option<ContainerId>,
    /// Records the durations of requests, if set.
    requests: Option<EngineRequests>,
}

impl DockerSource {
    /// A source for the engine at `endpoint`. `demand` is whether any client watches container stats.
    pub fn new(
        endpoint: Endpoint,
        observer: Observer,
        demand: watch::Receiver<bool>,
        intervals: Intervals,
    ) -> Self {
        let (refresh, refreshes) = mpsc::channel(REFRESH_BACKLOG);
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let engine = DockerEngine::new(refresh, observer.redactor().clone());
        Self {
            endpoint,
            observer,
            demand,
            intervals,
            engine: Arc::new(engine),
            refreshes,
            own: own::own_container(
                &read("/proc/self/cgroup"),
                &read("/proc/self/mountinfo"),
                read("/proc/sys/kernel/hostname").trim(),
            ),
            requests: None,
        }
    }

    /// Records the durations of its requests in `requests`.
    #[must_use]
    pub fn timed_by(mut self, requests: EngineRequests) -> Self {
        self.requests = Some(requests);
        self
    }

    /// The engine, for requests about single containers; it outlives single connections.
    pub fn engine(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.engine) as Arc<dyn Engine>
    }

    /// Observes the engine until `shutdown`; reconnects without end.
    pub async fn run(mut self, mut heartbeat: Heartbeat, shutdown: CancellationToken) {
        let (mut backoff, mut seen_events) = (Backoff::default(), SeenEvents::new());
        loop {
            // A panic ends only the session; the next one starts from scratch.
            let session = self.session(&mut backoff, &mut seen_events, &mut heartbeat);
            let session = AssertUnwindSafe(session).catch_unwind();
            let ended = tokio::select! {
                () = shutdown.cancelled() => return,
                ended = session => ended.unwrap_or_else(|panic| {
                    tracing::error!("the reading of an engine broke down: {}", words(&*panic));
                    ReadError::Broken
                }),
            };
            heartbeat.beat();
            self.engine.disconnect();
            let setting = if self.observer.host().is_local() {
                "DOCKER_HOST"
            } else {
                "the docker address of this host"
            };
            let message = ended.advice(&self.endpoint.address().to_string(), setting);
            tracing::debug!(error = %ended, "lost the engine");
            let status = self.status(SourceState::Down, Some(message), None, None);
            self.observer.observe(self.observer.status(status)).await;
            let mut pause = backoff.next(fastrand::f64());
            if ended.is_timeout() {
                pause = pause.min(PAUSE_AFTER_TIMEOUT);
            }
            let mut pause = std::pin::pin!(tokio::time::sleep(pause));
            loop {
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    () = heartbeat.due() => {}
                    () = pause.as_mut() => break,
                }
            }
        }
    }

    fn status(
        &self,
        state: SourceState,
        message: Option<String>,
        version: Option<String>,
        machine: Option<Machine>,
    ) -> Status {
        Status {
            source: SourceKind::Docker,
            state,
            message,
            endpoint: Some(self.endpoint.address().to_string()),
            version,
            machine,
        }
    }
}
