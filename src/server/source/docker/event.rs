//! Which of the engine's events matter, and what of them is shown.

use super::super::redact;
use super::convert;
use crate::model::{ContainerId, Event, Health, HostId, Timestamp};
use bollard::models::EventMessage;
use std::collections::{BTreeMap, HashMap};

/// What happens to a container and changes what is shown of it. `died`, `remove` and `cleanup` are
/// Podman's.
const CONTAINER_ACTIONS: [&str; 18] = [
    "create",
    "start",
    "die",
    "died",
    "stop",
    "kill",
    "pause",
    "unpause",
    "restart",
    "rename",
    "destroy",
    "remove",
    "cleanup",
    "update",
    "oom",
    "init",
    "checkpoint",
    "restore",
];
/// What of it is no news: it says again what another event has said.
const NO_NEWS: [&str; 2] = ["init", "cleanup"];
/// What happens to other objects and is worth telling.
const OTHER_ACTIONS: [(&str, &str); 11] = [
    ("image", "pull"),
    ("image", "delete"),
    ("image", "tag"),
    ("image", "untag"),
    ("image", "import"),
    ("image", "load"),
    ("network", "create"),
    ("network", "destroy"),
    ("volume", "create"),
    ("volume", "destroy"),
    ("daemon", "reload"),
];
/// Attributes that are shown. The others are labels of the container, for all one can tell.
const ATTRIBUTES: [&str; 8] = [
    "exitCode",
    "signal",
    "oldName",
    "image",
    "execDuration",
    "container",
    "driver",
    "type",
];

/// What an event means.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Meaning {
    /// This container may be another than before.
    pub(super) changed: Option<ContainerId>,
    /// Worth telling.
    pub(super) news: Option<Event>,
}

/// Reads one event. `health` tells the health a container is known to have: engines repeat the
/// result of every check, only a change is news.
pub(super) fn meaning(
    message: EventMessage,
    host: &HostId,
    health: impl Fn(&ContainerId) -> Option<Health>,
) -> Meaning {
    let kind = message.typ.map(|typ| typ.to_string()).unwrap_or_default();
    let action = message.action.unwrap_or_default();
    let actor = message.actor.unwrap_or_default();
    let attributes = actor.attributes.unwrap_or_default();
    if convert::is_hidden(&attributes) {
        return Meaning::default();
    }
    let id = actor.id.unwrap_or_default();
    let container: Option<ContainerId> = id.parse().ok().filter(|_| kind == "container");
    let relevant = if let Some(id) = &container {
        CONTAINER_ACTIONS.contains(&action.as_str())
            || reported_health(&action, &attributes).is_some_and(|now| health(id) != Some(now))
    } else {
        OTHER_ACTIONS.contains(&(kind.as_str(), action.as_str()))
    };
    if !relevant {
        return Meaning::default();
    }
    let news = Event {
        host: host.clone(),
        timestamp: timestamp(message.time, message.time_nano),
        name: name(&kind, &id, &attributes),
        attributes: shown(attributes),
        kind,
        action,
        id,
    };
    Meaning {
        changed: container,
        news: Some(news).filter(|event| !NO_NEWS.contains(&event.action.as_str())),
    }
}

/// Docker: `health_status: healthy`; Podman: `health_status` with an attribute.
fn reported_health(action: &str, attributes: &HashMap<String, String>) -> Option<Health> {
    let rest = action.strip_prefix("health_status")?;
    let word = rest.strip_prefix(':').map(str::trim);
    let word = word.or_else(|| attributes.get("health_status").map(String::as_str))?;
    convert::health(word)
}

fn timestamp(seconds: Option<i64>, nanoseconds: Option<i64>) -> Timestamp {
    let from_seconds = seconds.unwrap_or(0).saturating_mul(1_000);
    Timestamp::from_millis(nanoseconds.map_or(from_seconds, |ns| ns / 1_000_000))
}

fn name(kind: &str, id: &str, attributes: &HashMap<String, String>) -> String {
    match attributes.get("name") {
        Some(name) => short(name.trim_start_matches('/')),
        // Images and volumes are called by their id.
        None if kind != "container" => short(id),
        None => id.chars().take(12).collect(),
    }
}

/// A name; one that is nothing but a hash, as short as the engine's own tools write it.
fn short(name: &str) -> String {
    let hash = name.strip_prefix("sha256:").unwrap_or(name);
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let shown = if is_hash { hash.get(..12) } else { None };
    shown.unwrap_or(name).to_owned()
}

fn shown(attributes: HashMap<String, String>) -> BTreeMap<String, String> {
    attributes
        .into_iter()
        .filter(|(name, _)| ATTRIBUTES.contains(&name.as_str()))
        .map(|(name, value)| {
            let value = redact::mask_value(&name, &value);
            (name, value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4e7d7e1c0fb8a9f2b1c6d4e3a5f60718293a4b5c6d7e8f900112233445566778";

    fn read(json: serde_json::Value, health: Option<Health>) -> Meaning {
        let message = serde_json::from_value(json).unwrap();
        meaning(message, &HostId::default(), |_| health)
    }

    fn of_container(action: &str) -> serde_json::Value {
        serde_json::json!({
            "Type": "container", "Action": action, "time": 1_763_687_885,
            "timeNano": 1_763_687_885_042_999_999_i64,
            "Actor": {"ID": ID, "Attributes": {
                "name": "web", "image": "nginx:1.27", "exitCode": "137",
                "maintainer": "somebody", "db_password": "x",
            }},
        })
    }

    #[test]
    fn an_end_is_told_without_the_labels() {
        let meaning = read(of_container("die"), None);
        assert_eq!(meaning.changed.unwrap().to_string(), ID);
        let event = meaning.news.unwrap();
        assert_eq!((event.action.as_str(), event.name.as_str()), ("die", "web"));
        assert_eq!(event.timestamp.as_millis(), 1_763_687_885_042);
        let told: Vec<_> = event.attributes.keys().map(String::as_str).collect();
        assert_eq!(told, ["exitCode", "image"]);
    }

    #[test]
    fn what_has_no_name_but_a_hash_is_called_by_its_beginning() {
        for (name, called) in [
            (format!("sha256:{ID}").as_str(), "4e7d7e1c0fb8"),
            (ID, "4e7d7e1c0fb8"),
            ("nginx@sha256:4e7d", "nginx@sha256:4e7d"),
            ("data", "data"),
        ] {
            let of_image = serde_json::json!({
                "Type": "image", "Action": "import", "time": 1,
                "Actor": {"ID": name, "Attributes": {"name": name}},
            });
            assert_eq!(read(of_image, None).news.unwrap().name, called);
        }
    }

    #[test]
    fn noise_means_nothing() {
        for action in [
            "exec_create: sh -c true",
            "exec_start: x",
            "exec_die",
            "top",
            "attach",
            "resize",
        ] {
            assert_eq!(
                read(of_container(action), None),
                Meaning::default(),
                "{action}"
            );
        }
    }

    #[test]
    fn only_a_change_of_health_is_news() {
        let event = || of_container("health_status: healthy");
        assert_eq!(read(event(), Some(Health::Healthy)), Meaning::default());
        assert!(read(event(), Some(Health::Unhealthy)).news.is_some());
        assert!(read(event(), None).changed.is_some());
    }

    #[test]
    fn hidden_containers_make_no_news() {
        let mut event = of_container("die");
        event["Actor"]["Attributes"]["deckwatch.hide"] = "true".into();
        assert_eq!(read(event, None), Meaning::default());
    }

    #[test]
    fn other_objects_change_no_container() {
        let meaning = read(
            serde_json::json!({"Type": "image", "Action": "pull", "time": 1,
                "Actor": {"ID": "nginx:1.27", "Attributes": {"name": "nginx"}}}),
            None,
        );
        assert_eq!(meaning.changed, None);
        assert_eq!(meaning.news.unwrap().timestamp.as_millis(), 1_000);
    }

    #[test]
    fn an_event_of_nothing_is_ignored() {
        assert_eq!(read(serde_json::json!({}), None), Meaning::default());
    }
}
