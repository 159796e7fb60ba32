//! Unusual but valid answers of an engine: each affects only its own part.

use crate::support::{
    app::{Settings, TestApp},
    fake_engine::{FakeContainer, FakeEngine, id_of, inspection_of},
    fake_server::Raw,
    mirror::Mirror,
};
use deckwatch::{
    model::{Container, ContainerState, Health, Host, SourceKind, SourceState, Update},
    protocol::Channel,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

const LIST: &str = "GET /containers/json";
/// Full lists so often that a change without an event is detected soon.
const OFTEN: Duration = Duration::from_millis(100);
const NEVER: Duration = Duration::from_secs(86_400);

async fn app(engine: FakeEngine, reconcile: Duration) -> TestApp {
    let settings = Settings {
        reconcile: Some(reconcile),
        ..Settings::default()
    };
    TestApp::start_with(engine, settings).await
}

fn entry<'a>(list: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    let id = id_of(name);
    let mut entries = list.as_array_mut().unwrap().iter_mut();
    entries.find(|entry| entry["Id"] == id)
}

fn container<'a>(host: &'a Host, name: &str) -> Option<&'a Arc<Container>> {
    host.containers.get(&id_of(name).parse().unwrap())
}

fn is(host: &Host, name: &str, wanted: impl Fn(&Container) -> bool) -> bool {
    container(host, name).is_some_and(|container| wanted(container))
}

/// The list with `change` applied to the entry of `web-1`.
fn with_entry(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Raw {
    Raw::json(move |list| {
        if let Some(entry) = entry(list, "web-1") {
            change(entry);
        }
    })
}

#[tokio::test]
async fn an_unknown_state_is_unknown_and_the_engine_stays_live() {
    let app = app(FakeEngine::start().with_containers(2), OFTEN).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_source(SourceState::Live).await;
    app.engine.answer(&inspection_of("web-1"), Raw::Hanging);
    for (word, state) in [
        ("napping", ContainerState::Unknown),
        ("stopped", ContainerState::Exited),
        ("initialized", ContainerState::Created),
    ] {
        app.engine
            .answer(LIST, with_entry(move |entry| entry["State"] = word.into()));
        page.until(|host| is(host, "web-1", |c| c.state == state))
            .await;
        let host = page.until(|host| host.containers.len() == 2).await;
        assert!(is(host, "web-2", |c| c.state == ContainerState::Running));
        assert_eq!(host.sources[&SourceKind::Docker].state, SourceState::Live);
    }
    app.end().await;
}

/// Replaces each field of one container's list entry by each of these values.
const ODD: [&str; 11] = [
    "null",
    "true",
    "-1",
    "1e999",
    "123456789012345678901234567890",
    "1.5",
    "\"odd\"",
    "\"\\ud800\"",
    "[]",
    "{\"a\": [null]}",
    "[[1], {}, -5, \"x\"]",
];

#[tokio::test]
async fn an_odd_field_affects_only_itself_and_the_rest_of_the_list_is_right() {
    let app = app(FakeEngine::start().with_containers(3), OFTEN).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_source(SourceState::Live).await;
    page.until(|host| host.containers.values().all(|c| c.started_at.is_some()))
        .await;
    app.engine.answer(&inspection_of("web-1"), Raw::Hanging);
    let mut round = 0;
    for field in [
        "Names", "Image", "State", "Status", "Created", "Labels", "Ports", "Mounts",
    ] {
        for odd in ODD {
            // A change of another container's image shows that the list with the odd field was applied.
            round += 1;
            let image = format!("nginx:{round}");
            let shown = image.clone();
            let mark = Raw::text(move |body| {
                let mut list = serde_json::from_str(&body).unwrap();
                if let Some(entry) = entry(&mut list, "web-1") {
                    entry[field] = "@odd@".into();
                }
                if let Some(entry) = entry(&mut list, "web-3") {
                    entry["Image"] = image.as_str().into();
                }
                list.to_string().replace("\"@odd@\"", odd)
            });
            app.engine.answer(LIST, mark);
            let host = page
                .until(|host| is(host, "web-3", |c| c.image == shown))
                .await;
            assert_eq!(host.containers.len(), 3, "{field}: {odd}");
            for name in ["web-2", "web-3"] {
                let is_right = is(host, name, |c| {
                    c.name == name && c.state == ContainerState::Running && c.ports.len() == 1
                });
                assert!(is_right, "{field}: {odd}");
            }
            assert!(is(host, "web-1", |c| c.name == "web-1" || field == "Names"));
            assert_eq!(
                host.sources[&SourceKind::Docker].state,
                SourceState::Live,
                "{field}: {odd}"
            );
        }
    }
    app.end().await;
}

#[tokio::test]
async fn invalid_entries_affect_only_themselves() {
    let app = app(FakeEngine::start().with_containers(2), OFTEN).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    app.engine.answer(
        LIST,
        Raw::json(|list| {
            let entries = list.as_array_mut().unwrap();
            entries.insert(0, Value::Null);
            entries.push(json!({"Id": 5}));
            entries.push(json!({"Id": "ab".repeat(32), "Names": ["/bare"]}));
        }),
    );
    let host = page.until(|host| host.containers.len() == 3).await;
    let names: Vec<_> = host.containers.values().map(|c| c.name.as_str()).collect();
    assert!(
        names.contains(&"bare") && names.contains(&"web-1"),
        "{names:?}"
    );
    app.end().await;
}

#[tokio::test]
async fn an_image_whose_tag_moved_has_the_name_the_container_was_created_with() {
    let app = app(FakeEngine::start().with_containers(1), OFTEN).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    let hash = format!("sha256:{}", "ab".repeat(32));
    app.engine.answer(
        LIST,
        with_entry(move |entry| {
            entry["Image"] = hash.as_str().into();
            // Shows when the list was applied.
            entry["Status"] = "Up 7 minutes".into();
        }),
    );
    let is_applied = |c: &Container| c.status == "Up 7 minutes" && c.image == "nginx:1.27";
    page.until(|host| is(host, "web-1", is_applied)).await;
    app.end().await;
}

#[tokio::test]
async fn a_container_being_removed_keeps_its_name() {
    let app = app(FakeEngine::start().with_containers(1), OFTEN).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    app.engine.answer(&inspection_of("web-1"), Raw::Hanging);
    app.engine.answer(
        LIST,
        with_entry(|entry| {
            entry["Names"] = Value::Null;
            entry["State"] = "removing".into();
        }),
    );
    let is_removing = |c: &Container| c.state == ContainerState::Removing;
    let host = page.until(|host| is(host, "web-1", is_removing)).await;
    assert!(is(host, "web-1", |c| c.name == "web-1"));
    app.end().await;
}

#[tokio::test]
async fn an_entrypoint_that_is_one_string_does_not_stop_the_log() {
    let engine = FakeEngine::start().with(FakeContainer::running("web-1").lines(3));
    let app = app(engine, OFTEN).await;
    app.engine.answer_inspection(
        "web-1",
        Raw::json(|inspected| {
            inspected["Config"]["Entrypoint"] = "/entry -v".into();
            inspected["HostConfig"] = "none".into();
        }),
    );
    let answer = app
        .get(&format!("/api/containers/{}/logs", id_of("web-1")))
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.text().await.unwrap().lines().count(), 3);
    let details = app
        .get(&format!("/api/containers/{}/details", id_of("web-1")))
        .await;
    let details: Value = details.json().await.unwrap();
    assert_eq!(details["entrypoint"], json!(["/entry -v"]));
    app.end().await;
}

#[tokio::test]
async fn processes_that_the_engine_does_not_list_are_unavailable() {
    let app = app(FakeEngine::start().with_containers(1), OFTEN).await;
    let route = format!("GET /containers/{}/top", id_of("web-1"));
    for empty in ["", "null", "{}"] {
        app.engine.answer(&route, Raw::Body(empty.into()));
        let answer = app
            .get(&format!("/api/containers/{}/top", id_of("web-1")))
            .await;
        assert_eq!(answer.status(), 409, "{empty:?}");
        let problem: Value = answer.json().await.unwrap();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("does not list"), "{problem}");
    }
    app.end().await;
}

#[tokio::test]
async fn processes_are_requested_in_the_engine_s_default_columns_if_ours_are_unknown() {
    let app = app(FakeEngine::start().with_containers(1), OFTEN).await;
    let path = format!("/containers/{}/top", id_of("web-1"));
    app.engine
        .answer(&format!("GET {path}?ps_args"), Raw::Body(Vec::new()));
    let answer = app.get(&format!("/api{path}")).await;
    assert_eq!(answer.status(), 200);
    let processes: Value = answer.json().await.unwrap();
    assert_eq!(processes["processes"][0][2], "nginx");
    app.end().await;
}

/// An event as Podman 4 writes it, without labels.
fn podman_event(name: &str, action: &str, health: Option<&str>) -> String {
    let mut event = json!({
        "status": action, "id": id_of(name), "from": "docker.io/library/t:latest",
        "Type": "container", "Action": action, "scope": "local",
        "Actor": {"ID": id_of(name), "Attributes": {
            "containerExitCode": "0", "image": "docker.io/library/t:latest", "name": name, "podId": "",
        }},
        "time": 1_796_000_399, "timeNano": 1_796_000_399_134_275_465_i64,
    });
    if let Some(health) = health {
        event["HealthStatus"] = health.into();
    }
    format!("{event}\n")
}

#[tokio::test]
async fn the_health_in_podman_s_events_is_shown_and_kept() {
    let mut engine = FakeContainer::running("web-1");
    engine.health = Some("healthy".into());
    let engine = FakeEngine::start().with(engine);
    // Podman's list has no health; if the inspection has none either, that of the event is kept.
    engine.answer(
        LIST,
        with_entry(|entry| entry["Status"] = "Up 3 minutes".into()),
    );
    let app = app(engine, OFTEN).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    let has = |health| move |host: &Host| is(host, "web-1", |c| c.health == Some(health));
    page.until(has(Health::Healthy)).await;
    app.engine.answer_inspection(
        "web-1",
        Raw::json(|inspected| drop(inspected["State"].as_object_mut().unwrap().remove("Health"))),
    );
    let event = podman_event("web-1", "health_status", Some("unhealthy"));
    app.engine.emit_bytes(event);
    page.until(has(Health::Unhealthy)).await;
    let before = app.engine.count(&inspection_of("web-1"));
    crate::support::eventually("it is inspected again", async || {
        app.engine.count(&inspection_of("web-1")) > before + 2
    })
    .await;
    let now = app.snapshot("containers").await.messages;
    let health = now.into_iter().find_map(|message| match message.update() {
        Some(Update::Containers { data, .. }) => Some(data[0].health),
        _ => None,
    });
    assert_eq!(
        health,
        Some(Some(Health::Unhealthy)),
        "no other health was reported"
    );
    app.engine
        .change_silently("web-1", |c| c.health = Some("healthy".into()));
    app.engine.answer_correctly(&inspection_of("web-1"));
    page.until(has(Health::Healthy)).await;
    app.end().await;
}

/// The names in the events with this action, up to one of `last`.
async fn events_named(page: &mut Mirror, action: &str, last: &str) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        if let Some(event) = page.socket.next().await.event()
            && event.action == action
        {
            names.push(event.name.clone());
            if event.name == last {
                return names;
            }
        }
    }
}

#[tokio::test]
async fn an_unreadable_event_affects_only_itself() {
    let app = app(FakeEngine::start().with_containers(3), NEVER).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS, Channel::EVENTS]).await;
    page.until_source(SourceState::Live).await;
    let streams = app.engine.count("GET /events");
    for line in [
        "null",
        "{\"Type\":",
        "garbage",
        "[]",
        "{\"Type\": \"pod\", \"Action\": \"start\", \"Actor\": {\"ID\": \"1\"}, \"time\": 1e999}",
        "{\"Type\": \"container\", \"Action\": 5, \"Actor\": null, \"timeNano\": \"soon\"}",
        "\u{0}\u{1}\u{ffff}",
    ] {
        app.engine.emit_bytes(format!("{line}\n"));
        app.engine.stop_container("web-1");
        page.until_it_shows(&app.engine).await;
        app.engine.start_container("web-1");
        page.until_it_shows(&app.engine).await;
    }
    app.engine.emit_bytes(vec![0xff, 0xfe, b'\n']);
    app.engine.emit_bytes(format!("{}\n", "x".repeat(3 << 20)));
    app.engine.stop_container("web-2");
    assert!(
        events_named(&mut page, "die", "web-2")
            .await
            .contains(&"web-2".to_owned())
    );
    page.until_it_shows(&app.engine).await;
    assert_eq!(
        app.engine.count("GET /events"),
        streams,
        "the stream is kept"
    );
    app.end().await;
}

#[tokio::test]
async fn a_repeatedly_lost_event_stream_is_not_live_and_is_reopened_with_backoff() {
    let app = app(FakeEngine::start().with_containers(2), NEVER).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_source(SourceState::Live).await;
    app.engine
        .answer("GET /events", Raw::Body(b"null\nnull\n".to_vec()));
    app.engine.cut_events();
    let why = page.until_source(SourceState::Late).await.unwrap();
    assert!(why.contains("events"), "{why}");
    let (streams, lists) = (app.engine.count("GET /events"), app.engine.count(LIST));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let streams = app.engine.count("GET /events") - streams;
    assert!(streams <= 20, "{streams} streams in ten seconds");
    let lists = app.engine.count(LIST) - lists;
    assert!(lists <= 40, "{lists} lists in ten seconds");
    app.engine
        .change_silently("web-1", |c| c.state = "exited".into());
    page.until_it_shows(&app.engine).await;
    app.engine.answer_correctly("GET /events");
    page.until_source(SourceState::Live).await;
    app.engine.stop_container("web-2");
    page.until_it_shows(&app.engine).await;
    app.end().await;
}

#[tokio::test]
async fn a_hidden_container_whose_events_lack_the_label_is_not_revealed() {
    let hidden = FakeContainer::running("secret").label("deckwatch.hide", "true");
    let engine = FakeEngine::start().with_containers(1).with(hidden);
    let app = app(engine, NEVER).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS, Channel::EVENTS]).await;
    page.until_source(SourceState::Live).await;
    for action in ["die", "start", "die"] {
        app.engine.emit_bytes(podman_event("secret", action, None));
    }
    // A new container that no list has contained yet.
    app.engine.hide_next("secret-2");
    for action in ["create", "start", "die", "remove"] {
        app.engine
            .emit_bytes(podman_event("secret-2", action, None));
    }
    app.engine.emit_bytes(podman_event("web-1", "pause", None));
    app.engine.create_container("web-2");
    app.engine.stop_container("web-2");
    let mut names = Vec::new();
    loop {
        if let Some(event) = page.socket.next().await.event() {
            names.push(event.name.clone());
            if event.name == "web-2" && event.action == "stop" {
                break;
            }
        }
    }
    assert!(names.contains(&"web-1".to_owned()), "{names:?}");
    assert!(
        !names.iter().any(|name| name.starts_with("secret")),
        "{names:?}"
    );
    app.end().await;
}
