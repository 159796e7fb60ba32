//! Every failure of the engine is reported, and after it the page shows the true state again.

use crate::support::{
    PATIENCE,
    app::{Settings, TestApp},
    fake_engine::{FakeContainer, FakeEngine},
    mirror::Mirror,
    within,
};
use deckwatch::{
    model::SourceState,
    protocol::{Channel, ClientMessage, Ping, ServerMessage},
};
use std::time::Duration;

/// Breaks the engine, checks that this is reported, changes containers meanwhile, repairs it, and checks
/// that the page shows the engine's state. Returns the reported message.
async fn survives(fault: impl Fn(&FakeEngine)) -> String {
    let app = TestApp::start(FakeEngine::start().with_containers(3)).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_source(SourceState::Live).await;
    fault(&app.engine);
    let message = page.until_source(SourceState::Down).await;
    app.engine
        .change_silently("web-1", |c| c.state = "exited".into());
    app.engine.lose("web-2");
    page.socket.send(ClientMessage::Ping(Ping {})).await;
    page.socket
        .until(|message| matches!(message, ServerMessage::Heartbeat { .. }))
        .await;
    assert_eq!(
        app.get("/healthz").await.status(),
        200,
        "the server itself is healthy"
    );
    app.engine.recover();
    page.until_source(SourceState::Live).await;
    page.until_it_shows(&app.engine).await;
    app.end().await;
    message.expect("says what is wrong")
}

#[tokio::test]
async fn a_refusing_engine_is_reported_and_recovers() {
    let message = survives(FakeEngine::refuse).await;
    assert!(
        message.contains("unix://"),
        "names where it was looked for: {message}"
    );
}

#[tokio::test]
async fn a_hanging_engine_is_reported_and_recovers() {
    survives(FakeEngine::hang).await;
}

#[tokio::test]
async fn an_engine_that_answers_garbage_is_reported_and_recovers() {
    survives(FakeEngine::answer_garbage).await;
}

#[tokio::test]
async fn an_engine_that_answers_half_of_its_json_is_reported_and_recovers() {
    survives(FakeEngine::half_json).await;
}

#[tokio::test]
async fn a_failing_engine_is_reported_and_recovers() {
    survives(|engine| engine.fail_with(500)).await;
}

#[tokio::test]
async fn an_engine_that_is_missing_at_the_start_is_found_later() {
    let engine = FakeEngine::start().with_containers(2);
    engine.refuse();
    let app = TestApp::start_without_engine(engine).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_source(SourceState::Down).await;
    app.engine.recover();
    page.until_it_shows(&app.engine).await;
    app.end().await;
}

#[tokio::test]
async fn a_cut_event_stream_loses_nothing() {
    let app = TestApp::start_without_reconcile(FakeEngine::start().with_containers(3)).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    for name in ["new-1", "new-2", "new-3"] {
        app.engine.cut_events();
        app.engine.create_container(name);
        page.until_it_shows(&app.engine).await;
        app.engine.stop_container("web-1");
        app.engine.cut_events();
        page.until_it_shows(&app.engine).await;
        app.engine.start_container("web-1");
        app.engine.remove_container(name);
        page.until_it_shows(&app.engine).await;
    }
    app.end().await;
}

#[tokio::test]
async fn an_engine_that_restarts_with_other_containers_is_shown_correctly() {
    let app = TestApp::start(FakeEngine::start().with_containers(3)).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    let others = ["other-1", "other-2"].map(FakeContainer::running);
    app.engine.restart_with(others.to_vec());
    page.until_it_shows(&app.engine).await;
    app.engine.restart_with(Vec::new());
    page.until(|host| host.containers.is_empty()).await;
    app.end().await;
}

#[tokio::test]
async fn an_engine_that_returns_with_thousands_of_containers_is_shown_completely() {
    let app = TestApp::start(FakeEngine::start().with_containers(3)).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    let many = (0..5_000).map(|n| FakeContainer::running(&format!("other-{n}")));
    app.engine.restart_with(many.collect());
    page.until_it_shows(&app.engine).await;
    page.until_source(SourceState::Live).await;
    app.end().await;
}

#[tokio::test]
async fn a_change_without_an_event_is_found_by_the_next_full_list() {
    let reconcile = Duration::from_secs(1);
    let settings = Settings {
        reconcile: Some(reconcile),
        ..Settings::default()
    };
    let app = TestApp::start_with(FakeEngine::start().with_containers(3), settings).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    app.engine
        .change_silently("web-1", |c| c.state = "exited".into());
    let shown = page.until_it_shows(&app.engine);
    within(reconcile, "the next full list", shown).await;
    app.end().await;
}

#[tokio::test]
async fn more_events_than_are_kept_end_in_the_correct_state() {
    let app = TestApp::start_without_reconcile(FakeEngine::start().with_containers(3)).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS, Channel::EVENTS]).await;
    app.engine.emit_events(300);
    for _ in 0..150 {
        app.engine.stop_container("web-1");
        app.engine.start_container("web-1");
    }
    app.engine.stop_container("web-3");
    page.until_it_shows(&app.engine).await;
    let newest = async {
        loop {
            if let Some(event) = page.socket.next().await.event()
                && event.name == "web-3"
            {
                return;
            }
        }
    };
    let seen = page
        .dashboard
        .events
        .iter()
        .any(|event| event.name == "web-3");
    assert!(seen || tokio::time::timeout(PATIENCE, newest).await.is_ok());
    app.end().await;
}
