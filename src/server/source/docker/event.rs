//! Parses events of the engine, and decides which of them are published and what they mean for containers.

use super::{super::redactor::Redactor, convert, json::Json};
use crate::model::{ContainerId, Event, EventSubject, Health, HostId, Timestamp};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Actions on containers that change what is shown of them. `died`, `remove` and `cleanup` are Podman's.
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
/// Actions that are not published, because another event reports the same.
const REDUNDANT_ACTIONS: [&str; 2] = ["init", "cleanup"];
/// Actions on other objects that are published.
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
/// Attributes that are published. All others may be labels of the container.
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

/// Most that an engine's clock may be ahead of this one; later times of events are ignored.
const CLOCK_SKEW: Duration = Duration::from_secs(86_400);

/// One event as the engine wrote it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    kind: String,
    action: String,
    id: String,
    attributes: BTreeMap<String, String>,
    /// The health that the event reports.
    pub(super) health: Option<Health>,
    /// By the engine's clock; the time of receipt if the event has no plausible time.
    pub(super) at: Timestamp,
}

/// The consequences of an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Meaning {
    /// A container that may have changed.
    pub(super) changed: Option<ContainerId>,
    /// The event to publish.
    pub(super) published: Option<Event>,
}

/// Parses one line of the event stream, received at `now`; `None` when it is not a JSON object.
pub(super) fn read(line: &str, now: Timestamp) -> Option<Message> {
    let fields = Json::parse(line)?.fields();
    if fields.is_empty() {
        return None;
    }
    let actor = fields.get("Actor").fields();
    let attributes = actor.get("Attributes").map();
    let text = |name| fields.get(name).text();
    let action = text("Action").unwrap_or_default();
    let health = reported_health(&action, text("HealthStatus"), &attributes);
    let nanos: Option<i64> = fields.get("timeNano").number();
    let seconds: Option<i64> = fields.get("time").number();
    let ms = nanos.map(|ns| ns / 1_000_000);
    let ms = ms.or(seconds.map(|s| s.saturating_mul(1_000)));
    Some(Message {
        kind: text("Type").unwrap_or_default(),
        action: match health {
            // Podman omits the result.
            Some(health) => format!("health_status: {}", health.as_str()),
            None => action,
        },
        id: actor.get("ID").text().unwrap_or_default(),
        attributes,
        health,
        at: ms
            .filter(|ms| (1..=now.plus(CLOCK_SKEW).as_millis()).contains(ms))
            .map_or(now, Timestamp::from_millis),
    })
}

impl Message {
    /// The container that the event is about.
    pub(super) fn container(&self) -> Option<ContainerId> {
        self.id.parse().ok().filter(|_| self.kind == "container")
    }

    /// Whether its attributes contain the label that hides the container.
    pub(super) fn hides(&self) -> bool {
        convert::is_hidden(&self.attributes)
    }

    /// The consequences for a container whose last health is `known`: engines repeat the result of every
    /// check, and only a change is relevant. Secrets are masked by `redactor`.
    pub(super) fn meaning(
        self,
        host: &HostId,
        known: Option<Health>,
        redactor: &Redactor,
    ) -> Meaning {
        let container = self.container();
        let is_relevant = match (&container, self.health) {
            (Some(_), Some(_)) => self.health != known,
            (Some(_), None) => CONTAINER_ACTIONS.contains(&self.action.as_str()),
            (None, _) => OTHER_ACTIONS.contains(&(self.kind.as_str(), self.action.as_str())),
        };
        if !is_relevant {
            return Meaning::default();
        }
        let published = Event {
            host: *host,
            timestamp: self.at,
            name: name(&self.kind, &self.id, &self.attributes),
            subject: container
                .is_some()
                .then(|| subject(&self.attributes, redactor)),
            attributes: shown(self.attributes, redactor),
            kind: self.kind,
            action: self.action,
            id: self.id,
        };
        Meaning {
            changed: container,
            published: Some(published)
                .filter(|event| !REDUNDANT_ACTIONS.contains(&event.action.as_str())),
        }
    }
}

/// Docker writes `health_status: healthy`. Podman 4 writes `health_status` with the result in a field of
/// its own, Podman 5 also in the attributes.
fn reported_health(
    action: &str,
    beside: Option<String>,
    attributes: &BTreeMap<String, String>,
) -> Option<Health> {
    let rest = action.strip_prefix("health_status")?;
    let word = rest.strip_prefix(':').map(str::trim);
    let word = word
        .or(beside.as_deref())
        .or_else(|| attributes.get("health_status").map(String::as_str))?;
    convert::health(word)
}

fn name(kind: &str, id: &str, attributes: &BTreeMap<String, String>) -> String {
    match attributes.get("name") {
        Some(name) => short(name.trim_start_matches('/')),
        // Images and volumes are named by their id.
        None if kind != "container" => short(id),
        None => id.chars().take(12).collect(),
    }
}

/// A name; one that is only a hash is shortened as the engine's own tools do.
fn short(name: &str) -> String {
    let hash = name.strip_prefix("sha256:").unwrap_or(name);
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let shown = if is_hash { hash.get(..12) } else { None };
    shown.unwrap_or(name).to_owned()
}

fn shown(attributes: BTreeMap<String, String>, redactor: &Redactor) -> BTreeMap<String, String> {
    let shown = |(name, _): &(String, String)| ATTRIBUTES.contains(&name.as_str());
    convert::masked(attributes.into_iter().filter(shown), redactor)
}

/// The container's labels, which Docker adds to the attributes of its events; Podman does not.
fn subject(attributes: &BTreeMap<String, String>, redactor: &Redactor) -> Arc<EventSubject> {
    let is_label = |name: &str| name != "name" && !ATTRIBUTES.contains(&name);
    let labels = attributes.iter().filter(|(name, _)| is_label(name));
    let labels = labels.map(|(name, value)| (name.clone(), value.clone()));
    Arc::new(EventSubject {
        project: convert::project(attributes),
        labels: convert::masked(labels, redactor),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{protocol::codec, server::source::redact};

    const ID: &str = "4e7d7e1c0fb8a9f2b1c6d4e3a5f60718293a4b5c6d7e8f900112233445566778";

    const NOW: Timestamp = Timestamp::from_millis(1_763_690_000_000);

    fn message(json: &serde_json::Value) -> Message {
        super::read(&json.to_string(), NOW).unwrap()
    }

    fn read(json: serde_json::Value, health: Option<Health>) -> Meaning {
        message(&json).meaning(&HostId::default(), health, &Redactor::default())
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
    fn an_end_is_published_without_the_labels() {
        let meaning = read(of_container("die"), None);
        assert_eq!(meaning.changed.unwrap().to_string(), ID);
        let event = meaning.published.unwrap();
        assert_eq!((event.action.as_str(), event.name.as_str()), ("die", "web"));
        assert_eq!(event.timestamp.as_millis(), 1_763_687_885_042);
        let attributes: Vec<_> = event.attributes.keys().map(String::as_str).collect();
        assert_eq!(attributes, ["exitCode", "image"]);
    }

    #[test]
    fn access_to_an_event_is_checked_by_labels_that_are_in_no_message() {
        let mut event = of_container("destroy");
        event["Actor"]["Attributes"]["com.docker.compose.project"] = "shop".into();
        let event = read(event, None).published.unwrap();
        let subject = event.subject.as_ref().unwrap();
        assert_eq!(subject.project.as_deref(), Some("shop"));
        let labels = [
            ("com.docker.compose.project", "shop"),
            ("db_password", redact::MASK),
            ("maintainer", "somebody"),
        ];
        let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        assert_eq!(subject.labels, labels.map(text).into());
        let json = serde_json::to_string(&event).unwrap();
        assert!(!json.contains("shop") && !json.contains("somebody"));
        let decoded: Event = codec::decode(&codec::encode(&event)).unwrap();
        assert_eq!(decoded.subject, None);
        let without = Event {
            subject: None,
            ..event
        };
        assert_eq!(decoded, without);
    }

    #[test]
    fn an_object_without_a_name_is_called_by_its_shortened_hash() {
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
            assert_eq!(read(of_image, None).published.unwrap().name, called);
        }
    }

    #[test]
    fn irrelevant_actions_have_no_consequences() {
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
    fn only_a_change_of_health_is_relevant() {
        let event = || of_container("health_status: healthy");
        assert_eq!(read(event(), Some(Health::Healthy)), Meaning::default());
        assert!(read(event(), Some(Health::Unhealthy)).published.is_some());
        assert!(read(event(), None).changed.is_some());
    }

    #[test]
    fn the_health_in_a_field_of_its_own_is_read_from_podman_s_events() {
        let mut event = of_container("health_status");
        event["HealthStatus"] = "unhealthy".into();
        assert_eq!(message(&event).health, Some(Health::Unhealthy));
        let published = read(event.clone(), Some(Health::Healthy))
            .published
            .unwrap();
        assert_eq!(published.action, "health_status: unhealthy");
        assert_eq!(read(event, Some(Health::Unhealthy)), Meaning::default());
        let mut event = of_container("health_status");
        event["Actor"]["Attributes"]["health_status"] = "healthy".into();
        assert_eq!(message(&event).health, Some(Health::Healthy));
        let mut event = of_container("health_status");
        event["HealthStatus"] = 5.into();
        assert_eq!(read(event, None), Meaning::default());
    }

    #[test]
    fn the_label_that_hides_a_container_is_detected() {
        let mut event = of_container("die");
        assert!(!message(&event).hides());
        event["Actor"]["Attributes"]["deckwatch.hide"] = "true".into();
        assert!(message(&event).hides());
    }

    #[test]
    fn events_of_other_objects_change_no_container() {
        let meaning = read(
            serde_json::json!({"Type": "image", "Action": "pull", "time": 1,
                "Actor": {"ID": "nginx:1.27", "Attributes": {"name": "nginx"}}}),
            None,
        );
        assert_eq!(meaning.changed, None);
        assert_eq!(meaning.published.unwrap().timestamp.as_millis(), 1_000);
    }

    #[test]
    fn an_unknown_object_type_has_no_consequences() {
        for kind in [
            serde_json::json!("pod"),
            serde_json::json!("builder"),
            7.into(),
        ] {
            let mut event = of_container("start");
            event["Type"] = kind;
            assert_eq!(read(event, None), Meaning::default());
        }
    }

    #[test]
    fn a_line_that_is_not_an_object_is_unreadable() {
        for line in [
            "null",
            "5",
            "[]",
            "{}",
            "{\"Type\":",
            "",
            "garbage",
            "\"container\"",
        ] {
            assert_eq!(super::read(line, NOW), None, "{line}");
        }
    }

    #[test]
    fn an_implausible_time_becomes_the_time_of_receipt() {
        for (time, nanos) in [
            (0.into(), serde_json::json!(null)),
            ((-5).into(), (-5).into()),
            ("now".into(), serde_json::json!([])),
            (i64::MAX.into(), serde_json::json!("x")),
            (1.into(), i64::MAX.into()),
        ] {
            let mut event = of_container("start");
            event["time"] = time;
            event["timeNano"] = nanos;
            assert_eq!(message(&event).at, NOW, "{event}");
        }
    }
}
