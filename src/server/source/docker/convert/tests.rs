use super::{super::super::redact::MASK, *};
use serde_json::{Value, json};

/// The list in `body`, masked by the rules that need no configuration.
fn list(body: &str, own: Option<ContainerId>) -> Option<List> {
    super::list(body, own, &Redactor::default())
}

fn list_of(entries: Value) -> List {
    list(&entries.to_string(), None).unwrap()
}

fn only(entry: Value) -> Listed {
    let [listed] = list_of(json!([entry])).listed.try_into().unwrap();
    listed
}

fn id(digits: &str) -> ContainerId {
    digits.repeat(32).parse().unwrap()
}

#[test]
fn a_complete_list_entry_is_read() {
    let listed = only(json!({
        "Id": id("ab"), "Names": ["/other/alias", "/web"], "Image": "nginx:1.27",
        "State": "running", "Status": "Up 3 minutes (healthy)", "Created": 1_763_687_000,
        "Labels": {"com.docker.compose.project": "shop", "api_key": "x", "deckwatch.protect": "true"},
    }));
    assert_eq!(listed.id, id("ab"));
    assert_eq!(listed.name.as_deref(), Some("web"));
    assert_eq!(listed.state, ContainerState::Running);
    assert_eq!(listed.created.as_millis(), 1_763_687_000_000);
    assert_eq!(listed.project.as_deref(), Some("shop"));
    assert_eq!(listed.labels["api_key"], MASK);
    assert!(listed.protected);
}

#[test]
fn label_values_are_masked_until_the_secrets_are_known() {
    let listed = only(json!({
        "Id": id("ab"), "Labels": {"tier": "front", "route": "to-ab12-cd34-ef56"},
    }));
    let shown = |details: &_| container(&listed, details).labels;
    let unknown = shown(&Details::default());
    assert_eq!([&unknown["tier"], &unknown["route"]], [MASK; 2]);
    let inspected = json!({"Config": {"Env": ["API_TOKEN=ab12-cd34-ef56"]}}).to_string();
    let details = details(&inspected).unwrap();
    for details in [&details, &details.of_next_run()] {
        let known = shown(details);
        assert_eq!(known["tier"], "front");
        assert_eq!(known["route"], format!("to-{MASK}"));
    }
}

#[test]
fn an_entry_with_only_an_id_is_read() {
    let listed = only(json!({"Id": id("cd")}));
    assert_eq!(shown_name(&listed, &Details::default()), "cdcdcdcdcdcd");
    assert_eq!(listed.state, ContainerState::Unknown);
}

#[test]
fn hidden_containers_and_invalid_ids_are_omitted() {
    let list = list_of(json!([
        {"Id": id("ab"), "Labels": {"deckwatch.hide": "true"}},
        {"Id": "../../version"}, {}, null, 5, [], "Id",
        {"Id": id("cd")},
    ]));
    assert_eq!(list.hidden, [id("ab")].into());
    assert_eq!(list.listed.len(), 1);
}

#[test]
fn a_list_that_is_not_an_array_is_unreadable() {
    for body in ["", "null", "{}", "[{\"Id\":", "<html>", "[1e]"] {
        assert_eq!(list(body, None), None, "{body}");
    }
    assert_eq!(list("[]", None), Some(List::default()));
}

#[test]
fn deckwatchs_own_container_is_protected() {
    let body = json!([{"Id": id("ab")}]).to_string();
    let protected = |own| list(&body, own).unwrap().listed[0].protected;
    assert!(protected(Some(id("ab"))));
    assert!(!protected(None));
}

#[test]
fn every_state_word_of_the_engines_is_known_and_others_are_unknown() {
    // The states of Docker, then those of Podman 4 and 5 (`libpod/define/containerstate.go`).
    let words = [
        ("created", ContainerState::Created),
        ("running", ContainerState::Running),
        ("paused", ContainerState::Paused),
        ("restarting", ContainerState::Restarting),
        ("removing", ContainerState::Removing),
        ("exited", ContainerState::Exited),
        ("dead", ContainerState::Dead),
        ("stopped", ContainerState::Exited),
        ("stopping", ContainerState::Running),
        ("configured", ContainerState::Created),
        ("initialized", ContainerState::Created),
        ("unknown", ContainerState::Unknown),
        ("", ContainerState::Unknown),
        ("napping", ContainerState::Unknown),
    ];
    for (word, state) in words {
        assert_eq!(
            only(json!({"Id": id("ab"), "State": word})).state,
            state,
            "{word}"
        );
    }
}

#[test]
fn a_field_of_another_type_is_unknown() {
    let listed = only(json!({
        "Id": id("ab"), "Names": [5, "/web"], "Image": {}, "State": 7, "Status": [],
        "Created": "yesterday", "Labels": ["a=b"], "Ports": {"80/tcp": []},
    }));
    assert_eq!(listed.name.as_deref(), Some("web"));
    assert_eq!(listed.state, ContainerState::Unknown);
    assert_eq!((listed.image.as_str(), listed.status.as_str()), ("", ""));
    assert_eq!(listed.created, Timestamp::default());
    assert_eq!((listed.labels.len(), listed.ports.len()), (0, 0));
}

#[test]
fn a_time_out_of_range_is_unknown() {
    for created in ["1e999", "-1", "9223372036854775807", "253402300800"] {
        let body = format!(r#"[{{"Id": "{}", "Created": {created}}}]"#, id("ab"));
        let list = list(&body, None).unwrap();
        assert_eq!(list.listed[0].created, Timestamp::default(), "{created}");
    }
}

#[test]
fn an_invalid_port_or_label_is_omitted_alone() {
    let listed = only(json!({
        "Id": id("ab"),
        "Labels": {"a": "b", "c": 5, "d": null},
        "Ports": [
            null, "80/tcp", {"PrivatePort": -1}, {"PrivatePort": 70_000}, {"Type": "tcp"},
            {"PrivatePort": 80, "PublicPort": "8080", "Type": 6, "IP": false},
        ],
    }));
    assert_eq!(
        listed.labels.into_iter().collect::<Vec<_>>(),
        [("a".into(), "b".into())]
    );
    let expected = Port {
        ip: None,
        private_port: 80,
        public_port: None,
        protocol: "tcp".into(),
    };
    assert_eq!(listed.ports, [expected]);
}

#[test]
fn a_port_on_all_addresses_is_listed_once() {
    let port = |ip, private, public| json!({"IP": ip, "PrivatePort": private, "PublicPort": public, "Type": "tcp"});
    let listed = only(json!({"Id": id("ab"), "Ports": [
        port(Some("::"), 443, Some(8443)),
        port(Some("0.0.0.0"), 443, Some(8443)),
        port(None, 80, None),
        port(None, 80, None),
        port(Some("::"), 9000, Some(9000)),
    ]}));
    let read: Vec<_> = listed
        .ports
        .iter()
        .map(|port| (port.ip.as_deref(), port.private_port, port.public_port))
        .collect();
    assert_eq!(
        read,
        [
            (None, 80, None),
            (Some("0.0.0.0"), 443, Some(8443)),
            (Some("::"), 9000, Some(9000)),
        ]
    );
}

#[test]
fn the_health_is_read_from_the_status_text() {
    let read = [
        ("Up 3 minutes (healthy)", Some(Health::Healthy)),
        ("Up 3 seconds (health: starting)", Some(Health::Starting)),
        ("Up 3 minutes (unhealthy)", Some(Health::Unhealthy)),
        ("Up 3 minutes (Paused)", None),
        ("Exited (137) 2 minutes ago", None),
        ("", None),
    ];
    for (status, health) in read {
        assert_eq!(health_in_status(status), health, "{status}");
    }
}

#[test]
fn an_image_whose_tag_moved_has_the_name_it_was_created_with() {
    let details = Details {
        image: Some("shop/api:2".into()),
        ..Details::default()
    };
    let hash = "0123456789ab".repeat(6)[..64].to_owned();
    for (listed_as, shown) in [
        (format!("sha256:{hash}"), "shop/api:2"),
        (hash.clone(), "shop/api:2"),
        ("0123456789ab".into(), "shop/api:2"),
        ("docker.io/shop/api:3".into(), "docker.io/shop/api:3"),
        ("cafe".into(), "cafe"),
    ] {
        let listed = only(json!({"Id": id("ab"), "Image": listed_as}));
        assert_eq!(container(&listed, &details).image, shown);
    }
    let unknown = only(json!({"Id": id("ab"), "Image": format!("sha256:{hash}")}));
    let shown = container(&unknown, &Details::default()).image;
    assert_eq!(
        shown,
        format!("sha256:{hash}"),
        "the id until it is inspected"
    );
}
