//! A part of the engine that does not answer blocks no other part.

use crate::support::{
    app::{Settings, TestApp},
    fake_engine::{FakeContainer, FakeEngine, id_of, inspection_of},
    fake_server::Raw,
    mirror::Mirror,
};
use deckwatch::{
    model::{ContainerState, Host, SourceState},
    protocol::Channel,
};
use std::time::{Duration, Instant};
use tokio::time::timeout;

const LIST: &str = "GET /containers/json";
/// Lists of all containers only.
const FULL_LIST: &str = "GET /containers/json?all=true$";
/// Within this time a change is on every page, with a margin for a busy machine: a hanging inspection takes
/// two seconds.
const AT_ONCE: Duration = Duration::from_millis(1_500);

/// Without full lists in addition to events.
fn never() -> Settings {
    Settings {
        reconcile: Some(Duration::from_secs(86_400)),
        ..Settings::default()
    }
}

fn state(host: &Host, name: &str) -> Option<ContainerState> {
    let id = id_of(name).parse().unwrap();
    host.containers.get(&id).map(|container| container.state)
}

#[tokio::test]
async fn a_hanging_inspection_blocks_no_other_container() {
    let engine = FakeEngine::start().with_containers(5);
    engine.answer_inspection("web-1", Raw::Lost);
    let app = TestApp::start_with(engine, never()).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_source(SourceState::Live).await;
    for _ in 0..3 {
        // The hanging container changes, too, so that its inspection is requested again.
        app.engine.start_container("web-1");
        app.engine.stop_container("web-2");
        let exited = |host: &Host| state(host, "web-2") == Some(ContainerState::Exited);
        let shown = timeout(AT_ONCE, page.until(exited)).await;
        assert!(shown.is_ok(), "the end of another container is not shown");
        app.engine.create_container("web-6");
        let created = |host: &Host| state(host, "web-6").is_some();
        assert!(timeout(AT_ONCE, page.until(created)).await.is_ok());
        app.engine.remove_container("web-6");
        app.engine.start_container("web-2");
        page.until(|host| state(host, "web-6").is_none()).await;
        page.until(|host| state(host, "web-2") == Some(ContainerState::Running))
            .await;
    }
    app.end().await;
}

#[tokio::test]
async fn the_list_is_shown_at_startup_though_every_inspection_hangs() {
    let engine = FakeEngine::start().with_containers(40);
    for n in 1..=40 {
        engine.answer_inspection(&format!("web-{n}"), Raw::Lost);
    }
    let began = Instant::now();
    let app = TestApp::start_with(engine, never()).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_it_shows(&app.engine).await;
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
    page.until_source(SourceState::Live).await;
    app.engine.stop_container("web-7");
    let exited = |host: &Host| state(host, "web-7") == Some(ContainerState::Exited);
    assert!(timeout(AT_ONCE, page.until(exited)).await.is_ok());
    let inspections = app.engine.count("GET /containers/") - app.engine.count(LIST);
    // Eight at first, and four every two seconds after all have failed.
    let most = 48 + 4 * began.elapsed().as_secs();
    assert!(inspections as u64 <= most, "{inspections} inspections");
    app.end().await;
}

#[tokio::test]
async fn a_container_whose_inspection_hung_gets_its_details_later() {
    let mut container = FakeContainer::running("web-1");
    container.restart_count = 7;
    let engine = FakeEngine::start().with(container);
    engine.answer_inspection("web-1", Raw::Lost);
    let app = TestApp::start_with(engine, never()).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_it_shows(&app.engine).await;
    app.engine.answer_correctly(&inspection_of("web-1"));
    let restarts = |host: &Host| {
        let mut containers = host.containers.values();
        containers.any(|container| container.restart_count == Some(7))
    };
    page.until(restarts).await;
    app.end().await;
}

/// Breaks only the lists; returns the times until the source is late, down, and live again.
async fn only_the_list(fault: Raw) -> (Duration, Duration, Duration) {
    let app = TestApp::start_with(FakeEngine::start().with_containers(3), never()).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_source(SourceState::Live).await;
    let began = Instant::now();
    app.engine.answer(LIST, fault);
    page.until_source(SourceState::Late).await;
    let late = began.elapsed();
    let why = page.until_source(SourceState::Down).await.unwrap();
    assert!(
        why.contains("the list of containers did not come in time"),
        "{why}"
    );
    let down = began.elapsed();
    app.engine
        .change_silently("web-1", |c| c.state = "exited".into());
    let healed = Instant::now();
    app.engine.answer_correctly(LIST);
    page.until_source(SourceState::Live).await;
    page.until_it_shows(&app.engine).await;
    let live = healed.elapsed();
    app.end().await;
    (late, down, live)
}

#[tokio::test]
async fn hanging_lists_are_detected_within_ten_seconds_and_recover_within_five() {
    let (late, down, live) = only_the_list(Raw::Lost).await;
    assert!(late < Duration::from_secs(7), "late after {late:?}");
    assert!(down < Duration::from_secs(10), "lost after {down:?}");
    assert!(live < Duration::from_secs(7), "live after {live:?}");
    let times = [late, down, live];
    println!("late, lost and live after {times:?}");
}

#[tokio::test]
async fn an_unreadable_list_is_not_reported_as_a_missing_engine() {
    let app = TestApp::start(FakeEngine::start().with_containers(3)).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_source(SourceState::Live).await;
    app.engine
        .answer(LIST, Raw::Body(b"{\"message\": \"hello\"}".to_vec()));
    let why = page.until_source(SourceState::Down).await.unwrap();
    assert!(
        why.contains("the list of containers cannot be read"),
        "{why}"
    );
    assert!(!why.contains("No Docker engine"), "{why}");
    app.end().await;
}

#[tokio::test]
async fn an_engine_that_answers_but_no_longer_lists_all_becomes_stale() {
    let settings = Settings {
        reconcile: Some(Duration::from_secs(1)),
        ..Settings::default()
    };
    let engine = FakeEngine::start().with_containers(3);
    let app = TestApp::start_with(engine, settings).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_source(SourceState::Live).await;
    app.engine.answer(FULL_LIST, Raw::Lost);
    page.until_source(SourceState::Late).await;
    let why = page.until_source(SourceState::Stale).await.unwrap();
    assert!(why.contains("has not listed its containers"), "{why}");
    app.engine.answer_correctly(FULL_LIST);
    page.until_source(SourceState::Live).await;
    app.end().await;
}
