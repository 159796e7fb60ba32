//! Endless responses exhaust neither the server's memory nor its time.

use crate::support::{
    PATIENCE,
    app::{Settings, TestApp},
    fake_engine::{FakeEngine, id_of, inspection_of},
    fake_server::Raw,
    mirror::Mirror,
};
use deckwatch::{model::SourceState, protocol::Channel};
use std::time::Duration;

const MIB: usize = 1 << 20;
/// Most bytes that the kernel and hyper buffer beyond what was read.
const IN_BETWEEN: usize = 16 * MIB;

/// A JSON string that never ends.
fn endless(start: &str) -> Raw {
    Raw::Endless(start.into(), vec![b'x'; 64 << 10])
}

async fn app() -> TestApp {
    let settings = Settings {
        reconcile: Some(Duration::from_millis(500)),
        ..Settings::default()
    };
    TestApp::start_with(FakeEngine::start_elsewhere().with_containers(2), settings).await
}

#[tokio::test]
async fn an_endless_list_is_read_up_to_its_limit_and_reported() {
    let app = app().await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_source(SourceState::Live).await;
    let (all, some) = (
        "GET /containers/json?all=true",
        "GET /containers/json?all=true&",
    );
    app.engine.answer(some, Raw::text(|truth| truth));
    app.engine.answer(all, endless("[{\"Id\": \""));
    let why = page.until_source(SourceState::Down).await.unwrap();
    assert!(why.contains("too long"), "{why}");
    assert!(!why.contains("No Docker engine"), "{why}");
    assert!(
        app.engine.most_sent() > 60 * MIB,
        "the limit is that of a full list"
    );
    assert!(app.engine.most_sent() <= 64 * MIB + IN_BETWEEN);
    app.engine.answer_correctly(all);
    page.until_source(SourceState::Live).await;
    page.until_it_shows(&app.engine).await;
    app.end().await;
}

#[tokio::test]
async fn endless_details_processes_and_stats_are_read_up_to_their_limits() {
    let app = app().await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS, Channel::STATS]).await;
    let id = id_of("web-1");
    let (top, stats) = (
        format!("GET /containers/{id}/top"),
        format!("GET /containers/{id}/stats"),
    );
    app.engine
        .answer(&inspection_of("web-1"), endless("{\"Name\": \""));
    app.engine.answer(&top, endless("{\"Titles\": [\""));
    app.engine.answer(&stats, endless("{\"name\": \""));
    app.engine.stop_container("web-1");
    page.until_it_shows(&app.engine).await;
    app.engine.start_container("web-1");
    page.until_it_shows(&app.engine).await;
    for path in ["", "/top"] {
        let answer = app.get(&format!("/api/containers/{id}{path}")).await;
        assert_eq!(answer.status(), 500);
        let text = answer.text().await.unwrap();
        assert!(text.contains("too long"), "{text}");
    }
    page.until_figures("web-2", |stats| stats.cpu_percent.is_some())
        .await;
    assert!(app.engine.count(&stats) > 0);
    assert!(app.engine.most_sent() <= 4 * MIB + IN_BETWEEN);
    app.end().await;
}

#[tokio::test]
async fn an_endless_event_is_given_up_and_later_events_arrive() {
    let app = app().await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS, Channel::EVENTS]).await;
    page.until_source(SourceState::Live).await;
    app.engine
        .answer("GET /events", endless("{\"Type\": \"container"));
    app.engine.cut_events();
    let why = page.until_source(SourceState::Late).await.unwrap();
    assert!(why.contains("no end"), "{why}");
    assert!(app.engine.most_sent() <= 16 * MIB + IN_BETWEEN);
    assert!(app.engine.count("GET /events") < 30);
    app.engine.answer_correctly("GET /events");
    page.until_source(SourceState::Live).await;
    app.engine.stop_container("web-1");
    let die = async {
        loop {
            if let Some(event) = page.socket.next().await.event()
                && event.action == "die"
            {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, die).await.unwrap();
    app.end().await;
}

#[tokio::test]
async fn an_event_that_never_completes_does_not_block_later_events() {
    let app = app().await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS, Channel::EVENTS]).await;
    page.until_source(SourceState::Live).await;
    let streams = app.engine.count("GET /events");
    app.engine
        .emit_bytes("{\"Type\": \"container\", \"Action\": ");
    tokio::time::sleep(Duration::from_millis(100)).await;
    crate::support::eventually("the stream is opened anew", async || {
        app.engine.count("GET /events") > streams
    })
    .await;
    app.engine.stop_container("web-1");
    page.until_it_shows(&app.engine).await;
    app.end().await;
}
