//! A client ends up with the server's state, regardless of which operations happen in which order.

mod audiences;
mod leaks;

use super::*;
use crate::{
    model::{
        ContainerId, ContainerStats, Containers, ContainersDelta, Dashboard, Event, Grant, Grants,
        HostId, Role, SourceKind, SourceState, SourceStatus, Timestamp, WorkloadId, diff,
        fixtures::{any_containers, container},
    },
    protocol::{
        Channel, Resume, ServerMessage,
        codec::{self, Ticks},
    },
};
use proptest::prelude::*;
use std::{collections::BTreeMap, io::Read};

/// Small, so that cursors fall out of the ring.
const CAPACITY: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    Publish(HostId, Containers),
    CatchUp(usize),
    Reconnect(usize),
    Restart(usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    let host = prop::sample::select(vec![HostId::default(), HostId::demo()]);
    prop_oneof![
        4 => (host, any_containers()).prop_map(|(host, list)| Step::Publish(host, list)),
        2 => (0..CLIENTS).prop_map(Step::CatchUp),
        1 => (0..CLIENTS).prop_map(Step::Reconnect),
        1 => (0..CLIENTS).prop_map(Step::Restart),
    ]
}

const CLIENTS: usize = 3;

/// A browser: the same reducer, fed by frames only.
struct Client {
    dashboard: Dashboard,
    delta: bool,
    /// Set if the client receives the binary form.
    ticks: Option<Ticks>,
    cursor: Cursor,
    seq: u64,
}

/// The message of a frame, decoded as a page decodes it.
fn read(frame: &Frame, ticks: &mut Ticks) -> ServerMessage {
    let frame = frame.binary();
    let Some(message) = codec::as_deflated(&frame) else {
        return ticks.decode(&frame).unwrap();
    };
    let mut plain = Vec::new();
    let mut decoder = flate2::read::DeflateDecoder::new(message);
    decoder.read_to_end(&mut plain).unwrap();
    ticks.decode(&codec::inflated(&plain)).unwrap()
}

impl Client {
    fn new(hub: &Viewer, n: usize) -> Self {
        let delta = n != 0;
        let (frames, cursor) = hub.subscribe(Channel::CONTAINERS, delta, None);
        let mut client = Self {
            dashboard: Dashboard::default(),
            delta,
            ticks: (n == CLIENTS - 1).then(Ticks::default),
            cursor,
            seq: 0,
        };
        client.take(frames);
        client
    }

    fn take(&mut self, frames: Vec<Arc<Frame>>) {
        for frame in frames {
            let message = match &mut self.ticks {
                Some(ticks) => read(&frame, ticks),
                None => ServerMessage::decode(&frame.json()).unwrap(),
            };
            assert!(frame.seq() >= self.seq, "numbers never go back");
            if !self.delta {
                assert!(matches!(message.update(), Some(Update::Containers { .. })));
            }
            self.seq = frame.seq();
            self.dashboard.apply(message.update().unwrap().clone());
        }
    }

    fn catch_up(&mut self, hub: &Viewer) {
        let frames = hub.catch_up(std::slice::from_mut(&mut self.cursor));
        self.take(frames);
    }

    fn reconnect(&mut self, hub: &Viewer) {
        let resume = Resume {
            epoch: hub.epoch().to_owned(),
            seq: self.seq,
        };
        let (frames, cursor) = hub.subscribe(Channel::CONTAINERS, self.delta, Some(&resume));
        self.cursor = cursor;
        self.take(frames);
    }
}

/// The audience of a viewer within these scopes.
fn audience(scopes: &[&str]) -> Audience {
    let scopes = scopes.iter().map(|scope| scope.parse().unwrap());
    let grants = scopes.map(|scope| Grant::new(Role::Viewer, scope));
    Audience::of(&Grants::new(grants).unwrap())
}

fn everything(hub: &Hub) -> Viewer {
    hub.viewer(Audience::Unrestricted)
}

fn publish_list(hub: &Hub, host: HostId, list: &Containers, at: i64) {
    let timestamp = Timestamp::from_millis(at);
    let known = everything(hub).read(|dashboard| dashboard.hosts.get(&host).cloned());
    hub.publish(vec![match known {
        Some(known) => Update::ContainersDelta {
            timestamp,
            host,
            delta: diff(&known.containers, list),
        },
        None => Update::containers(host, timestamp, list),
    }]);
}

proptest! {
    #[test]
    fn any_order_of_events_leads_every_client_to_the_servers_state(
        steps in prop::collection::vec(any_step(), 0..60),
    ) {
        let hub = Hub::new(CAPACITY);
        let viewer = everything(&hub);
        let mut clients: Vec<_> = (0..CLIENTS).map(|n| Client::new(&viewer, n)).collect();
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Publish(host, list) => publish_list(&hub, host, &list, n as i64),
                Step::CatchUp(client) => clients[client].catch_up(&viewer),
                Step::Reconnect(client) => clients[client].reconnect(&viewer),
                Step::Restart(client) => clients[client] = Client::new(&viewer, client),
            }
        }
        for client in &mut clients {
            client.catch_up(&viewer);
            prop_assert_eq!(client.seq, viewer.head(Channel::CONTAINERS));
            viewer.read(|dashboard| {
                prop_assert_eq!(&client.dashboard, dashboard);
                Ok(())
            })?;
        }
    }
}

#[derive(Clone, Debug)]
enum Tick {
    Publish(HostId, Vec<u8>),
    CatchUp,
    Reconnect,
    Restart,
}

fn any_tick() -> impl Strategy<Value = Tick> {
    let host = prop::sample::select(vec![HostId::default(), HostId::demo()]);
    let running = prop::collection::vec(0..6_u8, 0..6);
    prop_oneof![
        4 => (host, running).prop_map(|(host, running)| Tick::Publish(host, running)),
        2 => Just(Tick::CatchUp),
        1 => Just(Tick::Reconnect),
        1 => Just(Tick::Restart),
    ]
}

/// Stats of these containers; no two ticks are equal.
fn figures(n: i64, running: &[u8]) -> Vec<Arc<ContainerStats>> {
    let at = Timestamp::from_millis(n * 2_000);
    let figures = |id: &u8| {
        let id = ContainerId::from_bytes([*id; 32]);
        let mut stats = ContainerStats::unknown(id, format!("web-{}", n % 3), at);
        stats.memory_usage = Some(n.unsigned_abs() * 12_345);
        Arc::new(stats)
    };
    let mut list: Vec<_> = running.iter().map(figures).collect();
    list.sort_by_key(|stats| stats.container_id);
    list.dedup_by_key(|stats| stats.container_id);
    list
}

proptest! {
    #[test]
    fn changes_of_figures_lead_every_page_to_the_newest(steps in prop::collection::vec(any_tick(), 0..60)) {
        let hub = Hub::new(CAPACITY);
        let (mut ticks, mut newest) = (Ticks::default(), BTreeMap::new());
        let mut shown = BTreeMap::new();
        let viewer = everything(&hub);
        let (_, mut cursor) = viewer.subscribe(Channel::STATS, false, None);
        for (n, step) in steps.into_iter().chain([Tick::CatchUp]).enumerate() {
            let frames = match step {
                Tick::Publish(host, running) => {
                    let (timestamp, data) = (Timestamp::from_millis(n as i64), figures(n as i64, &running));
                    newest.insert(host, data.clone());
                    hub.publish(vec![Update::Stats { timestamp, host, data }]);
                    continue;
                }
                Tick::CatchUp => viewer.catch_up(std::slice::from_mut(&mut cursor)),
                Tick::Reconnect => {
                    let resume = Resume { epoch: hub.epoch().to_owned(), seq: cursor.seq() };
                    let (frames, next) = viewer.subscribe(Channel::STATS, false, Some(&resume));
                    cursor = next;
                    frames
                }
                Tick::Restart => {
                    ticks.clear();
                    let (frames, next) = viewer.subscribe(Channel::STATS, false, None);
                    cursor = next;
                    frames
                }
            };
            for frame in frames {
                if let Some(Update::Stats { host, data, .. }) = read(&frame, &mut ticks).update() {
                    shown.insert(*host, data.clone());
                }
            }
        }
        let rounded = |list: &Vec<Arc<ContainerStats>>| codec::decode(&codec::encode(list)).unwrap();
        let newest: BTreeMap<_, Vec<_>> = newest.iter().map(|(host, list)| (*host, rounded(list))).collect();
        prop_assert_eq!(shown, newest);
    }
}

#[test]
fn figures_of_a_container_that_has_ended_come_to_nobody_s_dashboard() {
    let hub = Hub::new(CAPACITY);
    let list = |n| Containers::from([(container(n).id, Arc::new(container(n)))]);
    publish_list(&hub, HostId::default(), &list(1), 1);
    let (host, timestamp) = (HostId::default(), Timestamp::from_millis(2));
    let data = figures(2, &[1]);
    hub.publish(vec![Update::Stats {
        timestamp,
        host,
        data,
    }]);
    let mut ended = list(1);
    let container = ended.values_mut().next().unwrap();
    Arc::make_mut(container).state = crate::model::ContainerState::Exited;
    publish_list(&hub, HostId::default(), &ended, 3);
    let mut page = Dashboard::default();
    let viewer = everything(&hub);
    for frame in viewer.snapshot(&[Channel::CONTAINERS, Channel::STATS]).1 {
        page.apply(frame.message().update().unwrap().clone());
    }
    viewer.read(|dashboard| {
        assert_eq!(dashboard.hosts, page.hosts);
        assert!(dashboard.hosts[&HostId::default()].stats.is_empty());
    });
}

fn event(n: i64) -> Update {
    Update::Event(Arc::new(Event {
        host: HostId::default(),
        timestamp: Timestamp::from_millis(n),
        kind: "container".into(),
        action: "start".into(),
        id: String::new(),
        name: format!("web-{n}"),
        ..Event::default()
    }))
}

fn seqs(frames: &[Arc<Frame>]) -> Vec<u64> {
    frames.iter().map(|frame| frame.seq()).collect()
}

#[test]
fn missed_events_are_replayed_as_far_as_they_are_kept() {
    let hub = Hub::new(CAPACITY);
    for n in 1..=6 {
        hub.publish(vec![event(n)]);
    }
    let viewer = everything(&hub);
    let resume = |seq| {
        let epoch = hub.epoch().to_owned();
        let (frames, _) = viewer.subscribe(Channel::EVENTS, false, Some(&Resume { epoch, seq }));
        seqs(&frames)
    };
    assert_eq!(resume(4), [5, 6]);
    assert_eq!(resume(6), [0; 0]);
    assert_eq!(resume(1), [3, 4, 5, 6], "the rest of what is left");
    assert_eq!(resume(99), [3, 4, 5, 6], "a number never given");
}

#[test]
fn a_number_of_another_run_is_worth_nothing() {
    let hub = Hub::new(CAPACITY);
    publish_list(&hub, HostId::default(), &Containers::new(), 1);
    let resume = Resume {
        epoch: "0123456789abcdef".into(),
        seq: 1,
    };
    let viewer = everything(&hub);
    let (frames, cursor) = viewer.subscribe(Channel::CONTAINERS, true, Some(&resume));
    assert_eq!(seqs(&frames), [1]);
    assert_eq!((cursor.channel(), cursor.seq()), (Channel::CONTAINERS, 1));
}

#[test]
fn a_snapshot_is_made_and_encoded_once_for_all() {
    let hub = Hub::new(CAPACITY);
    let list = Containers::from([(container(1).id, Arc::new(container(1)))]);
    publish_list(&hub, HostId::default(), &list, 1);
    let viewer = everything(&hub);
    let snapshot = || {
        viewer
            .subscribe(Channel::CONTAINERS, true, None)
            .0
            .remove(0)
    };
    let (first, second) = (snapshot(), snapshot());
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(first.json().as_ptr(), second.json().as_ptr());
    hub.publish(vec![Update::ContainersDelta {
        host: HostId::default(),
        timestamp: Timestamp::from_millis(2),
        delta: ContainersDelta {
            upserts: Vec::new(),
            removed: vec![container(1).id],
        },
    }]);
    assert!(!Arc::ptr_eq(&first, &snapshot()));
}

#[test]
fn everybody_is_woken_once_for_all_updates_of_a_publication() {
    let hub = Hub::new(CAPACITY);
    let changes = hub.changes();
    hub.publish(Vec::new());
    assert!(!changes.has_changed().unwrap());
    hub.publish(vec![event(1), event(2)]);
    assert!(changes.has_changed().unwrap());
    assert_eq!(*changes.borrow(), 1);
}

#[test]
fn the_snapshot_of_the_sources_is_every_source_as_it_is_now() {
    let hub = Hub::new(CAPACITY);
    let status = |source, state| SourceStatus {
        host: HostId::default(),
        source,
        state,
        since: Timestamp::from_millis(1),
        last_seen: None,
        message: None,
        endpoint: None,
        version: None,
        machine: None,
    };
    for state in [SourceState::Down, SourceState::Live] {
        hub.publish(vec![Update::Source(status(SourceKind::Docker, state))]);
    }
    hub.publish(vec![Update::Source(status(
        SourceKind::System,
        SourceState::Live,
    ))]);
    let (_, frames) = everything(&hub).snapshot(&[Channel::SOURCES]);
    let updates: Vec<_> = frames
        .iter()
        .filter_map(|frame| frame.message().update().cloned())
        .collect();
    assert_eq!(
        updates,
        [SourceKind::Docker, SourceKind::System]
            .map(|source| Update::Source(status(source, SourceState::Live)))
    );
}

#[test]
fn what_is_outside_an_audience_leaves_no_trace() {
    let hub = Hub::new(CAPACITY);
    let (own, other) = (HostId::local(), HostId::demo());
    let list = |n| Containers::from([(container(n).id, Arc::new(container(n)))]);
    let stats = |host, n| Update::Stats {
        timestamp: Timestamp::from_millis(i64::from(n)),
        host,
        data: figures(i64::from(n), &[n]),
    };
    // One audience exists from the start; the other one is created once there is something to see.
    let mut early = Vec::new();
    let early_viewer = hub.viewer(audience(&["host:local"]));
    for channel in Channel::ALL {
        early.push(early_viewer.subscribe(channel, true, None).1);
    }
    let before = early_viewer.head(Channel::STATS);
    publish_list(&hub, own, &list(1), 1);
    let changes = hub.changes();
    publish_list(&hub, other, &list(2), 2);
    hub.publish(vec![stats(own, 1), stats(other, 2)]);
    hub.publish(vec![stats(other, 2)]);
    assert!(
        changes.has_changed().unwrap(),
        "the rest of the world goes on"
    );
    for host in [own, other] {
        hub.publish(vec![Update::Event(Arc::new(Event {
            host,
            timestamp: Timestamp::from_millis(3),
            kind: "container".into(),
            action: "start".into(),
            id: container(2).id.to_string(),
            name: "web-2".into(),
            ..Event::default()
        }))]);
    }
    let late_viewer = hub.viewer(audience(&["host:local"]));
    let seen = early_viewer.catch_up(&mut early);
    let asked = late_viewer.snapshot(&Channel::ALL).1;
    for frame in seen.iter().chain(&asked) {
        let update = frame.message().update().unwrap();
        assert_eq!(update.host(), own, "{update:?}");
    }
    assert_eq!(
        late_viewer.head(Channel::STATS),
        before + 1,
        "numbers do not tell of what is not seen"
    );
    assert_eq!(early_viewer.head(Channel::CONTAINERS), before + 1);
    let hidden = WorkloadId::container(other, container(2).id);
    assert_eq!(
        late_viewer.read(|seen| seen.find(&hidden.reference())),
        None
    );
    assert_eq!(late_viewer.read(|seen| seen.containers().count()), 1);
    assert_eq!(late_viewer.events_of(&hidden.reference()).len(), 0);
    assert_eq!(late_viewer.sparklines(&[hidden.reference()]).lines, []);
    let (range, now) = (crate::model::HISTORY, Timestamp::from_millis(9));
    assert_eq!(late_viewer.stats_history(hidden, range, now).points, []);
    assert_eq!(late_viewer.metrics_history(&other).samples, []);
    let whole = everything(&hub);
    assert_eq!(whole.stats_history(hidden, range, now).points.len(), 1);
    assert_eq!(whole.events_of(&hidden.reference()).len(), 1);
}
