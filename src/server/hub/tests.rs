//! Whatever happens in whatever order, a client ends up with the server's state.

use super::*;
use crate::{
    model::{
        ContainerId, ContainerStats, Containers, ContainersDelta, Event, SourceKind, SourceState,
        SourceStatus, Timestamp, diff,
        fixtures::{any_containers, container},
    },
    protocol::codec::{self, Ticks},
};
use proptest::prelude::*;
use std::io::Read;

/// Small, so that clients fall off.
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

/// A browser: the same reducer, fed only by frames.
struct Client {
    dashboard: Dashboard,
    delta: bool,
    /// Whether it gets the binary form.
    ticks: Option<Ticks>,
    cursor: Cursor,
    seq: u64,
}

/// The message of a frame, as a page reads it.
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
    fn new(hub: &Hub, n: usize) -> Self {
        let delta = n != 0;
        let (frames, cursor) = hub.subscribe(Channel::Containers, delta, None);
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
                assert!(matches!(message, ServerMessage::Containers { .. }));
            }
            self.seq = frame.seq();
            self.dashboard.apply(message.into_update().unwrap());
        }
    }

    fn catch_up(&mut self, hub: &Hub) {
        let frames = hub.catch_up(std::slice::from_mut(&mut self.cursor));
        self.take(frames);
    }

    fn reconnect(&mut self, hub: &Hub) {
        let resume = Resume {
            epoch: hub.epoch().to_owned(),
            seq: self.seq,
        };
        let (frames, cursor) = hub.subscribe(Channel::Containers, self.delta, Some(&resume));
        self.cursor = cursor;
        self.take(frames);
    }
}

fn publish_list(hub: &Hub, host: HostId, list: &Containers, at: i64) {
    let at = Timestamp::from_millis(at);
    let known = hub.read(|dashboard| dashboard.hosts.get(&host).cloned());
    hub.publish(vec![match known {
        Some(known) => Update::ContainersDelta {
            delta: diff(&known.containers, list),
            host,
            at,
        },
        None => Update::Containers {
            containers: list.values().cloned().collect(),
            host,
            at,
        },
    }]);
}

proptest! {
    #[test]
    fn any_order_of_events_leads_every_client_to_the_servers_state(
        steps in prop::collection::vec(any_step(), 0..60),
    ) {
        let hub = Hub::new(CAPACITY);
        let mut clients: Vec<_> = (0..CLIENTS).map(|n| Client::new(&hub, n)).collect();
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Publish(host, list) => publish_list(&hub, host, &list, n as i64),
                Step::CatchUp(client) => clients[client].catch_up(&hub),
                Step::Reconnect(client) => clients[client].reconnect(&hub),
                Step::Restart(client) => clients[client] = Client::new(&hub, client),
            }
        }
        for client in &mut clients {
            client.catch_up(&hub);
            prop_assert_eq!(client.seq, hub.head(Channel::Containers));
            hub.read(|dashboard| {
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

/// Figures of these containers, no two ticks the same.
fn figures(n: i64, running: &[u8]) -> Vec<ContainerStats> {
    let at = Timestamp::from_millis(n * 2_000);
    let figures = |id: &u8| {
        let id = ContainerId::from_bytes([*id; 32]);
        let mut stats = ContainerStats::unknown(id, format!("web-{}", n % 3), at);
        stats.memory_usage = Some(n.unsigned_abs() * 12_345);
        stats
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
        let (_, mut cursor) = hub.subscribe(Channel::Stats, false, None);
        for (n, step) in steps.into_iter().chain([Tick::CatchUp]).enumerate() {
            let frames = match step {
                Tick::Publish(host, running) => {
                    let (at, stats) = (Timestamp::from_millis(n as i64), figures(n as i64, &running));
                    newest.insert(host.clone(), stats.clone());
                    hub.publish(vec![Update::Stats { host, at, stats }]);
                    continue;
                }
                Tick::CatchUp => hub.catch_up(std::slice::from_mut(&mut cursor)),
                Tick::Reconnect => {
                    let resume = Resume { epoch: hub.epoch().to_owned(), seq: cursor.seq() };
                    let (frames, next) = hub.subscribe(Channel::Stats, false, Some(&resume));
                    cursor = next;
                    frames
                }
                Tick::Restart => {
                    ticks.clear();
                    let (frames, next) = hub.subscribe(Channel::Stats, false, None);
                    cursor = next;
                    frames
                }
            };
            for frame in frames {
                if let ServerMessage::Stats { host, data, .. } = read(&frame, &mut ticks) {
                    shown.insert(host, data);
                }
            }
        }
        let rounded = |list: &Vec<ContainerStats>| codec::decode(&codec::encode(list)).unwrap();
        let newest: BTreeMap<_, Vec<_>> = newest.iter().map(|(host, list)| (host.clone(), rounded(list))).collect();
        prop_assert_eq!(shown, newest);
    }
}

#[test]
fn figures_of_a_container_that_has_ended_come_to_nobody_s_dashboard() {
    let hub = Hub::new(CAPACITY);
    let list = |n| Containers::from([(container(n).id, Arc::new(container(n)))]);
    publish_list(&hub, HostId::default(), &list(1), 1);
    let (host, at) = (HostId::default(), Timestamp::from_millis(2));
    let stats = figures(2, &[1]);
    hub.publish(vec![Update::Stats { host, at, stats }]);
    let mut ended = list(1);
    let container = ended.values_mut().next().unwrap();
    Arc::make_mut(container).state = crate::model::ContainerState::Exited;
    publish_list(&hub, HostId::default(), &ended, 3);
    let mut page = Dashboard::default();
    for frame in hub.snapshot(&[Channel::Containers, Channel::Stats]).1 {
        page.apply(frame.message().clone().into_update().unwrap());
    }
    hub.read(|dashboard| {
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
        attributes: BTreeMap::new(),
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
    let resume = |seq| {
        let epoch = hub.epoch().to_owned();
        let (frames, _) = hub.subscribe(Channel::Events, false, Some(&Resume { epoch, seq }));
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
    let (frames, cursor) = hub.subscribe(Channel::Containers, true, Some(&resume));
    assert_eq!(seqs(&frames), [1]);
    assert_eq!((cursor.channel(), cursor.seq()), (Channel::Containers, 1));
}

#[test]
fn a_snapshot_is_made_and_encoded_once_for_all() {
    let hub = Hub::new(CAPACITY);
    let list = Containers::from([(container(1).id, Arc::new(container(1)))]);
    publish_list(&hub, HostId::default(), &list, 1);
    let snapshot = || hub.subscribe(Channel::Containers, true, None).0.remove(0);
    let (first, second) = (snapshot(), snapshot());
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(first.json().as_ptr(), second.json().as_ptr());
    hub.publish(vec![Update::ContainersDelta {
        host: HostId::default(),
        at: Timestamp::from_millis(2),
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
    let (_, frames) = hub.snapshot(&[Channel::Sources]);
    let messages: Vec<_> = frames.iter().map(|frame| frame.message().clone()).collect();
    assert_eq!(
        messages,
        [SourceKind::Docker, SourceKind::System]
            .map(|source| ServerMessage::Source(status(source, SourceState::Live)))
    );
}
