//! A container with the label `deckwatch.hide=true` is invisible through every interface, its events
//! included.
//!
//! Every stream is read up to a change of a visible container that happened after those of the hidden one:
//! anything published about the hidden one would be in what was read.

use crate::support::{
    app::TestApp,
    fake_engine::{FakeContainer, FakeEngine},
    page::Page,
    socket::{Incoming, Socket},
    sse::Sse,
};
use deckwatch::{
    model::Update,
    protocol::{Channel, ServerMessage},
};
use serde_json::{Value, json};

const HIDDEN: &str = "unseen-7f3a";
/// The visible container, whose end marks how far a stream must be read.
const MARK: &str = "web-1";

/// The hidden container and two visible ones, on an engine whose stats come from its API.
async fn app() -> TestApp {
    let hidden = FakeContainer::running(HIDDEN)
        .label("deckwatch.hide", "true")
        .lines(3);
    let engine = FakeEngine::start_elsewhere().with(hidden);
    TestApp::start_without_reconcile(engine.with_containers(2)).await
}

/// Texts that would reveal the hidden container.
fn traces(engine: &FakeEngine) -> [String; 2] {
    [HIDDEN.to_owned(), engine.id(HIDDEN)[..12].to_owned()]
}

fn assert_no_trace(engine: &FakeEngine, door: &str, text: &str) {
    for trace in traces(engine) {
        assert!(!text.contains(&trace), "{door}: {trace} in {text}");
    }
}

/// Stops, starts and stops the hidden container, then stops the visible one.
fn run_scenario(engine: &FakeEngine) {
    engine.stop_container(HIDDEN);
    engine.start_container(HIDDEN);
    engine.stop_container(HIDDEN);
    engine.stop_container(MARK);
}

/// Whether `message` reports that the visible container has ended, on the channel that is read.
fn is_mark(message: &ServerMessage) -> bool {
    match message.update() {
        Some(Update::Event(event)) => event.name == MARK && event.action == "stop",
        Some(Update::Containers { data, .. }) => data
            .iter()
            .any(|c| c.name == MARK && c.state.as_str() == "exited"),
        Some(Update::ContainersDelta { delta, .. }) => delta
            .upserts
            .iter()
            .any(|c| c.name == MARK && c.state.as_str() == "exited"),
        Some(Update::Stats { data, .. }) => data.iter().all(|stats| stats.container_name != MARK),
        _ => false,
    }
}

/// Reads a socket up to the mark; returns everything that it sent.
async fn read_to_mark(socket: &mut Socket) -> String {
    let mut read = String::new();
    loop {
        let Incoming::Text(text) = socket.receive().await else {
            panic!("the server closed the socket after {read}");
        };
        read += &text;
        if is_mark(&ServerMessage::decode(&text).unwrap()) {
            return read;
        }
    }
}

#[tokio::test]
async fn no_channel_of_the_socket_reveals_a_hidden_container() {
    let app = app().await;
    let mut sockets = Vec::new();
    for (channel, delta) in [
        (Channel::EVENTS, false),
        (Channel::CONTAINERS, false),
        (Channel::CONTAINERS, true),
        (Channel::STATS, false),
    ] {
        let mut socket = app.socket().await;
        let subscribe = json!({ "type": "subscribe", "channel": channel, "delta": delta });
        socket.send_text(&subscribe.to_string()).await;
        sockets.push((format!("{channel} {delta}"), socket));
    }
    let mut page = Page::connect(&app).await;
    for channel in Channel::SUBSCRIBABLE {
        page.follow(channel, None).await;
    }
    run_scenario(&app.engine);
    for (door, socket) in &mut sockets {
        let read = read_to_mark(socket).await;
        assert_no_trace(&app.engine, door, &read);
    }
    let mut marks = 0;
    while marks < 2 {
        let message = page.next().await;
        assert_no_trace(&app.engine, "binary socket", &format!("{message:?}"));
        let is_state = matches!(
            message.update(),
            Some(Update::Event(_) | Update::ContainersDelta { .. })
        );
        marks += u32::from(is_state && is_mark(&message));
    }
    app.end().await;
}

#[tokio::test]
async fn single_purpose_streams_do_not_reveal_a_hidden_container() {
    let app = app().await;
    let mut stats = app.socket_at("/ws/docker/stats", &[]).await.unwrap();
    let (mut events, _) = Sse::open(&app, None).await;
    run_scenario(&app.engine);
    loop {
        let Incoming::Text(text) = stats.receive().await else {
            panic!("the server closed the socket");
        };
        assert_no_trace(&app.engine, "/ws/docker/stats", &text);
        let message: Value = serde_json::from_str(&text).unwrap();
        let names = message["data"]["containers"].as_array();
        if names.is_some_and(|all| all.iter().any(|one| one["name"] == "web-2") && all.len() == 1) {
            break;
        }
    }
    let mut read = String::new();
    let mut ended = events.until(|sent| sent.data.contains("\"exited\"")).await;
    read += &ended.data;
    // The list is repeated, so messages after the mark are read, too.
    ended = events
        .until(|sent| sent.id != ended.id || sent.event == "stats")
        .await;
    read += &ended.data;
    assert!(read.contains(MARK));
    assert_no_trace(&app.engine, "/api/containers/stream", &read);
    app.end().await;
}

#[tokio::test]
async fn no_page_and_no_response_reveals_a_hidden_container() {
    let app = app().await;
    let mut socket = app.socket().await;
    socket
        .send_text(r#"{"type":"subscribe","channel":"events"}"#)
        .await;
    run_scenario(&app.engine);
    read_to_mark(&mut socket).await;
    let web = app.engine.id("web-2");
    for path in [
        "/",
        "/containers",
        "/containers?q=unseen",
        "/logs",
        "/realtime-test",
        "/api/containers",
        "/api/metrics",
        "/api/snapshot?channels=metrics,containers,stats,events",
        "/api/ws",
        "/metrics",
        "/healthz",
        "/readyz",
        &format!("/api/containers/{web}/events"),
    ] {
        let answer = app.get(path).await;
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        let body = answer.text().await.unwrap();
        let body = body.replace("q=unseen", "");
        assert_no_trace(&app.engine, path, &body);
    }
    app.end().await;
}

/// A client that guesses the id must not learn that such a container exists.
#[tokio::test]
async fn a_hidden_container_is_answered_like_one_that_does_not_exist() {
    let app = app().await;
    let (hidden, unknown) = (app.engine.id(HIDDEN), "e".repeat(64));
    let anonymous = |text: String| text.replace(&hidden, "ID").replace(&unknown, "ID");
    for path in ["", "/details", "/events", "/top", "/logs", "/stats"] {
        let ask = async |id: &str| {
            let answer = app.get(&format!("/api/containers/{id}{path}")).await;
            (answer.status(), anonymous(answer.text().await.unwrap()))
        };
        assert_eq!(ask(&hidden).await, ask(&unknown).await, "{path}");
    }
    let act = async |id: &str| {
        let path = format!("/api/containers/{id}/stop");
        let answer = app.post(&path, &json!({})).await;
        (answer.status(), anonymous(answer.text().await.unwrap()))
    };
    assert_eq!(act(&hidden).await, act(&unknown).await);
    let lines = async |id: &str| {
        let path = format!("/api/stats/sparklines?ids={id}");
        anonymous(app.get(&path).await.text().await.unwrap())
    };
    assert_eq!(lines(&hidden).await, lines(&unknown).await);
    let refusal = async |id: &str| {
        let path = format!("/ws/docker/{id}/logs");
        app.socket_at(&path, &[]).await.map(drop).unwrap_err()
    };
    assert_eq!(refusal(&hidden).await, refusal(&unknown).await);
    let page = app.get(&format!("/containers/{hidden}")).await;
    let page = page.text().await.unwrap();
    assert!(!page.contains(HIDDEN), "{page}");
    app.end().await;
}

/// The server's answer to a subscription to the log of `id`.
async fn answer_to_log(app: &TestApp, id: &str) -> String {
    let mut socket = app.socket().await;
    let subscribe = json!({ "type": "subscribe", "channel": format!("logs:{id}") });
    socket.send_text(&subscribe.to_string()).await;
    loop {
        match socket.receive().await {
            // Messages that every connection receives.
            Incoming::Text(text) if text.contains(r#""type":"source""#) => {}
            Incoming::Text(text) => return text.replace(id, "ID"),
            Incoming::Closed(code) => panic!("closed with {code}"),
        }
    }
}

#[tokio::test]
async fn the_log_of_a_hidden_container_cannot_be_subscribed_to() {
    let app = app().await;
    let hidden = answer_to_log(&app, &app.engine.id(HIDDEN)).await;
    let unknown = answer_to_log(&app, &"e".repeat(64)).await;
    assert_eq!(hidden, unknown);
    assert!(hidden.contains("not_found"), "{hidden}");
    assert_eq!(
        app.engine
            .count(&format!("GET /containers/{}", app.engine.id(HIDDEN))),
        0
    );
    app.end().await;
}
