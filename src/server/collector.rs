//! The collector: the only code that changes the server's state. It receives the observations of the
//! sources, drops those that change nothing, and publishes the rest.

use super::{clock, health::Heartbeat, hub::Hub};
use crate::model::{
    Container, Containers, ContainersDelta, HostId, SourceKind, SourceState, SourceStatus,
    Timestamp, Update, apply, diff,
};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Most updates that are published together. A burst, e.g. the start of a compose project, is one round of
/// the delivery, and its computation still takes no noticeable time.
const BATCH: usize = 64;

/// Publishes the observations of the sources until `shutdown` is cancelled.
pub async fn run(
    hub: Hub,
    mut observed: mpsc::Receiver<Update>,
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
            received = observed.recv_many(&mut batch, BATCH) => received,
        };
        if received == 0 {
            // All sources have ended, and no new ones start.
            return;
        }
        let now = clock::now();
        let updates = batch
            .drain(..)
            .filter_map(|update| collector.observe(update, now))
            .collect();
        hub.publish(updates);
    }
}

/// All observations so far.
#[derive(Debug, Default)]
struct Collector {
    hosts: BTreeMap<HostId, Observed>,
}

#[derive(Debug, Default)]
struct Observed {
    /// `None` before the first complete list: "no containers" differs from "not known yet".
    containers: Option<Containers>,
    /// When the engine last sent anything while it was live.
    last_seen: Option<Timestamp>,
    sources: BTreeMap<SourceKind, SourceStatus>,
}

impl Collector {
    /// The part of `update` that is new. An unchanged list is not: whether it is current follows from the
    /// state of its source.
    fn observe(&mut self, update: Update, now: Timestamp) -> Option<Update> {
        let observed = self.hosts.entry(update.host()).or_default();
        observed.see(&update, now);
        match update {
            Update::Containers {
                timestamp,
                host,
                data,
            } => observed.list(host, data, timestamp),
            Update::ContainersDelta {
                timestamp,
                host,
                delta,
            } => observed.change(host, delta, timestamp),
            Update::Source(status) => observed.status(status),
            Update::Stats { .. } | Update::Metrics { .. } | Update::Event(_) => Some(update),
        }
    }
}

impl Observed {
    /// Records when the engine last confirmed its shown state. Once it is not live, only its return
    /// counts, because the kernel may still provide stats.
    fn see(&mut self, update: &Update, now: Timestamp) {
        let engine = [SourceKind::Docker, SourceKind::Demo];
        let is_live = match update {
            Update::Metrics { .. } => return,
            Update::Source(status) if !engine.contains(&status.source) => return,
            Update::Source(status) => status.state == SourceState::Live,
            _ => engine
                .iter()
                .filter_map(|kind| self.sources.get(kind))
                .any(|known| known.state == SourceState::Live),
        };
        if is_live {
            self.last_seen = Some(now);
        }
    }

    fn list(
        &mut self,
        host: HostId,
        list: Vec<Arc<Container>>,
        timestamp: Timestamp,
    ) -> Option<Update> {
        let new = list.into_iter().map(|container| (container.id, container));
        let new: Containers = new.collect();
        match &mut self.containers {
            None => {
                let update = Update::containers(host, timestamp, &new);
                self.containers = Some(new);
                Some(update)
            }
            Some(known) => {
                let delta = diff(known, &new);
                *known = new;
                change(host, timestamp, delta)
            }
        }
    }

    fn change(
        &mut self,
        host: HostId,
        mut delta: ContainersDelta,
        timestamp: Timestamp,
    ) -> Option<Update> {
        // Before the first list, a single change is useless; the list follows.
        let known = self.containers.as_mut()?;
        let is_new = |container: &Arc<Container>| known.get(&container.id) != Some(container);
        delta.upserts.retain(is_new);
        delta.removed.retain(|id| known.contains_key(id));
        apply(&delta, known);
        change(host, timestamp, delta)
    }

    /// `status` with the time of its last change of state, and the time when the engine was last seen.
    fn status(&mut self, mut status: SourceStatus) -> Option<Update> {
        let known = self.sources.get(&status.source);
        if let Some(known) = known.filter(|known| known.state == status.state) {
            status.since = known.since;
        }
        let is_lost = status.source != SourceKind::System && status.state != SourceState::Live;
        status.last_seen = self.last_seen.filter(|_| is_lost);
        // The machine's data remains known while the engine is unreachable.
        let machine = status.machine.take();
        status.machine = machine.or_else(|| known?.machine.clone());
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

/// Logs that a source is reachable, or why it is not and what to do.
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

fn change(host: HostId, timestamp: Timestamp, delta: ContainersDelta) -> Option<Update> {
    (!delta.is_empty()).then_some(Update::ContainersDelta {
        timestamp,
        host,
        delta,
    })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test has no shutdown")]
mod tests {
    use super::*;
    use crate::{
        model::{ContainerState, fixtures::container},
        protocol::Channel,
        server::{
            health::Health,
            hub::Audience,
            source::{Observer, Status},
        },
    };

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn observer() -> (Observer, mpsc::Receiver<Update>) {
        let (sender, receiver) = mpsc::channel(16);
        (Observer::new(HostId::default(), sender), receiver)
    }

    fn status(state: SourceState, message: &str, since: i64) -> Update {
        let (observer, _) = observer();
        let status = Status {
            source: SourceKind::Docker,
            state,
            message: Some(message.to_owned()),
            endpoint: None,
            version: None,
            machine: None,
        };
        let Update::Source(mut status) = observer.status(status) else {
            panic!("a status is of a source");
        };
        status.since = at(since);
        Update::Source(status)
    }

    #[test]
    fn only_changes_are_published() {
        let (observer, _) = observer();
        let mut collector = Collector::default();
        let mut observe = |update| collector.observe(update, at(1));
        let (web, mut db) = (container(1), container(2));
        let list = vec![web.clone(), db.clone()];
        let first = observe(observer.containers(list.clone())).unwrap();
        assert!(
            matches!(first, Update::Containers { data, .. } if data.len() == 2),
            "the first list is whole"
        );
        assert_eq!(observe(observer.containers(list)), None);

        db.state = ContainerState::Exited;
        let changed = ContainersDelta {
            upserts: vec![Arc::new(db.clone())],
            removed: Vec::new(),
        };
        let Some(Update::ContainersDelta { delta, .. }) =
            observe(observer.changed(changed.clone()))
        else {
            panic!("a change is a delta");
        };
        assert_eq!(delta, changed);
        assert_eq!(observe(observer.changed(changed)), None);

        let Some(Update::ContainersDelta { delta, .. }) = observe(observer.containers(vec![db]))
        else {
            panic!("a shorter list is a delta");
        };
        let removed = ContainersDelta {
            upserts: Vec::new(),
            removed: vec![web.id],
        };
        assert_eq!(delta, removed);
        assert_eq!(observe(observer.changed(removed)), None);
    }

    #[test]
    fn an_empty_first_list_is_published() {
        let (observer, _) = observer();
        let mut collector = Collector::default();
        let list = observer.containers(Vec::new());
        assert!(collector.observe(list, at(1)).is_some());
    }

    #[test]
    fn a_source_keeps_the_time_since_when_it_is_in_its_state() {
        let mut collector = Collector::default();
        let mut since = |update| match collector.observe(update, at(0)) {
            Some(Update::Source(status)) => Some(status.since),
            _ => None,
        };
        let down = SourceState::Down;
        assert_eq!(since(status(down, "refused", 1)), Some(at(1)));
        assert_eq!(since(status(down, "refused", 2)), None);
        assert_eq!(since(status(down, "denied", 3)), Some(at(1)));
        assert_eq!(since(status(SourceState::Live, "", 4)), Some(at(4)));
    }

    #[test]
    fn a_lost_engine_was_last_seen_when_it_last_reported_something() {
        let mut collector = Collector::default();
        let (observer, _) = observer();
        let stats = |ms| observer.stats(at(ms), Vec::new());
        let mut last_seen = |update, now| match collector.observe(update, at(now)) {
            Some(Update::Source(status)) => status.last_seen,
            _ => None,
        };
        let status = |state| status(state, "", 0);
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
        let (observer, observed) = observer();
        let shutdown = CancellationToken::new();
        let heartbeat = Health::default().watch("collector");
        let task = tokio::spawn(run(hub.clone(), observed, heartbeat, shutdown.clone()));
        let mut changes = hub.changes();
        observer
            .observe(observer.containers(vec![container(1)]))
            .await;
        changes.changed().await.unwrap();
        let viewer = hub.viewer(Audience::Unrestricted);
        assert_eq!(viewer.head(Channel::CONTAINERS), 1);
        assert_eq!(viewer.read(|dashboard| dashboard.containers().count()), 1);
        shutdown.cancel();
        task.await.unwrap();
    }
}
