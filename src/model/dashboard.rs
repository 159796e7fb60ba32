//! The state that the dashboard shows, and the reducer that changes it on both sides.

use super::{
    Container, ContainerId, ContainerState, ContainerStats, Event, Figures, HostId, HostMetrics,
    Scope, SourceKind, SourceStatus, Timestamp, Update, Workload, WorkloadId, WorkloadKey,
    WorkloadRef,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

/// Number of recent engine events that are kept.
pub const RECENT_EVENTS: usize = 50;

/// The containers of one host.
pub type Containers = BTreeMap<ContainerId, Arc<Container>>;

/// The state that the dashboard shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dashboard {
    /// The hosts by name.
    pub hosts: BTreeMap<HostId, Host>,
    /// The newest engine events, newest first.
    pub events: VecDeque<Arc<Event>>,
}

/// The state of one host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Host {
    /// Its containers.
    pub containers: Containers,
    /// When the list of containers was last known to be correct.
    pub containers_at: Option<Timestamp>,
    /// Figures of its running containers.
    pub stats: BTreeMap<ContainerId, Arc<ContainerStats>>,
    /// When the figures were read.
    pub stats_at: Option<Timestamp>,
    /// The host's own figures.
    pub metrics: Option<Arc<HostMetrics>>,
    /// When the host's own figures were read.
    pub metrics_at: Option<Timestamp>,
    /// The sources of its figures.
    pub sources: BTreeMap<SourceKind, SourceStatus>,
}

/// The total resource use of a host's containers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Used {
    /// Whether the list of containers is known; unlike an empty list.
    pub is_listed: bool,
    /// Number of containers.
    pub all: usize,
    /// Number of running containers.
    pub running: usize,
    /// CPU in percent of one core; absent while no figure is known.
    pub cpu_percent: Option<f64>,
    /// Memory in bytes; absent while no figure is known.
    pub memory: Option<u64>,
}

impl Used {
    /// The sums over the containers of `host`.
    pub fn of(host: &Host) -> Self {
        let running = host.containers.values();
        let running = running.filter(|container| container.state == ContainerState::Running);
        let cpu = host.stats.values().filter_map(|stats| stats.cpu_percent);
        let memory = host.stats.values().filter_map(|stats| stats.memory_usage);
        Self {
            is_listed: host.containers_at.is_some(),
            all: host.containers.len(),
            running: running.count(),
            cpu_percent: cpu.map(f64::from).reduce(|a, b| a + b),
            memory: memory.reduce(u64::saturating_add),
        }
    }
}

/// The difference between two lists of containers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ContainersDelta {
    /// New and changed containers.
    pub upserts: Vec<Arc<Container>>,
    /// Removed containers.
    pub removed: Vec<ContainerId>,
}

impl ContainersDelta {
    /// No change.
    pub const NONE: Self = Self {
        upserts: Vec::new(),
        removed: Vec::new(),
    };

    /// Whether there is no change.
    pub fn is_empty(&self) -> bool {
        self.upserts.is_empty() && self.removed.is_empty()
    }
}

/// The changes that turn `old` into `new`.
pub fn diff(old: &Containers, new: &Containers) -> ContainersDelta {
    let is_same = |id, container| {
        old.get(id)
            .is_some_and(|known: &Arc<Container>| known == container)
    };
    ContainersDelta {
        upserts: new
            .iter()
            .filter(|(id, container)| !is_same(*id, *container))
            .map(|(_, container)| Arc::clone(container))
            .collect(),
        removed: old
            .keys()
            .filter(|id| !new.contains_key(id))
            .copied()
            .collect(),
    }
}

/// Applies `delta` to the list from which it was computed.
pub fn apply(delta: &ContainersDelta, containers: &mut Containers) {
    for id in &delta.removed {
        containers.remove(id);
    }
    for container in &delta.upserts {
        containers.insert(container.id, Arc::clone(container));
    }
}

/// The parts that an [`Update`] has changed; only these are redrawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// New or changed workloads.
    pub changed: Vec<WorkloadId>,
    /// Removed workloads.
    pub removed: Vec<WorkloadId>,
    /// Workloads whose figures are new or removed.
    pub figures: Vec<WorkloadId>,
    /// Scopes with any change.
    pub scopes: BTreeSet<Scope>,
    /// Whether there is a new event.
    pub events: bool,
}

impl Touched {
    /// Adds the changes of a later update.
    pub fn merge(&mut self, later: Self) {
        self.removed.retain(|id| !later.changed.contains(id));
        self.changed.extend(later.changed);
        self.removed.extend(later.removed);
        self.figures.extend(later.figures);
        self.scopes.extend(later.scopes);
        self.events |= later.events;
    }

    /// Whether a workload was added, changed or removed.
    pub fn is_list(&self) -> bool {
        !self.changed.is_empty() || !self.removed.is_empty()
    }
}

impl Dashboard {
    /// The reducer: the only code that changes a dashboard, on the server and in the browser.
    pub fn apply(&mut self, update: Update) -> Touched {
        if let Update::Event(event) = &update {
            return self.remember(event);
        }
        let name = update.host();
        let host = self.hosts.entry(name).or_default();
        let mut touched = host.apply(update, |id| WorkloadId::container(name, id));
        touched.scopes.insert(Scope::Host(name));
        touched
    }

    /// Inserts an event, newest first, unless it is known: a snapshot repeats some.
    fn remember(&mut self, event: &Arc<Event>) -> Touched {
        if self.events.contains(event) {
            return Touched::default();
        }
        let newer = self
            .events
            .partition_point(|known| known.timestamp > event.timestamp);
        self.events.insert(newer, Arc::clone(event));
        self.events.truncate(RECENT_EVENTS);
        Touched {
            events: true,
            ..Touched::default()
        }
    }

    /// The workload that `named` refers to, if it is unambiguous. Without a host, a single match on the
    /// server's own host comes first, because the same engine may be watched twice.
    pub fn find(&self, named: &WorkloadRef) -> Option<WorkloadId> {
        let ids = named.id.ids();
        let hosts = self.hosts.iter();
        let hosts = hosts.filter(|(name, _)| named.host.is_none_or(|host| host == **name));
        let mut found = hosts.flat_map(|(name, host)| {
            let containers = host.containers.range(ids.clone());
            containers.map(|(id, _)| WorkloadId::container(*name, *id))
        });
        let found: Vec<_> = found.by_ref().collect();
        let local = Scope::Host(HostId::local());
        let mut on_local = found.iter().filter(|id| id.scope == local);
        match (found.as_slice(), on_local.next(), on_local.next()) {
            ([only], _, _) | (_, Some(only), None) => Some(*only),
            _ => None,
        }
    }

    /// The workload with this id.
    pub fn workload(&self, id: WorkloadId) -> Option<Workload> {
        let (Scope::Host(host), WorkloadKey::Container(key)) = (id.scope, id.key);
        let container = self.hosts.get(&host)?.containers.get(&key)?;
        Some(Workload::Container(Arc::clone(container)))
    }

    /// The figures of the workload with this id, if known.
    pub fn figures(&self, id: WorkloadId) -> Option<Figures> {
        let (Scope::Host(host), WorkloadKey::Container(key)) = (id.scope, id.key);
        let stats = self.hosts.get(&host)?.stats.get(&key)?;
        Some(Figures::Container(Arc::clone(stats)))
    }

    /// Every workload of every scope.
    pub fn workloads(&self) -> impl Iterator<Item = (WorkloadId, Workload)> {
        self.containers().map(|(host, container)| {
            let id = WorkloadId::container(*host, container.id);
            (id, Workload::Container(Arc::clone(container)))
        })
    }

    /// Every container of every host.
    pub fn containers(&self) -> impl Iterator<Item = (&HostId, &Arc<Container>)> {
        self.hosts.iter().flat_map(|(name, host)| {
            host.containers
                .values()
                .map(move |container| (name, container))
        })
    }
}

impl Host {
    fn apply(&mut self, update: Update, name: impl Fn(ContainerId) -> WorkloadId) -> Touched {
        match update {
            Update::Containers {
                timestamp, data, ..
            } => {
                let new = data.into_iter().map(|container| (container.id, container));
                let delta = diff(&self.containers, &new.collect());
                return self.apply_containers(&delta, timestamp, name);
            }
            Update::ContainersDelta {
                timestamp, delta, ..
            } => return self.apply_containers(&delta, timestamp, name),
            Update::Stats {
                timestamp, data, ..
            } => return self.apply_stats(data, timestamp, name),
            Update::Metrics {
                timestamp, data, ..
            } => {
                self.metrics = Some(data);
                self.metrics_at = Some(timestamp);
            }
            Update::Source(status) => {
                self.sources.insert(status.source, status);
            }
            Update::Event(_) => {}
        }
        Touched::default()
    }

    fn apply_containers(
        &mut self,
        delta: &ContainersDelta,
        at: Timestamp,
        name: impl Fn(ContainerId) -> WorkloadId,
    ) -> Touched {
        apply(delta, &mut self.containers);
        self.containers_at = Some(at);
        let mut touched = Touched {
            changed: delta.upserts.iter().map(|new| name(new.id)).collect(),
            removed: delta.removed.iter().copied().map(&name).collect(),
            ..Touched::default()
        };
        let containers = &self.containers;
        self.stats.retain(|id, _| {
            let keep = containers
                .get(id)
                .is_some_and(|container| container.state.has_stats());
            if !keep {
                touched.figures.push(name(*id));
            }
            keep
        });
        touched
    }

    fn apply_stats(
        &mut self,
        stats: Vec<Arc<ContainerStats>>,
        at: Timestamp,
        name: impl Fn(ContainerId) -> WorkloadId,
    ) -> Touched {
        // Figures may be older than the news that a container has ended.
        let has_ended = |stats: &Arc<ContainerStats>| {
            let container = self.containers.get(&stats.container_id);
            container.is_some_and(|container| !container.state.has_stats())
        };
        let new: BTreeMap<_, _> = stats
            .into_iter()
            .filter(|stats| !has_ended(stats))
            .map(|stats| (stats.container_id, stats))
            .collect();
        let gone = self
            .stats
            .keys()
            .filter(|id| !new.contains_key(id))
            .copied();
        let touched = gone.chain(new.keys().copied()).map(name).collect();
        self.stats = new;
        self.stats_at = Some(at);
        Touched {
            figures: touched,
            ..Touched::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixtures::any_containers, *};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn applying_a_diff_gives_the_list_it_was_made_for(old in any_containers(), new in any_containers()) {
            let mut list = old.clone();
            apply(&diff(&old, &new), &mut list);
            prop_assert_eq!(list, new);
        }

        #[test]
        fn the_diff_of_a_list_with_itself_is_empty(list in any_containers()) {
            prop_assert!(diff(&list, &list).is_empty());
        }

        #[test]
        fn full_lists_and_deltas_lead_to_the_same_dashboard(lists in prop::collection::vec(any_containers(), 1..6)) {
            let (mut full, mut delta) = (Dashboard::default(), Dashboard::default());
            for (n, list) in lists.iter().enumerate() {
                let at = Timestamp::from_millis(n as i64);
                let host = HostId::default();
                let known = delta.hosts.get(&host).map(|host| host.containers.clone()).unwrap_or_default();
                delta.apply(Update::ContainersDelta { host, timestamp: at, delta: diff(&known, list) });
                full.apply(Update::containers(host, at, list));
            }
            prop_assert_eq!(full, delta);
        }

        #[test]
        fn what_is_not_touched_has_not_changed(old in any_containers(), new in any_containers()) {
            let mut dashboard = Dashboard::default();
            let host = HostId::default();
            let list = |list: &Containers| Update::containers(host, Timestamp::default(), list);
            dashboard.apply(list(&old));
            let touched = dashboard.apply(list(&new));
            prop_assert!(touched.scopes.contains(&Scope::Host(host)));
            for (id, container) in &old {
                let name = WorkloadId::container(host, *id);
                let is_touched = match new.get(id) {
                    Some(newer) => newer == container || touched.changed.contains(&name),
                    None => touched.removed.contains(&name),
                };
                prop_assert!(is_touched);
            }
        }
    }

    #[test]
    fn events_are_kept_newest_first_without_doubles() {
        let event = |ms| {
            Arc::new(Event {
                timestamp: Timestamp::from_millis(ms),
                kind: "container".into(),
                action: "start".into(),
                ..Event::default()
            })
        };
        let mut dashboard = Dashboard::default();
        for ms in [2, 1, 3, 2] {
            dashboard.apply(Update::Event(event(ms)));
        }
        let times: Vec<_> = dashboard
            .events
            .iter()
            .map(|event| event.timestamp.as_millis())
            .collect();
        assert_eq!(times, [3, 2, 1]);
        for ms in 0..100 {
            dashboard.apply(Update::Event(event(ms)));
        }
        assert_eq!(dashboard.events.len(), RECENT_EVENTS);
    }
}
