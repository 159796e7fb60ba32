//! Engines behind a proxy that does not allow every call.

use crate::support::{
    app::TestApp,
    eventually,
    fake_engine::{FakeEngine, id_of},
    fake_server::Raw,
};
use deckwatch::{
    model::{SourceKind, SourceState, Update, WorkloadKey},
    protocol::{Channel, ClientMessage, ServerMessage, Subscribe},
};
use serde_json::{Value, json};

/// State and message of the engine's source.
async fn source(app: &TestApp) -> Option<(SourceState, String)> {
    let messages = app.snapshot("containers").await.messages;
    messages
        .into_iter()
        .find_map(|message| match message.update() {
            Some(Update::Source(status)) if status.source == SourceKind::Docker => {
                Some((status.state, status.message.clone().unwrap_or_default()))
            }
            _ => None,
        })
}

/// Waits until the source is in `state` with a message that contains all of `words`.
async fn until_source(app: &TestApp, state: SourceState, words: &[&str]) {
    eventually(&format!("{state:?}: {words:?}"), async || {
        let source_state = source(app).await;
        source_state.is_some_and(|(source_state, message)| {
            source_state == state && words.iter().all(|word| message.contains(word))
        })
    })
    .await;
}

#[tokio::test]
async fn a_forbidden_call_is_refused_with_a_message_that_names_it() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let id = id_of("web-1");
    app.engine.forbid("POST /containers/{id}/stop");
    app.engine.forbid("GET /containers/{id}/top");
    app.engine.forbid("GET /containers/{id}/logs");
    let stop = app
        .post(&format!("/api/containers/{id}/stop"), &json!({}))
        .await;
    let top = app.get(&format!("/api/containers/{id}/top")).await;
    let logs = app.get(&format!("/api/containers/{id}/logs?tail=5")).await;
    for (answer, call) in [
        (stop, "POST /containers/{id}/stop"),
        (top, "GET /containers/{id}/top"),
        (logs, "GET /containers/{id}/logs"),
    ] {
        assert_eq!(answer.status(), 403, "{call}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "forbidden", "{call}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with(call), "{detail}");
        assert!(!detail.contains('<'), "{detail}");
    }
    // What is allowed still works.
    let pause = app
        .post(&format!("/api/containers/{id}/pause"), &json!({}))
        .await;
    assert_eq!(pause.status(), 200);
    app.end().await;
}

#[tokio::test]
async fn a_followed_log_that_is_forbidden_ends_with_the_reason() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    app.engine.forbid("GET /containers/{id}/logs");
    let mut socket = app.socket().await;
    let channel = Channel::logs(WorkloadKey::Container(id_of("web-1").parse().unwrap()));
    socket
        .send(ClientMessage::Subscribe(Subscribe::to(channel)))
        .await;
    let end = socket
        .until(|message| matches!(message, ServerMessage::LogEnd { .. }))
        .await;
    let ServerMessage::LogEnd { message, .. } = end else {
        unreachable!()
    };
    assert!(
        message
            .unwrap()
            .contains("GET /containers/{id}/logs is forbidden")
    );
    app.end().await;
}

#[tokio::test]
async fn without_events_version_details_and_stats_the_rest_works_and_the_lack_is_reported() {
    let engine = FakeEngine::start_elsewhere().with_containers(2);
    for call in [
        "GET /version",
        "GET /events",
        "GET /info",
        "GET /containers/{id}/stats",
    ] {
        engine.forbid(call);
    }
    let app = TestApp::start(engine).await;
    let words = [
        "GET /events (changes are found every 10s)",
        "GET /version",
        "GET /info",
        "GET /containers/{id}/stats",
    ];
    until_source(&app, SourceState::Live, &words).await;
    app.engine.lose("web-2");
    eventually("the change is found with the next list", async || {
        let messages = app.snapshot("containers").await.messages;
        messages
            .iter()
            .any(|m| matches!(m.update(), Some(Update::Containers { data, .. }) if data.len() == 1))
    })
    .await;
    app.engine.forbid("GET /containers/{id}/json");
    app.engine.create_container("web-3");
    until_source(
        &app,
        SourceState::Live,
        &["GET /containers/{id}/json (no details"],
    )
    .await;
    app.end().await;
}

#[tokio::test]
async fn without_the_list_the_source_is_down_with_the_reason_until_it_is_allowed() {
    let engine = FakeEngine::start().with_containers(1);
    engine.forbid("GET /containers/json");
    let app = TestApp::start_without_engine(engine).await;
    until_source(
        &app,
        SourceState::Down,
        &[
            "No access to the engine at",
            "GET /containers/json is forbidden",
        ],
    )
    .await;
    let (_, message) = source(&app).await.unwrap();
    assert!(!message.contains('<'), "{message}");
    app.engine.allow_all();
    let wanted = Raw::Status(401, "<h1>Sign in</h1>first".into());
    app.engine.answer("GET /containers/json", wanted);
    until_source(&app, SourceState::Down, &["(401): Sign in first"]).await;
    app.engine.answer_correctly("GET /containers/json");
    until_source(&app, SourceState::Live, &[]).await;
    app.end().await;
}
