//! What restricted audiences see, and how long their views live.

use super::*;
use crate::model::{Container, EventSubject, HostMetrics, Machine};
use std::time::Duration;

const HOST: HostId = HostId::local();

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// A container with the label `team`.
fn of_team(n: u8, team: &str) -> Arc<Container> {
    Arc::new(Container {
        labels: [("team".to_owned(), team.to_owned())].into(),
        ..container(n)
    })
}

fn list(containers: &[Arc<Container>]) -> Containers {
    let containers = containers.iter().cloned();
    containers
        .map(|container| (container.id, container))
        .collect()
}

fn stats(ms: i64, named: &[(u8, &str)]) -> Update {
    let figures = |(n, name): &(u8, &str)| {
        let name = (*name).to_owned();
        Arc::new(ContainerStats::unknown(container(*n).id, name, at(ms)))
    };
    Update::Stats {
        timestamp: at(ms),
        host: HOST,
        data: named.iter().map(figures).collect(),
    }
}

fn engine(state: SourceState, message: &str) -> Update {
    Update::Source(SourceStatus {
        host: HOST,
        source: SourceKind::Docker,
        state,
        since: at(5),
        last_seen: Some(at(4)),
        message: Some(message.to_owned()),
        endpoint: Some("tcp://10.0.0.7:2376".into()),
        version: Some("Docker 28".into()),
        machine: Some(Machine::default()),
    })
}

fn metrics() -> Update {
    let world = serde_json::json!({
        "cpu": {"usage": 1.0, "cores": 1, "loadAvg": [0, 0, 0]},
        "memory": {"total": 1, "used": 1, "free": 0, "usage": 100.0},
        "uptime": 1, "hostname": "machine",
    });
    let data: HostMetrics = serde_json::from_value(world).unwrap();
    Update::Metrics {
        timestamp: at(1),
        host: HOST,
        data: Arc::new(data),
    }
}

/// An event of a container with a label, and maybe an old name.
fn event_of(name: &str, action: &str, team: &str, old_name: Option<&str>) -> Update {
    let old_name = old_name.map(|name| ("oldName".to_owned(), format!("/{name}")));
    Update::Event(Arc::new(Event {
        host: HOST,
        timestamp: at(1),
        kind: "container".into(),
        action: action.into(),
        id: container(1).id.to_string(),
        name: name.into(),
        attributes: old_name.into_iter().collect(),
        subject: Some(Arc::new(EventSubject {
            project: Some("shop".into()),
            labels: [("team".to_owned(), team.to_owned())].into(),
        })),
    }))
}

fn subscribed(viewer: &Viewer) -> Vec<Cursor> {
    let channels = Channel::ALL.iter();
    channels
        .map(|channel| viewer.subscribe(*channel, true, None).1)
        .collect()
}

fn updates(frames: &[Arc<Frame>]) -> Vec<Update> {
    let updates = frames.iter().filter_map(|frame| frame.message().update());
    updates.cloned().collect()
}

/// The updates as JSON, to search for texts.
fn texts(frames: &[Arc<Frame>]) -> String {
    frames
        .iter()
        .map(|frame| frame.json().to_string())
        .collect()
}

fn containers_of(viewer: &Viewer) -> Vec<ContainerId> {
    viewer.read(|seen| {
        seen.containers()
            .map(|(_, container)| container.id)
            .collect()
    })
}

#[test]
fn an_audience_is_the_normal_form_of_grants() {
    assert_eq!(audience(&["*", "host:nas"]), Audience::Unrestricted);
    let shop = audience(&["cluster:prod", "name:web-*"]);
    assert_eq!(
        audience(&[
            "name:web-*",
            "cluster:prod/shop",
            "name:web-1",
            "cluster:prod"
        ]),
        shop
    );
    assert_ne!(shop, audience(&[]));
}

#[test]
fn a_partial_host_shows_only_the_state_of_its_engine_and_its_visible_containers() {
    let hub = Hub::new(CAPACITY);
    let viewer = hub.viewer(audience(&["label:team=web"]));
    let mut cursors = subscribed(&viewer);
    hub.publish(vec![
        engine(SourceState::Down, "tcp://10.0.0.7:2376 refuses"),
        metrics(),
    ]);
    publish_list(&hub, HOST, &list(&[of_team(2, "db")]), 1);
    hub.publish(vec![stats(2, &[(2, "web-2")])]);
    assert!(
        viewer.catch_up(&mut cursors).is_empty(),
        "nothing is visible"
    );
    assert!(viewer.read(|seen| seen.hosts.is_empty()));

    publish_list(&hub, HOST, &list(&[of_team(1, "web"), of_team(2, "db")]), 3);
    hub.publish(vec![stats(4, &[(1, "web-1"), (2, "web-2")])]);
    let frames = viewer.catch_up(&mut cursors);
    let received = updates(&frames);
    let [
        Update::Source(status),
        Update::Containers { data, .. },
        Update::Stats { data: figures, .. },
    ] = received.as_slice()
    else {
        panic!("{received:?}");
    };
    assert_eq!((status.state, status.since), (SourceState::Down, at(5)));
    assert_eq!(status.last_seen, Some(at(4)));
    assert_eq!((data.len(), figures.len()), (1, 1));
    hub.publish(vec![
        engine(SourceState::Down, "10.0.0.7: no route"),
        metrics(),
    ]);
    assert!(
        viewer.catch_up(&mut cursors).is_empty(),
        "only the reason has changed"
    );

    let late = hub.viewer(audience(&["name:web-1"]));
    let frames = [frames, late.snapshot(&Channel::ALL).1].concat();
    for secret in ["10.0.0.7", "Docker 28", "machine", "web-2", "db"] {
        assert!(!texts(&frames).contains(secret), "{secret}");
    }
    let whole = hub.viewer(audience(&["host:local"]));
    assert_eq!(whole.metrics_history(&HOST).samples.len(), 2);
    let all = texts(&whole.snapshot(&Channel::ALL).1);
    for shown in ["10.0.0.7", "Docker 28", "machine", "web-2", "db"] {
        assert!(all.contains(shown), "{shown}");
    }
}

#[test]
fn a_new_view_has_the_recent_events_and_figures() {
    let hub = Hub::new(CAPACITY);
    publish_list(&hub, HOST, &list(&[of_team(1, "web"), of_team(2, "db")]), 1);
    hub.publish(vec![
        stats(2, &[(1, "web-1"), (2, "web-2")]),
        event_of("web-1", "start", "web", None),
        event_of("web-2", "start", "db", None),
    ]);
    let viewer = hub.viewer(audience(&["label:team=web"]));
    let (frames, mut cursor) = viewer.subscribe(Channel::STATS, false, None);
    let mut ticks = Ticks::default();
    let first = read(&frames[0], &mut ticks);
    hub.publish(vec![stats(4, &[(1, "web-1"), (2, "web-2")])]);
    let frames = viewer.catch_up(std::slice::from_mut(&mut cursor));
    for message in [first, read(&frames[0], &mut ticks)] {
        let Some(Update::Stats { data, .. }) = message.update() else {
            panic!("{message:?}");
        };
        assert_eq!(data.len(), 1);
    }
    let events = viewer.events_of(&WorkloadId::container(HOST, container(1).id).reference());
    assert_eq!(events.len(), 1);
    assert_eq!(viewer.snapshot(&[Channel::EVENTS]).1.len(), 1);
}

#[test]
fn a_container_that_leaves_the_audience_is_removed_and_in_no_later_frame() {
    let hub = Hub::new(CAPACITY);
    let viewer = hub.viewer(audience(&["label:team=web"]));
    let stays = of_team(3, "web");
    publish_list(&hub, HOST, &list(&[Arc::clone(&stays)]), 1);
    let mut away = subscribed(&viewer);
    publish_list(
        &hub,
        HOST,
        &list(&[of_team(1, "web"), Arc::clone(&stays)]),
        2,
    );
    hub.publish(vec![stats(2, &[(1, "web-1"), (3, "web-3")])]);
    let mut present = subscribed(&viewer);

    publish_list(&hub, HOST, &list(&[of_team(1, "db"), stays]), 3);
    let received = updates(&viewer.catch_up(&mut present));
    let [
        Update::ContainersDelta { delta, .. },
        Update::Stats { data, .. },
    ] = received.as_slice()
    else {
        panic!("{received:?}");
    };
    assert_eq!(
        (delta.upserts.len(), &delta.removed),
        (0, &vec![container(1).id])
    );
    assert_eq!(data.len(), 1);
    for frames in [viewer.catch_up(&mut away), viewer.snapshot(&Channel::ALL).1] {
        assert!(texts(&frames).contains("web-3"));
        assert!(!texts(&frames).contains("web-1"));
    }
    assert_eq!(containers_of(&viewer), [container(3).id]);
    let hidden = WorkloadId::container(HOST, container(1).id);
    assert_eq!(
        viewer
            .stats_history(hidden, crate::model::HISTORY, at(9))
            .points,
        []
    );
    assert_eq!(viewer.sparklines(&[hidden.reference()]).lines, []);
}

#[test]
fn figures_with_an_old_name_get_the_name_that_is_visible() {
    let hub = Hub::new(CAPACITY);
    let viewer = hub.viewer(audience(&["name:web-*"]));
    publish_list(&hub, HOST, &list(&[of_team(1, "web")]), 1);
    hub.publish(vec![stats(2, &[(1, "secret")])]);
    let frames = viewer.snapshot(&[Channel::STATS]).1;
    assert!(texts(&frames).contains("web-1") && !texts(&frames).contains("secret"));
}

#[test]
fn events_are_judged_by_their_own_properties() {
    let hub = Hub::new(CAPACITY);
    let image = Update::Event(Arc::new(Event {
        kind: "image".into(),
        action: "pull".into(),
        name: "web-image".into(),
        ..Event::default()
    }));
    for (scope, update, is_seen) in [
        // None of these containers is listed.
        (
            "label:team=web",
            event_of("web-1", "create", "web", None),
            true,
        ),
        (
            "label:team=web",
            event_of("web-1", "destroy", "web", None),
            true,
        ),
        (
            "label:team=web",
            event_of("web-1", "destroy", "db", None),
            false,
        ),
        ("project:shop", event_of("x", "destroy", "db", None), true),
        ("project:blog", event_of("x", "destroy", "db", None), false),
        (
            "name:web-*",
            event_of("web-1", "rename", "db", Some("web-0")),
            true,
        ),
        (
            "name:web-*",
            event_of("web-1", "rename", "db", Some("secret")),
            false,
        ),
        (
            "name:web-*",
            event_of("secret", "rename", "db", Some("web-1")),
            false,
        ),
        (
            "label:team=web",
            event_of("web-1", "rename", "web", Some("x")),
            true,
        ),
        ("name:*", image.clone(), false),
        ("host:local", image, true),
        ("host:nas", event_of("web-1", "create", "web", None), false),
    ] {
        let viewer = hub.viewer(audience(&[scope]));
        let mut cursors = subscribed(&viewer);
        hub.publish(vec![update.clone()]);
        let is_received = !viewer.catch_up(&mut cursors).is_empty();
        assert_eq!(is_received, is_seen, "{scope}: {update:?}");
    }
}

#[test]
fn a_named_host_outside_the_audience_is_like_one_that_does_not_exist() {
    let hub = Hub::new(CAPACITY);
    let (slow, nowhere) = ("slow".parse().unwrap(), "nowhere".parse().unwrap());
    let viewer = hub.viewer(audience(&["label:team=web"]));
    let listed = |viewer: &Viewer, named| viewer.has_listed(Some(named), [HOST, slow].into_iter());
    publish_list(&hub, HOST, &list(&[of_team(1, "web")]), 1);
    assert!(listed(&viewer, HOST), "it is visible");
    assert!(!listed(&viewer, slow) && !listed(&viewer, nowhere));
    publish_list(&hub, slow, &list(&[of_team(2, "db")]), 2);
    assert!(listed(&viewer, slow) && listed(&viewer, nowhere));
    assert!(listed(&everything(&hub), nowhere));
}

/// As if `time` had passed, with a publication before and after.
fn pass(hub: &Hub, time: Duration) {
    hub.state(|state| {
        let now = tokio::time::Instant::now();
        state.others.drop_unused_at(now);
        state.others.drop_unused_at(now + time);
    });
}

#[test]
fn a_view_outlives_its_last_viewer_by_a_minute() {
    let hub = Hub::new(CAPACITY);
    let web = || hub.viewer(audience(&["label:team=web"]));
    let first = web();
    let epoch = first.epoch().to_owned();
    assert_ne!(epoch, hub.epoch());
    pass(&hub, Duration::from_secs(3_600));
    assert_eq!(web().epoch(), epoch, "it has a viewer");
    drop(first);
    pass(&hub, Duration::from_secs(59));
    assert_eq!(web().epoch(), epoch);
    pass(&hub, Duration::from_secs(60));
    assert_ne!(web().epoch(), epoch);
}

#[test]
fn views_without_a_viewer_are_limited_and_the_longest_unused_goes_first() {
    let hub = Hub::new(CAPACITY);
    let view = |n: usize| hub.viewer(audience(&[&format!("project:p{n}")]));
    let epochs: Vec<_> = (0..=views::MAX_UNUSED)
        .map(|n| {
            let epoch = view(n).epoch().to_owned();
            pass(&hub, Duration::ZERO);
            epoch
        })
        .collect();
    assert_ne!(view(0).epoch(), epochs[0]);
    assert_eq!(view(1).epoch(), epochs[1]);
}

#[test]
fn sequence_numbers_of_another_view_lead_to_a_snapshot() {
    let hub = Hub::new(CAPACITY);
    let publish = |n: i64| {
        let containers = [of_team(1, "web"), of_team(2, &format!("db{n}"))];
        publish_list(&hub, HOST, &list(&containers), n);
    };
    publish(1);
    let scopes: [&[&str]; 3] = [&["label:team=web"], &["host:local"], &["*"]];
    let viewers = scopes.map(|scopes| hub.viewer(audience(scopes)));
    let heads = || {
        viewers
            .each_ref()
            .map(|viewer| viewer.head(Channel::CONTAINERS))
    };
    let mut numbers = Vec::from(heads());
    for n in 2..5 {
        publish(n);
        numbers.extend(heads());
    }
    for viewer in &viewers {
        let head = viewer.head(Channel::CONTAINERS);
        for seq in &numbers {
            let is_own = head.abs_diff(*seq) < 10;
            let resume = Resume {
                epoch: viewer.epoch().to_owned(),
                seq: *seq,
            };
            let (frames, _) = viewer.subscribe(Channel::CONTAINERS, true, Some(&resume));
            let is_snapshot = matches!(updates(&frames).as_slice(), [Update::Containers { .. }]);
            assert_eq!(is_snapshot, !is_own, "{seq} at {head}");
        }
        assert!(head < 1 << 53, "JavaScript can read it");
    }
}

#[test]
fn a_restricted_subscription_watches_only_visible_hosts() {
    let hub = Hub::new(CAPACITY);
    let other = HostId::demo();
    let watched = |host| *hub.demand().stats(host).borrow();
    publish_list(&hub, other, &list(&[of_team(2, "db")]), 1);
    let viewer = hub.viewer(audience(&["label:team=web"]));
    let cursor = viewer.subscribe(Channel::STATS, true, None).1;
    assert!(!watched(HOST) && !watched(other));
    publish_list(&hub, HOST, &list(&[of_team(1, "web")]), 2);
    assert!(watched(HOST) && !watched(other));
    drop(cursor);
    assert!(!watched(HOST));
}
