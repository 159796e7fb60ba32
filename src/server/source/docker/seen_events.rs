//! The published events of one engine, over all sessions with it: detects events that a reopened stream
//! repeats, and holds back events of containers that may be hidden.

use super::inventory::{Inventory, Scope};
use crate::{
    model::{ContainerId, Event, Timestamp},
    server::clock,
};
use std::collections::VecDeque;
use tokio::time::Instant;

/// Number of events remembered: as many as an engine remembers, and so can repeat.
const REMEMBERED_EVENTS: usize = 256;
/// Most events that wait for a list; older ones are dropped. A list takes milliseconds, so this many mean
/// that lists fail.
const HELD_EVENTS: usize = 256;

/// Published and waiting events. Events from while the engine could not be reached are published
/// afterwards, as far as the engine remembers them.
#[derive(Debug)]
pub(super) struct SeenEvents {
    /// Engine time of the newest event, from which a reopened stream continues.
    pub(super) until: Timestamp,
    /// The newest events, some of which a reopened stream repeats.
    events: VecDeque<Event>,
    /// Events of containers that no list has contained yet, with the time of receipt. Such a container may
    /// be hidden: Podman's events have no labels.
    held: VecDeque<(Instant, Event)>,
}

impl SeenEvents {
    /// Starts now: earlier events are not published.
    pub(super) fn new() -> Self {
        Self {
            until: clock::now(),
            events: VecDeque::new(),
            held: VecDeque::new(),
        }
    }

    /// Whether `event` was not seen before; if so, it is remembered.
    pub(super) fn is_new(&mut self, event: &Event) -> bool {
        if self.events.contains(event) {
            return false;
        }
        self.events.push_back(event.clone());
        if self.events.len() > REMEMBERED_EVENTS {
            self.events.pop_front();
        }
        true
    }

    /// Holds back an event until it is known whether its container is shown.
    pub(super) fn hold(&mut self, event: Event, now: Instant) {
        self.held.push_back((now, event));
        if self.held.len() > HELD_EVENTS {
            self.held.pop_front();
        }
    }

    /// Releases the events that waited for a list of `scope` requested at `requested_at`. Those of hidden
    /// containers are dropped.
    pub(super) fn release(
        &mut self,
        scope: &Scope,
        requested_at: Instant,
        inventory: &Inventory,
    ) -> Vec<Event> {
        let (mut released, mut held) = (Vec::new(), VecDeque::new());
        for (at, mut event) in self.held.drain(..) {
            let id: Option<ContainerId> = event.id.parse().ok();
            if id.is_some_and(|id| inventory.is_hidden(&id)) {
                continue;
            }
            let is_answered = at <= requested_at && id.is_none_or(|id| scope.covers(&id));
            if is_answered {
                if let Some(known) = id.and_then(|id| inventory.subject(&id)) {
                    event.subject = Some(known);
                }
                released.push(event);
            } else {
                held.push_back((at, event));
            }
        }
        self.held = held;
        released
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::HostId,
        server::source::{docker::convert, redactor::Redactor},
    };
    use std::time::Duration;

    fn event(id: ContainerId) -> Event {
        Event {
            host: HostId::default(),
            timestamp: Timestamp::from_millis(1),
            kind: "container".into(),
            action: "die".into(),
            id: id.to_string(),
            name: "web".into(),
            ..Event::default()
        }
    }

    #[test]
    fn an_event_of_an_unknown_container_waits_for_the_list_that_would_contain_it() {
        let [shown, hidden, other] = [1, 2, 3].map(|n| ContainerId::from_bytes([n; 32]));
        let (mut seen, mut inventory) = (SeenEvents::new(), Inventory::default());
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        for id in [shown, hidden, other] {
            seen.hold(event(id), after(10));
        }
        let scope = Scope::Only([shown, hidden].into());
        let entries = serde_json::json!([
            {"Id": shown, "Labels": {"team": "web"}}, {"Id": hidden, "Labels": {"deckwatch.hide": "true"}},
        ]);
        let list = || convert::list(&entries.to_string(), None, &Redactor::default()).unwrap();
        inventory.on_list(&scope, list(), after(5));
        assert_eq!(
            seen.release(&scope, after(5), &inventory),
            [],
            "the list is older than the events"
        );
        inventory.on_list(&scope, list(), after(20));
        let released = seen.release(&scope, after(20), &inventory);
        let subject = released[0].subject.clone();
        let labels = &subject.as_ref().unwrap().labels;
        assert_eq!(labels.get("team").map(String::as_str), Some("web"));
        let shown = Event {
            subject,
            ..event(shown)
        };
        assert_eq!(released, [shown]);
        let all = Scope::All;
        inventory.on_list(&all, list(), after(30));
        assert_eq!(seen.release(&all, after(30), &inventory), [event(other)]);
        assert_eq!(seen.release(&all, after(40), &inventory), []);
    }
}
