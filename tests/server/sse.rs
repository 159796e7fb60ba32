//! Server-sent events.

use crate::support::{
    app::TestApp,
    fake_engine::FakeEngine,
    mirror::states,
    sse::{Sent, Sse},
};
use deckwatch::{model::Update, protocol::ServerMessage};

fn list(sent: &Sent) -> Option<Vec<(String, String)>> {
    (sent.event == "containers").then(|| {
        match ServerMessage::decode(&sent.data).unwrap().update() {
            Some(Update::Containers { data, .. }) => states(data),
            other => panic!("not a full list: {other:?}"),
        }
    })
}

fn position(sent: &Sent) -> (String, u64) {
    let (epoch, seq) = sent.id.rsplit_once(':').expect("epoch:seq");
    (epoch.to_owned(), seq.parse().unwrap())
}

#[tokio::test]
async fn the_full_list_is_sent_at_once_and_at_every_change() {
    let app = TestApp::start(FakeEngine::start().with_containers(3)).await;
    let (mut stream, headers) = Sse::open(&app, None).await;
    assert!(
        headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/event-stream")
    );
    assert_eq!(headers["x-accel-buffering"], "no");
    assert!(headers.contains_key("cache-control"));
    let first = stream.until(|sent| sent.event == "containers").await;
    assert_eq!(list(&first), Some(app.engine.truth()));
    app.engine.stop_container("web-2");
    let truth = app.engine.truth();
    let changed = stream
        .until(|sent| list(sent).as_ref() == Some(&truth))
        .await;
    assert_eq!(
        position(&first).0,
        position(&changed).0,
        "the same epoch of the server"
    );
    assert!(position(&first).1 < position(&changed).1);
    app.end().await;
}

#[tokio::test]
async fn the_list_is_repeated_while_nothing_changes() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let (mut stream, _) = Sse::open(&app, None).await;
    for _ in 0..3 {
        let again = stream.until(|sent| sent.event == "containers").await;
        assert_eq!(list(&again), Some(app.engine.truth()));
    }
    app.end().await;
}

#[tokio::test]
async fn stats_are_sent_too() {
    let app = TestApp::start(FakeEngine::start_elsewhere().with_containers(1)).await;
    let (mut stream, _) = Sse::open(&app, None).await;
    let stats = stream.until(|sent| sent.event == "stats").await;
    assert!(matches!(
        ServerMessage::decode(&stats.data).unwrap().update(),
        Some(Update::Stats { .. })
    ));
    app.end().await;
}

#[tokio::test]
async fn a_comment_keeps_the_connection_alive() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let (mut stream, _) = Sse::open(&app, None).await;
    stream.until(|sent| sent.comment.is_some()).await;
    app.end().await;
}

#[tokio::test]
async fn a_returning_reader_resumes_after_its_last_event() {
    let app = TestApp::start(FakeEngine::start().with_containers(3)).await;
    let (mut stream, _) = Sse::open(&app, None).await;
    let last = stream.until(|sent| sent.event == "containers").await;
    drop(stream);
    app.engine.stop_container("web-2");
    let truth = app.engine.truth();
    for id in [
        last.id.as_str(),
        "another-run:7",
        "nonsense",
        "",
        "a:b:c",
        &"9".repeat(500),
    ] {
        let (mut stream, _) = Sse::open(&app, Some(id)).await;
        let new = stream
            .until(|sent| list(sent).as_ref() == Some(&truth))
            .await;
        assert!(position(&new).1 > position(&last).1, "{id}");
    }
    app.end().await;
}
