//! Unusual but valid answers: any one field of any one entry is replaced, and the rest must still be read
//! correctly.

use super::*;
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

/// The list in `body`, masked by the rules that need no configuration.
fn list(body: &str, own: Option<ContainerId>) -> Option<List> {
    super::list(body, own, &Redactor::default())
}

/// Replacements of a field, as text: `serde_json` cannot represent some of them.
const ODD: [&str; 18] = [
    "null",
    "true",
    "-1",
    "0",
    "1.5",
    "1e999",
    "-1e999",
    "9223372036854775807",
    "18446744073709551616",
    "\"\"",
    "\"odd\"",
    "\"/odd/../../name\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "[]",
    "{}",
    "[null, 1, \"a\", [[[]]], {\"a\": 1e999}]",
    "{\"a\": {\"b\": [1e999, \"\\udfff\"]}, \"\": null}",
];

fn id(n: usize) -> ContainerId {
    ContainerId::from_bytes([n as u8 + 1; 32])
}

/// An entry as Docker 27 and Podman 4 write them.
fn entry(n: usize) -> Value {
    let (docker, podman) = (
        json!({
            "Id": id(n), "Names": [format!("/web-{n}"), format!("/link/web-{n}")], "Image": "nginx:1.27",
            "ImageID": "sha256:2dca", "Command": "nginx", "Created": 1_763_687_000 + n,
            "Ports": [{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080 + n, "Type": "tcp"},
                {"PrivatePort": 443, "Type": "tcp"}],
            "Labels": {"com.docker.compose.project": "shop", "a": "b"}, "State": "running",
            "Status": "Up 3 minutes (healthy)", "HostConfig": {"NetworkMode": "bridge"},
            "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "172.17.0.2", "Links": null}}},
            "Mounts": [{"Type": "volume", "Name": "data", "RW": true}],
        }),
        json!({
            "Id": id(n), "Names": [format!("/pod-{n}")], "Image": "docker.io/library/t:latest",
            "ImageID": "sha256:2dca", "Command": "sleep 1000", "Created": 1_796_000_398 + n, "Ports": [],
            "Labels": {}, "State": "running", "Status": "Up Less than a second",
            "NetworkSettings": {"Networks": null}, "Mounts": [], "Name": "", "Config": null,
            "NetworkingConfig": null, "Platform": null, "AdjustCPUShares": false,
        }),
    );
    if n.is_multiple_of(2) { docker } else { podman }
}

/// Every location in a value, as a JSON pointer.
fn locations(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut visit = |name: &str, inner: &Value| {
        let location = format!("{at}/{name}");
        locations(inner, &location, found);
        found.push(location);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| visit(name, inner)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(n, inner)| visit(&n.to_string(), inner)),
        _ => {}
    }
}

/// `value` as text with one location replaced by `odd`, or removed; and the location.
fn with_odd(mut value: Value, location: Index, odd: Option<&str>) -> (String, String) {
    let mut found = Vec::new();
    locations(&value, "", &mut found);
    let location = location.get(&found).clone();
    *value.pointer_mut(&location).unwrap() = "@odd@".into();
    let text = match odd {
        Some(odd) => value.to_string().replace("\"@odd@\"", odd),
        None => {
            let (parent, name) = location.rsplit_once('/').unwrap();
            match value.pointer_mut(parent).unwrap() {
                Value::Object(fields) => drop(fields.remove(name)),
                Value::Array(items) => drop(items.remove(name.parse().unwrap())),
                other => panic!("{other}"),
            }
            value.to_string()
        }
    };
    (text, location)
}

fn odd() -> impl Strategy<Value = Option<&'static str>> {
    prop::option::weighted(0.9, prop::sample::select(&ODD[..]))
}

/// Whether all parts of a container are the same but those that come from `field`.
fn same_but(field: &str, now: &Listed, before: &Listed) -> bool {
    (field == "Names" || now.name == before.name)
        && (field == "Image" || now.image == before.image)
        && (field == "State" || now.state == before.state)
        && (field == "Status" || now.status == before.status)
        && (field == "Created" || now.created == before.created)
        && (field == "Ports" || now.ports == before.ports)
        && (field == "Labels" || (&now.labels, &now.project) == (&before.labels, &before.project))
}

const ENTRIES: usize = 4;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_odd_field_of_a_list_affects_only_itself(
        which in 0..ENTRIES, location: Index, odd in odd(),
    ) {
        let entries: Vec<_> = (0..ENTRIES).map(entry).collect();
        let right = list(&json!(entries).to_string(), None).unwrap();
        let (text, location) = with_odd(entry(which), location, odd);
        let mut texts: Vec<_> = entries.iter().map(Value::to_string).collect();
        texts[which] = text.clone();
        let body = format!("[{}]", texts.join(","));
        let now = list(&body, None).expect("the list is read");
        let find = |n| now.listed.iter().find(|listed| listed.id == id(n));
        for (n, before) in right.listed.iter().enumerate() {
            match find(n) {
                Some(now) if n == which => {
                    let field = location.split('/').nth(1).unwrap();
                    prop_assert!(same_but(field, now, before), "{text}: {now:?}");
                }
                None if n == which => prop_assert_eq!(&location, "/Id"),
                now => prop_assert_eq!(now, Some(before)),
            }
        }
        prop_assert!(now.listed.len() >= ENTRIES - 1);
        for listed in &now.listed {
            // It can be displayed and serialized.
            let shown = container(listed, &Details::default());
            let sent = serde_json::to_string(&shown).unwrap();
            prop_assert_eq!(serde_json::from_str::<Container>(&sent).unwrap(), shown);
        }
    }

    #[test]
    fn an_odd_field_of_an_inspection_affects_only_itself(location: Index, odd in odd()) {
        let inspected = json!({
            "Id": id(1), "Name": "/web", "Image": "sha256:2dca", "RestartCount": 2,
            "State": {"Status": "running", "Running": true, "Pid": 42, "ExitCode": 0,
                "StartedAt": "2025-11-21T01:18:05.042999999Z", "FinishedAt": "0001-01-01T00:00:00Z",
                "Health": {"Status": "healthy", "FailingStreak": 0, "Log": [{"Output": "ok"}]}},
            "Config": {"Image": "nginx:1.27", "Env": ["A=b"], "Cmd": ["nginx"], "Tty": false},
            "HostConfig": {"NetworkMode": "host", "Memory": 0},
        });
        let before = details(&inspected.to_string()).unwrap();
        let (text, location) = with_odd(inspected, location, odd);
        let now = details(&text).expect("the description is read");
        let is_about = |of: &str| of.starts_with(&location) || location.starts_with(of);
        let state = ["/State/Running", "/State/FinishedAt", "/State/ExitCode"];
        let ends = state.iter().any(|of| is_about(of));
        prop_assert!(is_about("/State/Status") || now.state == before.state);
        prop_assert!(is_about("/Name") || now.name == before.name);
        prop_assert!(is_about("/Config/Image") || now.image == before.image);
        prop_assert!(is_about("/State/Health/Status") || now.health == before.health);
        prop_assert!(is_about("/State/StartedAt") || now.started_at == before.started_at);
        prop_assert!(ends || now.exit_code == before.exit_code);
        prop_assert!(ends || now.finished_at == before.finished_at);
        prop_assert!(is_about("/RestartCount") || now.restart_count == before.restart_count);
        prop_assert!(is_about("/State/Pid") || now.pid == before.pid);
        prop_assert!(is_about("/HostConfig/NetworkMode") || now.host_network == before.host_network);
    }
}

#[test]
fn the_odd_values_are_valid_json_and_the_entries_are_read() {
    for odd in ODD {
        assert!(Json::parse(odd).is_some(), "{odd} is legal");
    }
    let all = (0..ENTRIES).map(entry).collect::<Vec<_>>();
    let right = list(&json!(all).to_string(), None).unwrap();
    assert_eq!(right.listed.len(), ENTRIES);
    assert_eq!(
        right.listed[0].labels["a"],
        Redactor::default().mask_value("a", "b")
    );
}
