//! Clients of the model test: the same reducer as in the browser, fed by frames only.

use super::{super::*, AUDIENCES, CAPACITY, world::World};
use crate::model::WorkloadRef;

pub(super) struct Client {
    audience: usize,
    delta: bool,
    /// Set if the client receives the binary form.
    ticks: Option<Ticks>,
    connection: Option<(Viewer, Vec<Cursor>)>,
    dashboard: Dashboard,
    epoch: String,
    seen: BTreeMap<Channel, u64>,
}

impl Client {
    pub(super) fn new(n: usize, audience: usize) -> Self {
        Self {
            audience,
            delta: n.is_multiple_of(2),
            ticks: (n == 0 || n == 3).then(Ticks::default),
            connection: None,
            dashboard: Dashboard::default(),
            epoch: String::new(),
            seen: BTreeMap::new(),
        }
    }

    pub(super) fn forget(&mut self) {
        self.disconnect();
        self.dashboard = Dashboard::default();
        self.epoch.clear();
        self.seen.clear();
        self.ticks.iter_mut().for_each(Ticks::clear);
    }

    pub(super) fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Enters the view of the client's audience. Another epoch makes what the client has invalid.
    fn enter(&mut self, world: &World) -> Viewer {
        let viewer = world.hub.viewer(audience(AUDIENCES[self.audience]));
        if self.epoch != viewer.epoch() {
            viewer.epoch().clone_into(&mut self.epoch);
            self.dashboard = Dashboard::default();
            self.seen.clear();
            self.ticks.iter_mut().for_each(Ticks::clear);
        }
        viewer
    }

    pub(super) fn connect(&mut self, world: &World) {
        self.disconnect();
        let viewer = self.enter(world);
        let mut cursors = Vec::new();
        for channel in Channel::ALL {
            let resume = self.seen.get(&channel).map(|seq| Resume {
                epoch: viewer.epoch().to_owned(),
                seq: *seq,
            });
            let (frames, cursor) = viewer.subscribe(channel, self.delta, resume.as_ref());
            cursors.push(cursor);
            self.take(frames, world);
        }
        self.connection = Some((viewer, cursors));
    }

    pub(super) fn grant(&mut self, to: usize, world: &World) {
        self.audience = to;
        if self.connection.is_some() {
            self.connect(world);
        }
    }

    pub(super) fn catch_up(&mut self, world: &World) {
        if let Some((viewer, cursors)) = &mut self.connection {
            let frames = viewer.catch_up(cursors);
            self.take(frames, world);
        }
    }

    pub(super) fn poll(&mut self, world: &World) {
        self.disconnect();
        let viewer = self.enter(world);
        let (_, frames) = viewer.poll(&Channel::ALL, Some(&self.epoch), &self.seen);
        self.take(frames, world);
    }

    fn take(&mut self, frames: Vec<Arc<Frame>>, world: &World) {
        for frame in frames {
            self.check(&frame, world);
            let message = match &mut self.ticks {
                Some(ticks) => read(&frame, ticks),
                None => ServerMessage::decode(&frame.json()).unwrap(),
            };
            let update = message.update().unwrap().clone();
            self.seen.insert(Channel::carrying(&update), frame.seq());
            self.dashboard.apply(update);
        }
    }

    /// Nothing in `frame` is outside the audience.
    fn check(&self, frame: &Frame, world: &World) {
        let json = frame.json();
        self.check_text(&json, world);
        let update = frame.message().update().unwrap();
        let (host, known) = (update.host(), self.dashboard.hosts.get(&update.host()));
        let is_partial = !world.sees_whole(self.audience, host);
        let is_event = matches!(update, Update::Event(_));
        assert!(is_event || world.sees_host(self.audience, host), "{json}");
        match update {
            Update::ContainersDelta { delta, .. } => {
                for id in &delta.removed {
                    let is_known = known.is_some_and(|host| host.containers.contains_key(id));
                    let is_seen = world.sees_container(self.audience, host, *id);
                    assert!(is_known || is_seen, "{json}");
                }
            }
            Update::Containers { .. } if is_partial && world.engines.contains(&host) => {
                let has_state = known.is_some_and(|host| !host.sources.is_empty());
                assert!(has_state, "the state of the engine comes first");
            }
            Update::Metrics { .. } => assert!(!is_partial),
            Update::Source(status) => assert!(!is_partial || status.is_engine()),
            _ => {}
        }
    }

    /// None of the markers in `text` is outside the audience.
    fn check_text(&self, text: &str, world: &World) {
        for marker in text.split('~').skip(1).step_by(2) {
            let is_seen = world.sees_marker(self.audience, marker);
            assert!(is_seen, "{:?}: {text}", AUDIENCES[self.audience]);
        }
    }

    /// Nothing that the client can read of a container reveals more than the audience may see.
    pub(super) fn probe(&mut self, world: &World, of: prop::sample::Index) {
        let all = world.all();
        if all.is_empty() {
            return;
        }
        let (host, id) = all[of.index(all.len())];
        let viewer = self.enter(world);
        let id = WorkloadId::container(host, id);
        let named = WorkloadRef {
            host: Some(host),
            ..id.reference()
        };
        for event in viewer.events_of(&named) {
            self.check_text(&serde_json::to_string(&event).unwrap(), world);
        }
        viewer.read(|seen| self.check_text(&format!("{seen:?}"), world));
        if !world.sees_container(self.audience, host, id.container_id().unwrap()) {
            assert_eq!(viewer.read(|seen| seen.find(&named)), None);
            assert_eq!(viewer.sparklines(std::slice::from_ref(&named)).lines, []);
            let now = Timestamp::from_millis(1_000);
            let history = viewer.stats_history(id, crate::model::HISTORY, now);
            assert_eq!(history.points, []);
        }
        if !world.sees_whole(self.audience, host) {
            assert_eq!(viewer.metrics_history(&host).samples, []);
        }
        if !world.sees_host(self.audience, host) {
            let hosts = || super::HOSTS.iter().map(|host| host.parse().unwrap());
            let nowhere = "nowhere".parse().unwrap();
            assert_eq!(
                viewer.has_listed(Some(host), hosts()),
                viewer.has_listed(Some(nowhere), hosts())
            );
        }
    }

    /// The client has everything that is inside its audience, and nothing else.
    pub(super) fn is_complete(&self, world: &World) {
        let everything = everything(&world.hub).read(Dashboard::clone);
        for (name, host) in &everything.hosts {
            let known = self.dashboard.hosts.get(name).cloned().unwrap_or_default();
            let mut expected = host.clone();
            if !world.sees_whole(self.audience, *name) {
                let sees = |id: &ContainerId| world.sees_container(self.audience, *name, *id);
                expected.containers.retain(|id, _| sees(id));
                let containers = &expected.containers;
                expected.stats.retain(|id, _| containers.contains_key(id));
                expected.metrics = None;
                expected.sources.retain(|_, status| status.is_engine());
                if expected.containers.is_empty() {
                    assert!(known.containers.is_empty() && known.stats.is_empty());
                    continue;
                }
            }
            assert_eq!(known.containers, expected.containers);
            assert_eq!(known.metrics, expected.metrics);
            assert_eq!(known.stats_at, expected.stats_at);
            let names = |host: &crate::model::Host| -> Vec<_> {
                let stats = host.stats.values();
                stats.map(|stats| stats.container_name.clone()).collect()
            };
            assert_eq!(names(&known), names(&expected));
            let states = |host: &crate::model::Host| -> Vec<_> {
                let sources = host.sources.values();
                sources
                    .map(|status| (status.source, status.state, status.since))
                    .collect()
            };
            assert_eq!(states(&known), states(&expected));
        }
        for marker in world.newest_events(self.audience, CAPACITY) {
            let mut events = self.dashboard.events.iter();
            assert!(events.any(|event| event.name.contains(&marker)), "{marker}");
        }
    }
}
