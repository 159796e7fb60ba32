//! Everything the dashboard shows, and the one reducer that changes it on both sides.

use super::{
    Container, ContainerId, ContainerState, ContainerStats, Event, HostId, HostMetrics, SourceKind,
    SourceStatus, Timestamp,
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

/// Engine events kept for "what changed".
pub const RECENT_EVENTS: usize = 50;

/// The containers of one host.
pub type Containers = BTreeMap<ContainerId, Arc<Container>>;

/// Everything the dashboard shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dashboard {
    /// By host.
    pub hosts: BTreeMap<HostId, Host>,
    /// The newest engine events, newest first.
    pub events: VecDeque<Arc<Event>>,
}

/// Everything known of one host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Host {
    /// Its containers.
    pub containers: Containers,
    /// When the list of containers was last known to be right.
    pub containers_at: Option<Timestamp>,
    /// Figures of its running containers.
    pub stats: BTreeMap<ContainerId, ContainerStats>,
    /// When the figures were read.
    pub stats_at: Option<Timestamp>,
    /// Its own figures.
    pub metrics: Option<HostMetrics>,
    /// When its own figures were read.
    pub metrics_at: Option<Timestamp>,
    /// Where its figures come from.
    pub sources: BTreeMap<SourceKind, SourceStatus>,
}

/// What the containers of a host use together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Used {
    /// Whether its containers are known: none is not the same as none known.
    pub is_listed: bool,
    /// How many there are.
    pub all: usize,
    /// How many of them run.
    pub running: usize,
    /// CPU, where 100 is one core; absent while no figure is known.
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

/// What changed between two lists of containers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainersDelta {
    /// New and changed containers.
    pub upserts: Vec<Arc<Container>>,
    /// Containers that are gone.
    pub removed: Vec<ContainerId>,
}

impl ContainersDelta {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.upserts.is_empty() && self.removed.is_empty()
    }
}

/// What turns `old` into `new`.
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

/// Turns the list `delta` was made against into the one it was made for.
pub fn apply(delta: &ContainersDelta, containers: &mut Containers) {
    for id in &delta.removed {
        containers.remove(id);
    }
    for container in &delta.upserts {
        containers.insert(container.id, Arc::clone(container));
    }
}

/// News about the state, as collectors report it and as messages carry it.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// The whole list of a host's containers.
    Containers {
        /// Whose.
        host: HostId,
        /// When it was right.
        at: Timestamp,
        /// The list.
        containers: Vec<Arc<Container>>,
    },
    /// Changes to a host's list of containers.
    ContainersDelta {
        /// Whose.
        host: HostId,
        /// When it was right.
        at: Timestamp,
        /// The changes.
        delta: ContainersDelta,
    },
    /// Figures of all running containers of a host.
    Stats {
        /// Whose.
        host: HostId,
        /// When they were read.
        at: Timestamp,
        /// The figures.
        stats: Vec<ContainerStats>,
    },
    /// A host's own figures.
    Metrics {
        /// Whose.
        host: HostId,
        /// When they were read.
        at: Timestamp,
        /// The figures.
        metrics: Box<HostMetrics>,
    },
    /// Something happened in an engine.
    Event(Arc<Event>),
    /// A source changed.
    Source(SourceStatus),
}

/// What an [`Update`] touched, so that only that is drawn again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// New or changed containers.
    pub containers: Vec<ContainerId>,
    /// Containers that are gone.
    pub removed: Vec<ContainerId>,
    /// Containers whose figures are new or gone.
    pub stats: Vec<ContainerId>,
    /// Hosts of which anything at all is new.
    pub hosts: BTreeSet<HostId>,
    /// Whether there is a new event.
    pub events: bool,
}

impl Touched {
    /// Adds what a later update touched.
    pub fn merge(&mut self, later: Self) {
        self.removed.retain(|id| !later.containers.contains(id));
        self.containers.extend(later.containers);
        self.removed.extend(later.removed);
        self.stats.extend(later.stats);
        self.hosts.extend(later.hosts);
        self.events |= later.events;
    }

    /// Whether a container came, changed or went.
    pub fn is_list(&self) -> bool {
        !self.containers.is_empty() || !self.removed.is_empty()
    }
}

impl Dashboard {
    /// The reducer: the only code that changes a dashboard, on the server and in the browser.
    pub fn apply(&mut self, update: Update) -> Touched {
        let name = match &update {
            Update::Containers { host, .. }
            | Update::ContainersDelta { host, .. }
            | Update::Stats { host, .. }
            | Update::Metrics { host, .. } => host.clone(),
            Update::Source(status) => status.host.clone(),
            Update::Event(event) => return self.remember(event),
        };
        let mut touched = self.hosts.entry(name.clone()).or_default().apply(update);
        touched.hosts.insert(name);
        touched
    }

    /// Keeps the events sorted, newest first, and free of doubles: a snapshot repeats some.
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

    /// The container whose id begins with `prefix`, and its host, when there is just one.
    pub fn find(&self, prefix: &super::ContainerPrefix) -> Option<(&HostId, &Arc<Container>)> {
        let mut found = self
            .containers()
            .filter(|(_, container)| prefix.matches(&container.id));
        let first = found.next()?;
        found.next().is_none().then_some(first)
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
    fn apply(&mut self, update: Update) -> Touched {
        match update {
            Update::Containers { at, containers, .. } => {
                let new = containers
                    .into_iter()
                    .map(|container| (container.id, container))
                    .collect();
                let delta = diff(&self.containers, &new);
                return self.apply_containers(&delta, at);
            }
            Update::ContainersDelta { at, delta, .. } => return self.apply_containers(&delta, at),
            Update::Stats { at, stats, .. } => return self.apply_stats(stats, at),
            Update::Metrics { at, metrics, .. } => {
                self.metrics = Some(*metrics);
                self.metrics_at = Some(at);
            }
            Update::Source(status) => {
                self.sources.insert(status.source, status);
            }
            Update::Event(_) => {}
        }
        Touched::default()
    }

    fn apply_containers(&mut self, delta: &ContainersDelta, at: Timestamp) -> Touched {
        apply(delta, &mut self.containers);
        self.containers_at = Some(at);
        let mut touched = Touched {
            containers: delta.upserts.iter().map(|container| container.id).collect(),
            removed: delta.removed.clone(),
            ..Touched::default()
        };
        let containers = &self.containers;
        self.stats.retain(|id, _| {
            let keep = containers
                .get(id)
                .is_some_and(|container| container.state.has_stats());
            if !keep {
                touched.stats.push(*id);
            }
            keep
        });
        touched
    }

    fn apply_stats(&mut self, stats: Vec<ContainerStats>, at: Timestamp) -> Touched {
        // A list of figures may be older than the news that a container has ended.
        let has_ended = |stats: &ContainerStats| {
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
        let touched = gone.chain(new.keys().copied()).collect();
        self.stats = new;
        self.stats_at = Some(at);
        Touched {
            stats: touched,
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
                delta.apply(Update::ContainersDelta { host: host.clone(), at, delta: diff(&known, list) });
                full.apply(Update::Containers { host, at, containers: list.values().cloned().collect() });
            }
            prop_assert_eq!(full, delta);
        }

        #[test]
        fn what_is_not_touched_has_not_changed(old in any_containers(), new in any_containers()) {
            let mut dashboard = Dashboard::default();
            let list = |containers: &Containers| Update::Containers {
                host: HostId::default(),
                at: Timestamp::from_millis(0),
                containers: containers.values().cloned().collect(),
            };
            dashboard.apply(list(&old));
            let touched = dashboard.apply(list(&new));
            prop_assert!(touched.hosts.contains(&HostId::default()));
            for (id, container) in &old {
                let is_touched = match new.get(id) {
                    Some(newer) => newer == container || touched.containers.contains(id),
                    None => touched.removed.contains(id),
                };
                prop_assert!(is_touched);
            }
        }
    }

    #[test]
    fn events_are_kept_newest_first_without_doubles() {
        let event = |ms| {
            Arc::new(Event {
                host: HostId::default(),
                timestamp: Timestamp::from_millis(ms),
                kind: "container".into(),
                action: "start".into(),
                id: String::new(),
                name: String::new(),
                attributes: BTreeMap::new(),
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
