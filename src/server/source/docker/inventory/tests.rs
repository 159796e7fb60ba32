use super::*;
use crate::model::{HostId, Timestamp};
use serde_json::{Value, json};

const UP: &str = "Up 3 minutes";

fn id(n: u8) -> ContainerId {
    ContainerId::from_bytes([n; 32])
}

fn entry(n: u8, status: &str) -> Value {
    json!({"Id": id(n), "Names": [format!("/web-{n}")], "State": "running", "Status": status})
}

fn list_of(entries: &[Value]) -> List {
    convert::list(&json!(entries).to_string(), None).unwrap()
}

fn listed(n: u8, status: &str) -> Listed {
    list_of(&[entry(n, status)]).listed.remove(0)
}

fn details(restarts: u32) -> Details {
    Details {
        restart_count: Some(restarts),
        started_at: Some(Timestamp::from_millis(1)),
        ..Details::default()
    }
}

fn event(n: u8, action: &str, attributes: &[(&str, &str)]) -> Event {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Event {
        host: HostId::default(),
        timestamp: Timestamp::from_millis(5_000),
        kind: "container".into(),
        action: action.into(),
        id: id(n).to_string(),
        name: "web-1".into(),
        attributes: attributes.iter().map(text).collect(),
    }
}

/// An inventory, and a clock that moves on with everything that happens.
struct Story {
    inventory: Inventory,
    now: Instant,
}

impl Story {
    fn new() -> Self {
        Self {
            inventory: Inventory::default(),
            now: Instant::now(),
        }
    }

    fn after(&mut self, ms: u64) -> Instant {
        self.now += Duration::from_millis(ms);
        self.now
    }

    /// A list of all, asked for now.
    fn all(&mut self, entries: &[Value]) -> Applied {
        let asked = self.after(1);
        self.inventory.on_list(&Scope::All, list_of(entries), asked)
    }

    /// A list of container `n`, asked for now.
    fn only(&mut self, n: u8, entries: &[Value]) -> Applied {
        let asked = self.after(1);
        let scope = Scope::Only([id(n)].into());
        self.inventory.on_list(&scope, list_of(entries), asked)
    }

    fn inspected(&mut self, n: u8, details: Details) -> Option<Container> {
        let asked = self.after(1);
        self.inventory.on_inspected(&id(n), details, asked)
    }

    fn event(&mut self, action: &str, attributes: &[(&str, &str)]) -> Option<Container> {
        let now = self.after(1);
        let event = event(1, action, attributes);
        let delta = self.inventory.on_event(&event, None, now);
        assert_eq!(delta.removed, []);
        delta.upserts.first().map(|container| (**container).clone())
    }

    fn container(&self, n: u8) -> Container {
        self.inventory.known[&id(n)].container()
    }

    fn state(&self) -> ContainerState {
        self.container(1).state
    }
}

fn changed(applied: &Applied) -> &[Arc<Container>] {
    assert_eq!(applied.delta.removed, []);
    &applied.delta.upserts
}

#[test]
fn a_list_is_shown_at_once_and_details_that_hold_are_kept() {
    let mut story = Story::new();
    let first = story.all(&[entry(1, UP), entry(2, UP)]);
    let containers = first.all.unwrap();
    assert_eq!(containers.len(), 2);
    assert_eq!(first.inspect, [id(1), id(2)], "they are not known yet");
    story.inspected(1, details(7));
    let second = story.all(&[entry(1, "Up 4 minutes")]);
    assert_eq!(second.inspect, [], "the details hold");
    let containers = second.all.unwrap();
    let [container] = containers.as_slice() else {
        panic!("{containers:?}")
    };
    assert_eq!(container.status, "Up 4 minutes");
    assert_eq!(container.restart_count, Some(7));
}

#[test]
fn only_a_difference_is_observed() {
    let mut story = Story::new();
    assert_eq!(changed(&story.only(1, &[entry(1, UP)])).len(), 1);
    assert_eq!(changed(&story.only(1, &[entry(1, UP)])).len(), 0);
    assert!(story.inspected(1, details(0)).is_some());
    assert!(story.inspected(1, details(0)).is_none());
    assert!(story.inspected(1, details(1)).is_some());
}

#[test]
fn an_event_changes_a_container_before_the_engine_is_asked() {
    let mut story = Story::new();
    story.all(&[entry(1, UP)]);
    story.inspected(1, details(2));
    assert_eq!(
        story.event("pause", &[]).unwrap().state,
        ContainerState::Paused
    );
    assert!(story.event("pause", &[]).is_none(), "observed twice");
    let resumed = story.event("unpause", &[]).unwrap();
    assert_eq!(resumed.state, ContainerState::Running);
    let died = story.event("die", &[("exitCode", "137")]).unwrap();
    assert_eq!(died.state, ContainerState::Exited);
    assert_eq!(died.exit_code, Some(137));
    assert_eq!(died.finished_at, Some(Timestamp::from_millis(5_000)));
    let started = story.event("start", &[]).unwrap();
    assert_eq!(started.exit_code, None);
    assert_eq!(started.started_at, Some(Timestamp::from_millis(5_000)));
    assert_eq!(started.restart_count, Some(2));
    assert!(story.event("kill", &[("signal", "15")]).is_none());
    let applied = story.all(&[entry(1, UP)]);
    assert_eq!(applied.inspect, [id(1)], "inspected again");
}

#[test]
fn an_event_of_an_unknown_container_waits_for_the_list() {
    let mut story = Story::new();
    assert!(story.event("start", &[]).is_none());
    assert!(story.event("destroy", &[]).is_none());
}

#[test]
fn a_list_older_than_an_event_does_not_undo_it() {
    let mut story = Story::new();
    story.all(&[entry(1, UP)]);
    let asked = story.after(1);
    story.event("die", &[("exitCode", "1")]);
    let late = story
        .inventory
        .on_list(&Scope::All, list_of(&[entry(1, UP)]), asked);
    assert_eq!(story.state(), ContainerState::Exited);
    assert_eq!(late.inspect, [id(1)]);
}

#[test]
fn a_list_that_lags_behind_does_not_undo_what_an_event_told() {
    let mut story = Story::new();
    story.all(&[entry(1, UP)]);
    story.event("pause", &[]);
    story.only(1, &[entry(1, UP)]);
    assert_eq!(story.state(), ContainerState::Paused);
    let paused = Details {
        state: Some(ContainerState::Paused),
        ..Details::default()
    };
    story.inspected(1, paused);
    story.only(1, &[entry(1, UP)]);
    assert_eq!(story.state(), ContainerState::Paused);
    story.after(1_000);
    story.only(1, &[entry(1, UP)]);
    assert_eq!(
        story.state(),
        ContainerState::Running,
        "it is believed later"
    );
}

#[test]
fn an_inspection_older_than_an_event_does_not_undo_it() {
    let mut story = Story::new();
    story.all(&[entry(1, UP)]);
    let asked = story.after(1);
    story.event("die", &[("exitCode", "1")]);
    let running = Details {
        state: Some(ContainerState::Running),
        ..details(0)
    };
    let told = story.inventory.on_inspected(&id(1), running.clone(), asked);
    assert_eq!(told, None);
    assert_eq!(story.state(), ContainerState::Exited);
    story.inspected(1, running);
    assert_eq!(story.state(), ContainerState::Running, "it was restarted");
}

#[test]
fn lists_may_overtake_one_another() {
    let mut story = Story::new();
    story.all(&[entry(1, UP)]);
    let asked = story.after(1);
    story.only(1, &[entry(1, "Up 2 hours")]);
    story.only(2, &[entry(2, UP)]);
    let late = story
        .inventory
        .on_list(&Scope::All, list_of(&[entry(1, UP)]), asked);
    let containers = late.all.unwrap();
    let status: Vec<_> = containers.iter().map(|c| c.status.as_str()).collect();
    assert_eq!(
        status,
        ["Up 2 hours", UP],
        "the second one is new, not gone"
    );
}

#[test]
fn what_is_asked_for_and_not_found_is_gone_once() {
    let mut story = Story::new();
    story.all(&[entry(1, UP)]);
    assert_eq!(story.only(1, &[]).delta.removed, [id(1)]);
    assert!(story.only(1, &[]).delta.is_empty());
}

#[test]
fn a_list_that_still_has_a_removed_container_does_not_bring_it_back() {
    let mut story = Story::new();
    story.all(&[entry(1, UP)]);
    let now = story.after(1);
    let removed = story
        .inventory
        .on_event(&event(1, "destroy", &[]), None, now);
    assert_eq!(removed.removed, [id(1)]);
    story.all(&[entry(1, UP)]);
    assert!(!story.inventory.knows(&id(1)));
    story.after(1_000);
    story.all(&[entry(1, UP)]);
    assert!(story.inventory.knows(&id(1)), "it is believed later");
}

#[test]
fn a_container_without_a_name_keeps_the_one_it_had() {
    let mut story = Story::new();
    story.all(&[entry(1, UP)]);
    let mut removing = entry(1, "Removal In Progress");
    removing["Names"] = Value::Null;
    removing["State"] = "removing".into();
    story.all(&[removing.clone()]);
    let container = story.container(1);
    assert_eq!(container.name, "web-1");
    assert_eq!(container.state, ContainerState::Removing);
    let mut story = Story::new();
    story.all(&[removing]);
    assert_eq!(story.container(1).name, id(1).short());
    let named = Details {
        name: Some("web".into()),
        ..Details::default()
    };
    story.inspected(1, named);
    assert_eq!(story.container(1).name, "web", "the inspection has one");
}

#[test]
fn health_comes_from_an_event_until_something_else_says_otherwise() {
    let mut story = Story::new();
    story.all(&[entry(1, UP)]);
    story.inspected(1, details(0));
    let now = story.after(1);
    let event = event(1, "health_status: unhealthy", &[]);
    let unhealthy = Some(Health::Unhealthy);
    let delta = story.inventory.on_event(&event, unhealthy, now);
    assert_eq!(delta.upserts[0].health, unhealthy);
    story.all(&[entry(1, "Up 4 minutes")]);
    story.inspected(1, details(0));
    assert_eq!(
        story.container(1).health,
        unhealthy,
        "nothing said otherwise"
    );
    let healthy = Details {
        health: Some(Health::Healthy),
        ..details(0)
    };
    story.inspected(1, healthy);
    assert_eq!(story.container(1).health, Some(Health::Healthy));
    let applied = story.all(&[entry(1, "Up 4 minutes")]);
    assert_eq!(applied.inspect, [id(1)], "this engine's list has no health");
    story.event("start", &[]);
    assert_eq!(story.container(1).health, None, "of another run");
}

#[test]
fn hidden_containers_are_remembered_beyond_their_last_list() {
    let mut story = Story::new();
    let hidden = json!({"Id": id(1), "Labels": {"deckwatch.hide": "true"}});
    story.all(&[hidden, entry(2, UP)]);
    assert!(story.inventory.is_hidden(&id(1)));
    assert!(!story.inventory.knows(&id(1)) && story.inventory.knows(&id(2)));
    story.all(&[entry(2, UP)]);
    assert!(
        story.inventory.is_hidden(&id(1)),
        "its last events may follow"
    );
    story.after(60_000);
    story.all(&[entry(2, UP)]);
    assert!(!story.inventory.is_hidden(&id(1)));
    let now = story.after(1);
    let removed = story.inventory.hide(id(2), now);
    assert_eq!(removed.removed, [id(2)]);
    assert!(story.inventory.is_hidden(&id(2)));
}

#[test]
fn passing_time_is_no_reason_to_inspect_again_but_a_new_start_is() {
    let holds = |before: &str, now: &str| {
        let now = Digest::of(&listed(1, now));
        Digest::of(&listed(1, before)).still_holds(&now, &details(0))
    };
    assert!(holds("Up 3 minutes", "Up 2 hours"));
    assert!(holds(
        "Exited (0) 2 minutes ago",
        "Exited (0) 3 minutes ago"
    ));
    assert!(!holds(
        "Exited (0) 2 minutes ago",
        "Exited (1) 1 second ago"
    ));
    assert!(!holds("Up 3 minutes", "Up 2 seconds"));
    assert!(!holds("Up 2 seconds", "Up Less than a second"));
    assert!(!holds("Up 3 minutes (healthy)", "Up 4 minutes (unhealthy)"));
    assert!(!holds("Up 3 minutes", "Up 3 minutes (Paused) (healthy)"));
}

#[test]
fn a_container_that_could_not_be_inspected_is_tried_again() {
    let mut story = Story::new();
    assert_eq!(story.all(&[entry(1, UP)]).inspect, [id(1)]);
    assert_eq!(story.all(&[entry(1, UP)]).inspect, [id(1)]);
    story.inspected(1, details(0));
    assert_eq!(story.all(&[entry(1, UP)]).inspect, []);
}
