//! The collector: the only code that changes the server's state. It turns what sources see into
//! updates and publishes them.

use super::{
    clock,
    health::Heartbeat,
    hub::Hub,
    source::{Observation, Status},
};
use crate::model::{
    Container, Containers, ContainersDelta, HostId, SourceKind, SourceState, SourceStatus,
    Timestamp, Update, apply, diff,
};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Observations that are published together: a burst (a compose project starting) is one round
/// of the delivery, and still short enough to be computed in no time.
const BATCH: usize = 64;

/// Publishes what sources observe until `shutdown` is cancelled.
pub async fn run(
    hub: Hub,
    mut observations: mpsc::Receiver<(HostId, Observation)>,
    mut heartbeat: Heartbeat,
    shutdown: CancellationToken,
) {
    let mut collector = Collector::default();
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let received = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = heartbeat.due() => continue,
            received = observations.recv_many(&mut batch, BATCH) => received,
        };
        if received == 0 {
            // Every source has ended; new ones never come.
            return;
        }
        let now = clock::now();
        let updates = batch
            .drain(..)
            .filter_map(|(host, observation)| collector.observe(&host, observation, now))
            .collect();
        hub.publish(updates);
    }
}

/// What has been observed so far.
#[derive(Debug, Default)]
struct Collector {
    hosts: BTreeMap<HostId, Observed>,
}

#[derive(Debug, Default)]
struct Observed {
    /// Absent before the first whole list: "no containers" is not the same as "not known yet".
    containers: Option<Containers>,
    /// When its engine last told anything while it was live.
    last_seen: Option<Timestamp>,
    sources: BTreeMap<SourceKind, SourceStatus>,
}

impl Collector {
    /// What `observation` changes, if anything. A list in which nothing changed is no news: whether
    /// it can be trusted is what the state of its source says.
    fn observe(
        &mut self,
        host: &HostId,
        observation: Observation,
        now: Timestamp,
    ) -> Option<Update> {
        let observed = self.hosts.entry(host.clone()).or_default();
        observed.see(&observation, now);
        let host = host.clone();
        match observation {
            Observation::Containers(list) => observed.list(host, list, now),
            Observation::ContainersChanged(containers) => {
                let upserts = containers.into_iter().map(Arc::new).collect();
                observed.change(host, upserts, Vec::new(), now)
            }
            Observation::ContainerRemoved(id) => observed.change(host, Vec::new(), vec![id], now),
            Observation::Stats { at, stats } => Some(Update::Stats { host, at, stats }),
            Observation::Metrics { at, metrics } => Some(Update::Metrics { host, at, metrics }),
            Observation::Event(event) => Some(Update::Event(Arc::new(event))),
            Observation::Status(status) => observed.status(host, status, now),
        }
    }
}

impl Observed {
    /// Remembers when the engine was last known to be as it is shown. Once it is not live, nothing
    /// but its return counts: figures may still come from the kernel.
    fn see(&mut self, observation: &Observation, now: Timestamp) {
        let engine = [SourceKind::Docker, SourceKind::Demo];
        let is_live = match observation {
            Observation::Metrics { .. } => return,
            Observation::Status(status) if !engine.contains(&status.source) => return,
            Observation::Status(status) => status.state == SourceState::Live,
            _ => engine
                .iter()
                .filter_map(|kind| self.sources.get(kind))
                .any(|known| known.state == SourceState::Live),
        };
        if is_live {
            self.last_seen = Some(now);
        }
    }

    fn list(&mut self, host: HostId, list: Vec<Container>, at: Timestamp) -> Option<Update> {
        let new: Containers = list
            .into_iter()
            .map(|container| (container.id, Arc::new(container)))
            .collect();
        match &mut self.containers {
            None => {
                let containers = new.values().cloned().collect();
                self.containers = Some(new);
                Some(Update::Containers {
                    host,
                    at,
                    containers,
                })
            }
            Some(known) => {
                let delta = diff(known, &new);
                *known = new;
                news(host, at, delta)
            }
        }
    }

    fn change(
        &mut self,
        host: HostId,
        mut upserts: Vec<Arc<Container>>,
        mut removed: Vec<crate::model::ContainerId>,
        at: Timestamp,
    ) -> Option<Update> {
        // Before the first list a single change says nothing about the rest; the list follows.
        let known = self.containers.as_mut()?;
        upserts.retain(|container| known.get(&container.id) != Some(container));
        removed.retain(|id| known.contains_key(id));
        let delta = ContainersDelta { upserts, removed };
        apply(&delta, known);
        news(host, at, delta)
    }

    fn status(&mut self, host: HostId, status: Status, now: Timestamp) -> Option<Update> {
        let known = self.sources.get(&status.source);
        let since = known
            .filter(|known| known.state == status.state)
            .map_or(now, |known| known.since);
        let is_lost = status.source != SourceKind::System && status.state != SourceState::Live;
        let status = SourceStatus {
            host,
            source: status.source,
            state: status.state,
            since,
            last_seen: self.last_seen.filter(|_| is_lost),
            message: status.message,
            endpoint: status.endpoint,
            version: status.version,
            // What it was remains known while it is away.
            machine: status.machine.or_else(|| known?.machine.clone()),
        };
        if known == Some(&status) {
            return None;
        }
        if known.map(|known| known.state) != Some(status.state) {
            announce(&status);
        }
        self.sources.insert(status.source, status.clone());
        Some(Update::Source(status))
    }
}

/// Tells the operator that a source answers, or why not and what to do.
fn announce(status: &SourceStatus) {
    let (host, source) = (&status.host, status.source);
    let message = status.message.as_deref().unwrap_or_default();
    match status.state {
        SourceState::Live => {
            let version = status.version.as_deref().unwrap_or_default();
            tracing::info!(%host, ?source, version, "live");
        }
        state => tracing::warn!(%host, ?source, ?state, "{message}"),
    }
}

fn news(host: HostId, at: Timestamp, delta: ContainersDelta) -> Option<Update> {
    (!delta.is_empty()).then_some(Update::ContainersDelta { host, at, delta })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test has no shutdown")]
mod tests {
    use super::*;
    use crate::{
        model::{ContainerState, fixtures::container},
        protocol::Channel,
        server::health::Health,
    };

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn observe(
        collector: &mut Collector,
        observation: Observation,
        now: Timestamp,
    ) -> Option<Update> {
        collector.observe(&HostId::default(), observation, now)
    }

    #[test]
    fn only_what_changed_is_news() {
        let mut collector = Collector::default();
        let (web, mut db) = (container(1), container(2));
        let list = Observation::Containers(vec![web.clone(), db.clone()]);
        let first = observe(&mut collector, list.clone(), at(1)).unwrap();
        assert!(
            matches!(first, Update::Containers { containers, .. } if containers.len() == 2),
            "the first list is whole"
        );
        assert_eq!(observe(&mut collector, list, at(2)), None);

        db.state = ContainerState::Exited;
        let changed = Observation::ContainersChanged(vec![db.clone()]);
        let Some(Update::ContainersDelta { delta, .. }) =
            observe(&mut collector, changed.clone(), at(3))
        else {
            panic!("a change is a delta");
        };
        assert_eq!(delta.upserts, [Arc::new(db.clone())]);
        assert_eq!(observe(&mut collector, changed, at(4)), None);

        let Some(Update::ContainersDelta { delta, .. }) =
            observe(&mut collector, Observation::Containers(vec![db]), at(5))
        else {
            panic!("a shorter list is a delta");
        };
        assert_eq!((delta.upserts.len(), delta.removed), (0, vec![web.id]));
        let removed = Observation::ContainerRemoved(web.id);
        assert_eq!(observe(&mut collector, removed, at(6)), None);
    }

    #[test]
    fn an_empty_first_list_is_news_too() {
        let mut collector = Collector::default();
        let list = Observation::Containers(Vec::new());
        assert!(observe(&mut collector, list, at(1)).is_some());
    }

    #[test]
    fn a_source_keeps_the_time_since_when_it_is_in_its_state() {
        let mut collector = Collector::default();
        let status = |state, message: &str| {
            Observation::Status(Status {
                source: SourceKind::Docker,
                state,
                message: Some(message.into()),
                endpoint: None,
                version: None,
                machine: None,
            })
        };
        let mut since = |observation, now| match observe(&mut collector, observation, at(now)) {
            Some(Update::Source(status)) => Some(status.since),
            _ => None,
        };
        assert_eq!(since(status(SourceState::Down, "refused"), 1), Some(at(1)));
        assert_eq!(since(status(SourceState::Down, "refused"), 2), None);
        assert_eq!(since(status(SourceState::Down, "denied"), 3), Some(at(1)));
        assert_eq!(since(status(SourceState::Live, ""), 4), Some(at(4)));
    }

    #[test]
    fn a_lost_engine_was_last_seen_when_it_last_told_something() {
        let mut collector = Collector::default();
        let status = |state| {
            Observation::Status(Status {
                source: SourceKind::Docker,
                state,
                message: None,
                endpoint: None,
                version: None,
                machine: None,
            })
        };
        let stats = |ms| Observation::Stats {
            at: at(ms),
            stats: Vec::new(),
        };
        let mut last_seen = |observation, now| match observe(&mut collector, observation, at(now)) {
            Some(Update::Source(status)) => status.last_seen,
            _ => None,
        };
        assert_eq!(last_seen(status(SourceState::Down), 1), None, "never seen");
        assert_eq!(last_seen(status(SourceState::Live), 2), None, "it is here");
        last_seen(stats(5), 5);
        assert_eq!(last_seen(status(SourceState::Late), 9), Some(at(5)));
        last_seen(stats(11), 11);
        assert_eq!(
            last_seen(status(SourceState::Down), 12),
            Some(at(5)),
            "the kernel's figures do not bring it back"
        );
        last_seen(status(SourceState::Live), 20);
        assert_eq!(last_seen(status(SourceState::Down), 30), Some(at(20)));
    }

    #[tokio::test]
    async fn what_sources_observe_reaches_the_hub_until_shutdown() {
        let hub = Hub::new(16);
        let (tx, rx) = mpsc::channel(16);
        let shutdown = CancellationToken::new();
        let heartbeat = Health::default().watch("collector");
        let task = tokio::spawn(run(hub.clone(), rx, heartbeat, shutdown.clone()));
        let mut changes = hub.changes();
        let list = Observation::Containers(vec![container(1)]);
        tx.send((HostId::default(), list)).await.unwrap();
        changes.changed().await.unwrap();
        assert_eq!(hub.head(Channel::Containers), 1);
        assert_eq!(hub.read(|dashboard| dashboard.containers().count()), 1);
        shutdown.cancel();
        task.await.unwrap();
    }
}
