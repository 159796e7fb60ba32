use super::*;
use crate::{
    model::{HostId, Timestamp},
    server::source::redactor::Redactor,
};
use serde_json::{Value, json};

const UP: &str = "Up 3 minutes";

fn id(n: u8) -> ContainerId {
    ContainerId::from_bytes([n; 32])
}

fn entry(n: u8, status: &str) -> Value {
    json!({"Id": id(n), "Names": [format!("/web-{n}")], "State": "running", "Status": status})
}

fn list_of(entries: &[Value]) -> List {
    convert::list(&json!(entries).to_string(), None, &Redactor::default()).unwrap()
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
        ..Event::default()
    }
}

/// An inventory, and a clock that advances with every step.
struct Scenario {
    inventory: Inventory,
    now: Instant,
}

impl Scenario {
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

    /// Applies a list of all containers, requested now.
    fn all(&mut self, entries: &[Value]) -> Applied {
        let requested_at = self.after(1);
        self.inventory
            .on_list(&Scope::All, list_of(entries), requested_at)
    }

    /// Applies a list of container `n`, requested now.
    fn only(&mut self, n: u8, entries: &[Value]) -> Applied {
        let requested_at = self.after(1);
        let scope = Scope::Only([id(n)].into());
        self.inventory
            .on_list(&scope, list_of(entries), requested_at)
    }

    fn inspected(&mut self, n: u8, details: Details) -> Option<Container> {
        let requested_at = self.after(1);
        self.inventory.on_inspected(&id(n), details, requested_at)
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
fn a_list_is_published_at_once_and_valid_details_are_kept() {
    let mut scenario = Scenario::new();
    let first = scenario.all(&[entry(1, UP), entry(2, UP)]);
    let containers = first.all.unwrap();
    assert_eq!(containers.len(), 2);
    assert_eq!(first.inspect, [id(1), id(2)], "they were not inspected yet");
    scenario.inspected(1, details(7));
    let second = scenario.all(&[entry(1, "Up 4 minutes")]);
    assert_eq!(second.inspect, [], "the details hold");
    let containers = second.all.unwrap();
    let [container] = containers.as_slice() else {
        panic!("{containers:?}")
    };
    assert_eq!(container.status, "Up 4 minutes");
    assert_eq!(container.restart_count, Some(7));
}

#[test]
fn only_changes_are_published() {
    let mut scenario = Scenario::new();
    assert_eq!(changed(&scenario.only(1, &[entry(1, UP)])).len(), 1);
    assert_eq!(changed(&scenario.only(1, &[entry(1, UP)])).len(), 0);
    assert!(scenario.inspected(1, details(0)).is_some());
    assert!(scenario.inspected(1, details(0)).is_none());
    assert!(scenario.inspected(1, details(1)).is_some());
}

#[test]
fn an_event_changes_a_container_before_the_engine_is_asked() {
    let mut scenario = Scenario::new();
    scenario.all(&[entry(1, UP)]);
    scenario.inspected(1, details(2));
    assert_eq!(
        scenario.event("pause", &[]).unwrap().state,
        ContainerState::Paused
    );
    assert!(
        scenario.event("pause", &[]).is_none(),
        "published only once"
    );
    let resumed = scenario.event("unpause", &[]).unwrap();
    assert_eq!(resumed.state, ContainerState::Running);
    let died = scenario.event("die", &[("exitCode", "137")]).unwrap();
    assert_eq!(died.state, ContainerState::Exited);
    assert_eq!(died.exit_code, Some(137));
    assert_eq!(died.finished_at, Some(Timestamp::from_millis(5_000)));
    let started = scenario.event("start", &[]).unwrap();
    assert_eq!(started.exit_code, None);
    assert_eq!(started.started_at, Some(Timestamp::from_millis(5_000)));
    assert_eq!(started.restart_count, Some(2));
    assert!(scenario.event("kill", &[("signal", "15")]).is_none());
    let applied = scenario.all(&[entry(1, UP)]);
    assert_eq!(applied.inspect, [id(1)], "inspected again");
}

#[test]
fn an_event_of_an_unknown_container_changes_nothing() {
    let mut scenario = Scenario::new();
    assert!(scenario.event("start", &[]).is_none());
    assert!(scenario.event("destroy", &[]).is_none());
}

#[test]
fn a_list_older_than_an_event_does_not_undo_it() {
    let mut scenario = Scenario::new();
    scenario.all(&[entry(1, UP)]);
    let requested_at = scenario.after(1);
    scenario.event("die", &[("exitCode", "1")]);
    let late = scenario
        .inventory
        .on_list(&Scope::All, list_of(&[entry(1, UP)]), requested_at);
    assert_eq!(scenario.state(), ContainerState::Exited);
    assert_eq!(late.inspect, [id(1)]);
}

#[test]
fn a_list_that_lags_behind_does_not_undo_the_state_from_an_event() {
    let mut scenario = Scenario::new();
    scenario.all(&[entry(1, UP)]);
    scenario.event("pause", &[]);
    scenario.only(1, &[entry(1, UP)]);
    assert_eq!(scenario.state(), ContainerState::Paused);
    let paused = Details {
        state: Some(ContainerState::Paused),
        ..Details::default()
    };
    scenario.inspected(1, paused);
    scenario.only(1, &[entry(1, UP)]);
    assert_eq!(scenario.state(), ContainerState::Paused);
    scenario.after(1_000);
    scenario.only(1, &[entry(1, UP)]);
    assert_eq!(
        scenario.state(),
        ContainerState::Running,
        "a later list is applied"
    );
}

#[test]
fn an_inspection_older_than_an_event_does_not_undo_it() {
    let mut scenario = Scenario::new();
    scenario.all(&[entry(1, UP)]);
    let requested_at = scenario.after(1);
    scenario.event("die", &[("exitCode", "1")]);
    let running = Details {
        state: Some(ContainerState::Running),
        ..details(0)
    };
    let changed = scenario
        .inventory
        .on_inspected(&id(1), running.clone(), requested_at);
    assert_eq!(changed, None);
    assert_eq!(scenario.state(), ContainerState::Exited);
    scenario.inspected(1, running);
    assert_eq!(
        scenario.state(),
        ContainerState::Running,
        "it was restarted"
    );
}

#[test]
fn lists_may_arrive_out_of_order() {
    let mut scenario = Scenario::new();
    scenario.all(&[entry(1, UP)]);
    let requested_at = scenario.after(1);
    scenario.only(1, &[entry(1, "Up 2 hours")]);
    scenario.only(2, &[entry(2, UP)]);
    let late = scenario
        .inventory
        .on_list(&Scope::All, list_of(&[entry(1, UP)]), requested_at);
    let containers = late.all.unwrap();
    let status: Vec<_> = containers.iter().map(|c| c.status.as_str()).collect();
    assert_eq!(
        status,
        ["Up 2 hours", UP],
        "the second one is newer than the list"
    );
}

#[test]
fn a_requested_container_that_is_not_listed_is_removed_once() {
    let mut scenario = Scenario::new();
    scenario.all(&[entry(1, UP)]);
    assert_eq!(scenario.only(1, &[]).delta.removed, [id(1)]);
    assert!(scenario.only(1, &[]).delta.is_empty());
}

#[test]
fn an_outdated_list_does_not_bring_back_a_removed_container() {
    let mut scenario = Scenario::new();
    scenario.all(&[entry(1, UP)]);
    let now = scenario.after(1);
    let removed = scenario
        .inventory
        .on_event(&event(1, "destroy", &[]), None, now);
    assert_eq!(removed.removed, [id(1)]);
    scenario.all(&[entry(1, UP)]);
    assert!(!scenario.inventory.contains(&id(1)));
    scenario.after(1_000);
    scenario.all(&[entry(1, UP)]);
    assert!(
        scenario.inventory.contains(&id(1)),
        "a later list is applied"
    );
}

#[test]
fn a_container_without_a_name_keeps_its_last_name() {
    let mut scenario = Scenario::new();
    scenario.all(&[entry(1, UP)]);
    let mut removing = entry(1, "Removal In Progress");
    removing["Names"] = Value::Null;
    removing["State"] = "removing".into();
    scenario.all(&[removing.clone()]);
    let container = scenario.container(1);
    assert_eq!(container.name, "web-1");
    assert_eq!(container.state, ContainerState::Removing);
    let mut scenario = Scenario::new();
    scenario.all(&[removing]);
    assert_eq!(scenario.container(1).name, id(1).short());
    let named = Details {
        name: Some("web".into()),
        ..Details::default()
    };
    scenario.inspected(1, named);
    assert_eq!(scenario.container(1).name, "web", "the inspection has one");
}

#[test]
fn the_health_from_an_event_holds_until_another_is_reported() {
    let mut scenario = Scenario::new();
    scenario.all(&[entry(1, UP)]);
    scenario.inspected(1, details(0));
    let now = scenario.after(1);
    let event = event(1, "health_status: unhealthy", &[]);
    let unhealthy = Some(Health::Unhealthy);
    let delta = scenario.inventory.on_event(&event, unhealthy, now);
    assert_eq!(delta.upserts[0].health, unhealthy);
    scenario.all(&[entry(1, "Up 4 minutes")]);
    scenario.inspected(1, details(0));
    assert_eq!(
        scenario.container(1).health,
        unhealthy,
        "no other health was reported"
    );
    let healthy = Details {
        health: Some(Health::Healthy),
        ..details(0)
    };
    scenario.inspected(1, healthy);
    assert_eq!(scenario.container(1).health, Some(Health::Healthy));
    let applied = scenario.all(&[entry(1, "Up 4 minutes")]);
    assert_eq!(applied.inspect, [id(1)], "this engine's list has no health");
    scenario.event("start", &[]);
    assert_eq!(
        scenario.container(1).health,
        None,
        "a new run has no health yet"
    );
}

#[test]
fn hidden_containers_are_remembered_beyond_their_last_list() {
    let mut scenario = Scenario::new();
    let hidden = json!({"Id": id(1), "Labels": {"deckwatch.hide": "true"}});
    scenario.all(&[hidden, entry(2, UP)]);
    assert!(scenario.inventory.is_hidden(&id(1)));
    assert!(!scenario.inventory.contains(&id(1)) && scenario.inventory.contains(&id(2)));
    scenario.all(&[entry(2, UP)]);
    assert!(
        scenario.inventory.is_hidden(&id(1)),
        "its last events may still arrive"
    );
    scenario.after(60_000);
    scenario.all(&[entry(2, UP)]);
    assert!(!scenario.inventory.is_hidden(&id(1)));
    let now = scenario.after(1);
    let removed = scenario.inventory.hide(id(2), now);
    assert_eq!(removed.removed, [id(2)]);
    assert!(scenario.inventory.is_hidden(&id(2)));
}

#[test]
fn passing_time_needs_no_inspection_but_a_new_start_does() {
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
fn a_failed_inspection_is_requested_again_by_the_next_list() {
    let mut scenario = Scenario::new();
    assert_eq!(scenario.all(&[entry(1, UP)]).inspect, [id(1)]);
    assert_eq!(scenario.all(&[entry(1, UP)]).inspect, [id(1)]);
    scenario.inspected(1, details(0));
    assert_eq!(scenario.all(&[entry(1, UP)]).inspect, []);
}
