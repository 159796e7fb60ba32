//! Actions are sent in order, and each gets exactly one response, at the latest at its deadline.

use super::*;
use crate::model::{Action, ActionOptions, ContainerId};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn action(request: &str, action: Action) -> ContainerAction {
    ContainerAction {
        request_id: request.into(),
        container_id: ContainerId::from_bytes([1; 32])
            .to_string()
            .parse()
            .unwrap(),
        action,
        host: None,
        options: ActionOptions::default(),
    }
}

fn ids(actions: &[ContainerAction]) -> Vec<&str> {
    actions.iter().map(|action| &*action.request_id).collect()
}

fn code(ack: &ContainerAck) -> Option<ErrorCode> {
    ack.error.as_ref().map(|error| error.code)
}

/// When a pause that was sent at time zero times out, in milliseconds.
const PAUSE_DEADLINE: f64 = 15_000.0;

#[test]
fn actions_leave_in_the_order_in_which_they_were_taken_on() {
    let mut actions = Actions::default();
    for request in ["a", "b", "c"] {
        actions.push(action(request, Action::Pause));
    }
    assert_eq!(ids(&actions.due(0.0, Way::Socket)), ["a", "b", "c"]);
    assert!(actions.due(0.0, Way::Socket).is_empty(), "sent twice");
}

#[test]
fn an_action_without_an_answer_times_out_after_its_own_deadline_and_the_way() {
    let mut actions = Actions::default();
    actions.push(action("pause", Action::Pause));
    actions.push(action("remove", Action::Remove));
    actions.due(0.0, Way::Socket);
    assert!(actions.expire(PAUSE_DEADLINE).is_empty());
    let late = actions.expire(PAUSE_DEADLINE + 1.0);
    assert_eq!(late.len(), 1);
    assert_eq!(late[0].request_id, "pause");
    assert_eq!(code(&late[0]), Some(ErrorCode::Timeout));
    assert!(
        actions.expire(PAUSE_DEADLINE + 2.0).is_empty(),
        "told twice"
    );
    assert_eq!(actions.expire(35_001.0)[0].request_id, "remove");
}

#[test]
fn the_deadline_runs_from_when_an_action_leaves() {
    let mut actions = Actions::default();
    actions.push(action("a", Action::Pause));
    actions.due(60_000.0, Way::Http);
    assert!(actions.expire(60_000.0 + PAUSE_DEADLINE).is_empty());
    assert_eq!(actions.expire(60_001.0 + PAUSE_DEADLINE).len(), 1);
}

#[test]
fn what_was_answered_does_not_time_out() {
    let mut actions = Actions::default();
    actions.push(action("a", Action::Pause));
    actions.due(0.0, Way::Socket);
    actions.acknowledge("a");
    assert!(actions.expire(f64::MAX).is_empty());
}

#[test]
fn what_the_server_refuses_is_answered_once() {
    let mut actions = Actions::default();
    actions.push(action("a", Action::Pause));
    actions.due(0.0, Way::Socket);
    let limited = || ApiError::new(ErrorCode::RateLimited, "too fast");
    let ack = actions.refuse("a", limited()).unwrap();
    assert_eq!(code(&ack), Some(ErrorCode::RateLimited));
    assert!(!ack.success);
    assert_eq!(actions.refuse("a", limited()), None);
    assert_eq!(actions.refuse("unknown", limited()), None);
    assert!(actions.expire(f64::MAX).is_empty());
}

#[test]
fn what_the_socket_took_with_it_is_sent_again_by_http_once() {
    let mut actions = Actions::default();
    for request in ["a", "b", "c"] {
        actions.push(action(request, Action::Pause));
    }
    actions.due(0.0, Way::Socket);
    actions.acknowledge("b");
    assert_eq!(ids(&actions.on_disconnect()), ["a", "c"]);
    assert!(actions.on_disconnect().is_empty(), "a second time");
    actions.push(action("d", Action::Pause));
    actions.due(0.0, Way::Http);
    assert!(actions.on_disconnect().is_empty(), "no socket had it");
    assert_eq!(
        actions.expire(PAUSE_DEADLINE + 1.0).len(),
        3,
        "its deadline stays"
    );
}

#[test]
fn an_action_that_is_not_sent_yet_is_not_lost_with_the_socket() {
    let mut actions = Actions::default();
    let requests: Vec<_> = (0..30).map(|n| format!("{n:02}")).collect();
    for request in &requests {
        actions.push(action(request, Action::Pause));
    }
    let mut sent = actions.due(0.0, Way::Socket).len();
    assert!(sent < 30, "the pace holds some back");
    assert_eq!(actions.on_disconnect().len(), sent);
    sent += actions.due(10_000.0, Way::Http).len();
    assert_eq!(sent, 30);
}

/// A step of the scenario.
#[derive(Clone, Debug)]
enum Step {
    Push,
    Send(bool),
    Acknowledge(usize),
    Refuse(usize),
    Disconnect,
    /// This many milliseconds pass.
    Wait(u32),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Push),
        3 => any::<bool>().prop_map(Step::Send),
        2 => any::<usize>().prop_map(Step::Acknowledge),
        1 => any::<usize>().prop_map(Step::Refuse),
        1 => Just(Step::Disconnect),
        2 => (0..20_000_u32).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Every action is sent once, in order, over the socket or by HTTP (and again by HTTP if the socket was
    /// lost), and gets exactly one response: from the server, or at its deadline.
    #[test]
    fn every_action_is_sent_and_answered_once(steps in prop::collection::vec(any_step(), 0..200)) {
        let mut actions = Actions::default();
        let (mut now, mut pushed) = (0.0, 0);
        let (mut sent, mut again, mut answered) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        let end = [Step::Wait(20_000), Step::Send(true)];
        let end = std::iter::repeat_n(end, 60).flatten().chain([Step::Wait(20_000)]);
        for step in steps.into_iter().chain(end) {
            match step {
                Step::Push => {
                    actions.push(action(&format!("{pushed:03}"), Action::Pause));
                    pushed += 1;
                }
                Step::Send(over_socket) => {
                    let way = if over_socket { Way::Socket } else { Way::Http };
                    let due = actions.due(now, way);
                    sent.extend(due.into_iter().map(|action| action.request_id));
                }
                Step::Acknowledge(n) | Step::Refuse(n) if !sent.is_empty() => {
                    let request = &sent[n % sent.len()];
                    let is_late = answered.contains(request);
                    if matches!(step, Step::Refuse(_)) {
                        let error = ApiError::new(ErrorCode::RateLimited, "too fast");
                        prop_assert_eq!(actions.refuse(request, error).is_none(), is_late);
                    } else {
                        actions.acknowledge(request);
                    }
                    answered.insert(request.clone());
                }
                Step::Acknowledge(_) | Step::Refuse(_) => {}
                Step::Disconnect => for action in actions.on_disconnect() {
                    prop_assert!(!answered.contains(&action.request_id));
                    prop_assert!(again.insert(action.request_id), "sent a third time");
                },
                Step::Wait(ms) => {
                    now += f64::from(ms);
                    for ack in actions.expire(now) {
                        prop_assert!(answered.insert(ack.request_id), "answered twice");
                    }
                }
            }
        }
        prop_assert!(sent.is_sorted() && sent.len() == pushed, "{:?} of {}", sent, pushed);
        prop_assert_eq!(answered.len(), pushed);
    }
}
