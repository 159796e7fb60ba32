//! Summarizes recent events for a quick overview: a burst of events is one change, and repeated events are
//! one change with a count.

use super::{Event, Timestamp};
use std::{sync::Arc, time::Duration};

/// Period within which an engine reports all events of one command.
const BURST: Duration = Duration::from_secs(3);
/// Exit code of a process that was asked to end: 128 + SIGTERM.
const TERMINATED: &str = "143";
/// Number of ends and starts from which on they count as a restart loop.
const LOOP: u32 = 2;

/// An event, with the number of its repetitions.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The newest of the repeated events.
    pub event: Arc<Event>,
    /// Number of occurrences.
    pub times: u32,
    /// Whether the container ended and started repeatedly.
    pub is_loop: bool,
}

impl Change {
    /// The newest `n` changes of `events`; both are sorted newest first.
    pub fn of(events: &[Arc<Event>], n: usize) -> Vec<Self> {
        let mut told: Vec<&Arc<Event>> = Vec::new();
        let mut changes: Vec<Self> = Vec::new();
        for event in events {
            // The last event of a burst shows which command was meant.
            let is_told = |newer: &&&Arc<Event>| {
                is_same_object(newer, event)
                    && event.timestamp.age(newer.timestamp) <= BURST
                    && includes(&newer.action, &event.action)
            };
            if told.iter().any(|newer| is_told(&newer)) {
                continue;
            }
            told.push(event);
            match changes
                .iter_mut()
                .find(|change| is_again(&change.event, event))
            {
                Some(change) => change.times += 1,
                None => changes.push(Self {
                    event: Arc::clone(event),
                    times: 1,
                    is_loop: false,
                }),
            }
        }
        let mut changes = loops(changes);
        changes.truncate(n);
        changes
    }

    /// The exit code, if this is the end of a container that failed.
    pub fn failure(&self) -> Option<&str> {
        let code = self.event.attributes.get("exitCode")?;
        (self.event.action == "die" && !matches!(code.as_str(), "0" | TERMINATED)).then_some(code)
    }

    /// The time of the newest occurrence.
    pub fn at(&self) -> Timestamp {
        self.event.timestamp
    }
}

/// Merges repeated ends and starts of a container into one change.
fn loops(changes: Vec<Change>) -> Vec<Change> {
    let often =
        |change: &Change, action: &str| change.times >= LOOP && change.event.action == action;
    let ends: Vec<_> = changes
        .iter()
        .filter(|change| often(change, "die"))
        .cloned()
        .collect();
    let told = changes.into_iter().filter_map(|mut change| {
        let same = ends
            .iter()
            .find(|end| is_same_object(&end.event, &change.event));
        match same {
            Some(_) if often(&change, "start") => None,
            Some(end) if end.event == change.event => {
                change.is_loop = true;
                Some(change)
            }
            _ => Some(change),
        }
    });
    told.collect()
}

fn is_same_object(a: &Event, b: &Event) -> bool {
    a.host == b.host && a.kind == b.kind && a.id == b.id
}

fn is_again(a: &Event, b: &Event) -> bool {
    is_same_object(a, b)
        && a.action == b.action
        && a.attributes.get("exitCode") == b.attributes.get("exitCode")
}

/// Whether an engine reports `part` as a part of `action`.
fn includes(action: &str, part: &str) -> bool {
    match action {
        "restart" => matches!(part, "kill" | "die" | "stop" | "start"),
        "stop" => matches!(part, "kill" | "die"),
        "destroy" => matches!(part, "kill" | "die"),
        "die" => part == "kill",
        "start" => part == "create",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HostId;
    use std::collections::BTreeMap;

    /// An event at `seconds` of the day with a name and an action; `die` has an exit code.
    fn event(seconds: i64, name: &str, action: &str) -> Arc<Event> {
        let code = action.strip_prefix("die ");
        let action = if code.is_some() { "die" } else { action };
        let code = code.map(|code| ("exitCode".to_owned(), code.to_owned()));
        Arc::new(Event {
            host: HostId::default(),
            timestamp: Timestamp::from_millis(seconds * 1_000),
            kind: "container".into(),
            action: action.into(),
            id: name.into(),
            name: name.into(),
            attributes: BTreeMap::from_iter(code),
            ..Event::default()
        })
    }

    fn told(events: &[(i64, &str, &str)]) -> Vec<String> {
        let events: Vec<_> = events
            .iter()
            .rev()
            .map(|(at, name, what)| event(*at, name, what))
            .collect();
        let changes = Change::of(&events, 10).into_iter().map(|change| {
            let more = if change.is_loop { " loop" } else { "" };
            format!(
                "{} {} ×{}{more}",
                change.event.name, change.event.action, change.times
            )
        });
        changes.collect()
    }

    #[test]
    fn a_command_is_one_change() {
        let stopped = [(10, "a", "kill"), (10, "a", "die 143"), (10, "a", "stop")];
        assert_eq!(told(&stopped), ["a stop ×1"]);
        let restarted = [
            (10, "a", "kill"),
            (10, "a", "die 143"),
            (10, "a", "stop"),
            (11, "a", "start"),
            (11, "a", "restart"),
        ];
        assert_eq!(told(&restarted), ["a restart ×1"]);
        let run = [(10, "a", "create"), (10, "a", "start"), (11, "b", "start")];
        assert_eq!(told(&run), ["b start ×1", "a start ×1"]);
        let apart = [(10, "a", "die 143"), (60, "a", "stop"), (60, "b", "die 0")];
        assert_eq!(told(&apart), ["b die ×1", "a stop ×1", "a die ×1"]);
    }

    #[test]
    fn what_happens_again_and_again_is_told_once_with_how_often() {
        let mut events = Vec::new();
        for n in 0..12 {
            events.push((n * 10, "web", "die 1"));
            events.push((n * 10 + 5, "web", "start"));
        }
        events.push((200, "db", "start"));
        assert_eq!(told(&events), ["db start ×1", "web die ×12 loop"]);
        let sick = [
            (1, "web", "health_status: unhealthy"),
            (9, "web", "health_status: healthy"),
            (20, "web", "health_status: unhealthy"),
        ];
        assert_eq!(
            told(&sick),
            [
                "web health_status: unhealthy ×2",
                "web health_status: healthy ×1"
            ]
        );
    }

    #[test]
    fn only_the_newest_are_told() {
        let names: Vec<String> = (0..30).map(|n| format!("c{n}")).collect();
        let events: Vec<_> = names
            .iter()
            .zip(0..)
            .map(|(name, n)| (n, name.as_str(), "start"))
            .collect();
        let told = told(&events);
        assert_eq!((told.len(), told[0].as_str()), (10, "c29 start ×1"));
    }

    #[test]
    fn a_failure_is_an_end_that_was_not_well() {
        let failure = |what| {
            let changes = Change::of(&[event(1, "a", what)], 1);
            changes[0].failure().map(str::to_owned)
        };
        assert_eq!(failure("die 137").as_deref(), Some("137"));
        assert_eq!(
            (failure("die 0"), failure("die 143"), failure("stop")),
            (None, None, None)
        );
    }
}
