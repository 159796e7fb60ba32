//! The state outside the hub, with the markers of everything that was ever published, and the rules of access
//! written a second time.

use super::{super::*, AUDIENCES, Step};
use crate::model::{
    Container, Cpu, Event, EventSubject, HostMetrics, Machine, Memory, SourceState as State,
};
use std::collections::BTreeSet;

/// The properties by which access to a container is decided.
#[derive(Clone, Debug)]
pub(super) struct Attributes {
    prefix: &'static str,
    team: Option<&'static str>,
    project: Option<&'static str>,
}

pub(super) fn any_attributes() -> impl Strategy<Value = Attributes> {
    let prefix = prop::sample::select(vec!["web", "db", "x"]);
    let team = prop::option::of(prop::sample::select(vec!["web", "ops"]));
    let project = prop::option::of(prop::sample::select(vec!["shop", "blog"]));
    (prefix, team, project).prop_map(|(prefix, team, project)| Attributes {
        prefix,
        team,
        project,
    })
}

impl Attributes {
    fn labels(&self) -> BTreeMap<String, String> {
        let team = self.team.map(|team| ("team".to_owned(), team.to_owned()));
        team.into_iter().collect()
    }

    fn is_in(&self, scope: &str) -> bool {
        match scope.split_once(':') {
            None => scope == "*",
            Some(("project", project)) => self.project == Some(project),
            Some(("label", label)) => self
                .team
                .is_some_and(|team| label == format!("team={team}")),
            Some(("name", pattern)) => pattern == format!("{}-*", self.prefix),
            Some(_) => false,
        }
    }
}

/// One state of a container.
#[derive(Debug)]
struct Version {
    host: HostId,
    id: ContainerId,
    attributes: Attributes,
}

/// An event; with the attributes of its container by each of its names, none for other objects.
#[derive(Debug)]
struct Happened {
    host: HostId,
    subjects: Vec<Attributes>,
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) hub: Hub,
    /// The containers that exist, each with its newest version.
    slots: BTreeMap<(HostId, u8), (ContainerId, Arc<Container>)>,
    /// The names before the newest, for figures that come late.
    old_names: BTreeMap<ContainerId, String>,
    versions: Vec<Version>,
    /// The newest version of each container, also of those that no longer exist.
    newest: BTreeMap<(HostId, ContainerId), usize>,
    events: Vec<Happened>,
    listed: BTreeSet<HostId>,
    /// The hosts of which an audience could see a container at any time.
    ever_seen: BTreeSet<(usize, HostId)>,
    pub(super) engines: BTreeSet<HostId>,
    now: i64,
    ids: u8,
}

impl World {
    pub(super) fn new(hub: Hub) -> Self {
        Self {
            hub,
            slots: BTreeMap::new(),
            old_names: BTreeMap::new(),
            versions: Vec::new(),
            newest: BTreeMap::new(),
            events: Vec::new(),
            listed: BTreeSet::new(),
            ever_seen: BTreeSet::new(),
            engines: BTreeSet::new(),
            now: 0,
            ids: 0,
        }
    }

    pub(super) fn act(&mut self, step: Step) {
        self.now += 1;
        match step {
            Step::Change(host, slot, to) => {
                let known = self.slots.get(&(host, slot)).map(|(id, _)| *id);
                let id = known.unwrap_or_else(|| self.new_id());
                self.set(host, slot, id, to, Vec::new());
            }
            Step::Recreate(host, slot, to) => {
                let old = self.slots.get(&(host, slot)).map(|(id, _)| *id);
                let id = self.new_id();
                self.set(host, slot, id, to, old.into_iter().collect());
            }
            Step::Remove(host, slot) => {
                if let Some((id, _)) = self.slots.remove(&(host, slot)) {
                    self.publish_change(host, Vec::new(), vec![id]);
                }
            }
            Step::List(host) => self.publish_list(host),
            Step::HostGone(host) => {
                let gone = self
                    .slots
                    .extract_if((host, 0)..=(host, u8::MAX), |_, _| true);
                let gone: Vec<_> = gone.map(|(_, (id, _))| id).collect();
                if !gone.is_empty() {
                    self.publish_change(host, Vec::new(), gone);
                }
                self.publish_source(host, SourceKind::Docker, State::Down);
            }
            Step::Stats(host, with_old_names) => self.publish_stats(host, with_old_names),
            Step::Metrics(host) => self.publish_metrics(host),
            Step::Source(host, kind, state) => self.publish_source(host, kind, state),
            Step::Event(host, slot, of, old) => self.publish_event(host, slot, of, old),
            Step::ImageEvent(host) => {
                self.publish_event_of(host, "image", String::new(), &[]);
            }
            other => panic!("{other:?} is a step of a client"),
        }
    }

    /// Ids come again after 256 containers, as ids of different hosts may be equal.
    fn new_id(&mut self) -> ContainerId {
        self.ids = self.ids.wrapping_add(1);
        ContainerId::from_bytes([self.ids; 32])
    }

    fn set(
        &mut self,
        host: HostId,
        slot: u8,
        id: ContainerId,
        to: Attributes,
        removed: Vec<ContainerId>,
    ) {
        let n = self.versions.len();
        let container = Arc::new(Container {
            id,
            name: format!("{}-~c{n}~", to.prefix),
            image: format!("image~c{n}~"),
            status: format!("Up ~c{n}~"),
            labels: to.labels(),
            project: to.project.map(str::to_owned),
            ..container(1)
        });
        for (audience, scopes) in AUDIENCES.iter().enumerate() {
            if scopes.iter().any(|scope| to.is_in(scope)) {
                self.ever_seen.insert((audience, host));
            }
        }
        let version = Version {
            host,
            id,
            attributes: to,
        };
        self.versions.push(version);
        self.newest.insert((host, id), n);
        let old = self
            .slots
            .insert((host, slot), (id, Arc::clone(&container)));
        if let Some((_, old)) = old.filter(|(old, _)| *old == id) {
            self.old_names.insert(id, old.name.clone());
        }
        self.publish_change(host, vec![container], removed);
    }

    fn publish_change(
        &mut self,
        host: HostId,
        upserts: Vec<Arc<Container>>,
        removed: Vec<ContainerId>,
    ) {
        // Every fourth change is found by a complete list.
        if self.listed.contains(&host) && self.now % 4 != 0 {
            let delta = ContainersDelta { upserts, removed };
            self.publish(Update::ContainersDelta {
                timestamp: Timestamp::from_millis(self.now),
                host,
                delta,
            });
        } else {
            self.publish_list(host);
        }
    }

    fn containers(&self, host: HostId) -> Containers {
        let slots = self.slots.range((host, 0)..=(host, u8::MAX));
        slots.map(|(_, known)| known.clone()).collect()
    }

    fn publish_list(&mut self, host: HostId) {
        self.listed.insert(host);
        let timestamp = Timestamp::from_millis(self.now);
        self.publish(Update::containers(host, timestamp, &self.containers(host)));
    }

    /// Figures of every container of `host`, and of one that was never listed.
    fn publish_stats(&mut self, host: HostId, with_old_names: bool) {
        let timestamp = Timestamp::from_millis(self.now);
        let figures =
            |id: ContainerId, name: String| Arc::new(ContainerStats::unknown(id, name, timestamp));
        let containers = self.containers(host);
        let mut data: Vec<_> = containers
            .values()
            .map(|container| {
                let old = self.old_names.get(&container.id).filter(|_| with_old_names);
                figures(container.id, old.unwrap_or(&container.name).clone())
            })
            .collect();
        let n = self.versions.len();
        let id = ContainerId::from_bytes([0; 32]);
        let attributes = Attributes {
            prefix: "x",
            team: None,
            project: None,
        };
        self.versions.push(Version {
            host,
            id,
            attributes,
        });
        self.newest.insert((host, id), n);
        data.insert(0, figures(id, format!("x-~c{n}~")));
        self.publish(Update::Stats {
            timestamp,
            host,
            data,
        });
    }

    fn publish_metrics(&mut self, host: HostId) {
        let memory = Memory {
            total: 2,
            used: 1,
            free: 1,
            usage: 50.0,
        };
        self.publish(Update::Metrics {
            timestamp: Timestamp::from_millis(self.now),
            host,
            data: Arc::new(HostMetrics {
                cpu: Cpu {
                    usage: 1.0,
                    cores: 1,
                    load_avg: [0.0; 3],
                    per_core: vec![1.0],
                },
                memory,
                swap: None,
                disk: None,
                disks: Vec::new(),
                networks: Vec::new(),
                temperatures: Vec::new(),
                uptime: 1,
                hostname: format!("machine~h{host}~"),
                dashboard: None,
            }),
        });
    }

    fn publish_source(&mut self, host: HostId, source: SourceKind, state: State) {
        if source == SourceKind::Docker {
            self.engines.insert(host);
        }
        let secret = |what: &str| Some(format!("{what}~h{host}~"));
        self.publish(Update::Source(SourceStatus {
            host,
            source,
            state,
            since: Timestamp::from_millis(self.now),
            last_seen: None,
            message: secret("no answer from"),
            endpoint: secret("tcp://"),
            version: secret("Docker"),
            machine: Some(Machine {
                hostname: secret("machine"),
                ..Machine::default()
            }),
        }));
    }

    fn publish_event(&mut self, host: HostId, slot: u8, of: Attributes, old: Option<Attributes>) {
        let known = self.slots.get(&(host, slot)).map(|(id, _)| *id);
        let id = known.unwrap_or_else(|| ContainerId::from_bytes([200 + slot; 32]));
        // Only the name changes.
        let old = old.map(|old| Attributes {
            prefix: old.prefix,
            ..of.clone()
        });
        let subjects: Vec<_> = [of].into_iter().chain(old).collect();
        self.publish_event_of(host, "container", id.to_string(), &subjects);
    }

    fn publish_event_of(&mut self, host: HostId, kind: &str, id: String, subjects: &[Attributes]) {
        let n = self.events.len();
        let name = |of: &Attributes| format!("{}-~e{n}~", of.prefix);
        let first = subjects.first();
        let attributes = subjects.get(1).map(|old| {
            let old = format!("/{}", name(old));
            ("oldName".to_owned(), old)
        });
        let subject = first.map(|of| EventSubject {
            project: of.project.map(str::to_owned),
            labels: of.labels(),
        });
        self.events.push(Happened {
            host,
            subjects: subjects.to_vec(),
        });
        self.publish(Update::Event(Arc::new(Event {
            host,
            timestamp: Timestamp::from_millis(self.now),
            kind: kind.to_owned(),
            action: "start".into(),
            id,
            name: first.map_or_else(|| format!("image~e{n}~"), name),
            attributes: attributes.into_iter().collect(),
            subject: subject.map(Arc::new),
        })));
    }

    fn publish(&self, update: Update) {
        self.hub.publish(vec![update]);
    }

    /// Whether the audience sees the whole host.
    pub(super) fn sees_whole(&self, audience: usize, host: HostId) -> bool {
        let named = format!("host:{host}");
        AUDIENCES[audience]
            .iter()
            .any(|scope| *scope == "*" || *scope == named)
    }

    /// Whether the audience may know that the host exists.
    pub(super) fn sees_host(&self, audience: usize, host: HostId) -> bool {
        self.sees_whole(audience, host) || self.ever_seen.contains(&(audience, host))
    }

    /// Whether the audience sees the container as it is now, or was last.
    pub(super) fn sees_container(&self, audience: usize, host: HostId, id: ContainerId) -> bool {
        let newest = self.newest.get(&(host, id));
        newest.is_some_and(|n| self.sees_attributes(audience, host, &self.versions[*n].attributes))
    }

    fn sees_attributes(&self, audience: usize, host: HostId, of: &Attributes) -> bool {
        let mut scopes = AUDIENCES[audience].iter();
        self.sees_whole(audience, host) || scopes.any(|scope| of.is_in(scope))
    }

    fn sees_event(&self, audience: usize, event: &Happened) -> bool {
        let mut subjects = event.subjects.iter();
        self.sees_whole(audience, event.host)
            || !event.subjects.is_empty()
                && subjects.all(|of| self.sees_attributes(audience, event.host, of))
    }

    /// Whether the audience may see, at this moment, what contains this marker.
    pub(super) fn sees_marker(&self, audience: usize, marker: &str) -> bool {
        let (kind, of) = marker.split_at(1);
        let n = of.parse::<usize>();
        match (kind, n) {
            ("h", _) => self.sees_whole(audience, of.parse().unwrap()),
            ("e", Ok(n)) => self.sees_event(audience, &self.events[n]),
            ("c", Ok(n)) => {
                let Version {
                    host,
                    id,
                    attributes,
                } = &self.versions[n];
                self.sees_whole(audience, *host)
                    || self.sees_attributes(audience, *host, attributes)
                        && self.sees_container(audience, *host, *id)
            }
            other => panic!("{other:?}"),
        }
    }

    /// The containers that there have been, with their hosts.
    pub(super) fn all(&self) -> Vec<(HostId, ContainerId)> {
        self.newest.keys().copied().collect()
    }

    /// The markers of the last `n` events that the audience sees, of all of the last `n`.
    pub(super) fn newest_events(&self, audience: usize, n: usize) -> Vec<String> {
        let old = self.events.len().saturating_sub(n);
        let events = self.events.iter().enumerate().skip(old);
        let seen = events.filter(|(_, event)| self.sees_event(audience, event));
        seen.map(|(n, _)| format!("~e{n}~")).collect()
    }
}
