//! The binary form contains the same messages as JSON; our own pages use it.

use crate::support::{
    app::TestApp,
    eventually,
    fake_engine::{FakeContainer, FakeEngine, id_of},
    page::{Page, inflated},
    socket::Incoming,
};
use deckwatch::{
    model::{Action, ActionOptions, Update},
    protocol::{
        Channel, ClientMessage, ContainerAction, MetricsHistory, Ping, Resume, ServerMessage,
        close_code,
        codec::{self, Bundle, CODEC_VERSION, MEDIA_TYPE, Ticks},
    },
};
use tokio_tungstenite::tungstenite::Message;

fn many() -> FakeEngine {
    let containers = (0..40).map(|n| FakeContainer::running(&format!("web-{n}")));
    containers.fold(FakeEngine::start(), FakeEngine::with)
}

fn is_stats(message: &ServerMessage) -> bool {
    matches!(message.update(), Some(Update::Stats { data, .. }) if !data.is_empty())
}

#[tokio::test]
async fn a_binary_client_receives_what_a_json_client_receives() {
    let app = TestApp::start(many()).await;
    let mut page = Page::connect(&app).await;
    let greeting = page.next().await;
    assert!(matches!(greeting, ServerMessage::Connected { .. }));
    for channel in Channel::SUBSCRIBABLE {
        page.follow(channel, None).await;
    }
    page.until(is_stats).await;
    // The second one is sent as changes to the first.
    page.until(is_stats).await;
    let json = app.snapshot("containers").await;
    let host = page.dashboard.hosts.values().next().unwrap();
    let list = json
        .messages
        .iter()
        .find_map(|message| match message.update() {
            Some(Update::Containers { data, .. }) => Some(data.clone()),
            _ => None,
        });
    assert_eq!(
        host.containers.values().cloned().collect::<Vec<_>>(),
        list.unwrap()
    );
    assert_eq!(host.stats.len(), 40);
    app.end().await;
}

#[tokio::test]
async fn a_long_list_is_compressed_once_for_all_clients() {
    let app = TestApp::start(many()).await;
    // Details of containers arrive after their list; from then on nothing changes.
    eventually("the details are known", async || {
        let is_whole = |message: &ServerMessage| {
            let Some(Update::Containers { data, .. }) = message.update() else {
                return false;
            };
            data.iter()
                .all(|container| container.restart_count.is_some())
        };
        app.snapshot("containers")
            .await
            .messages
            .iter()
            .any(is_whole)
    })
    .await;
    let mut frames = Vec::new();
    for _ in 0..2 {
        let mut page = Page::connect(&app).await;
        page.next().await;
        page.follow(Channel::CONTAINERS, None).await;
        let frame = loop {
            let frame = page.frame().await.unwrap();
            if codec::as_deflated(&frame).is_some() {
                break frame;
            }
        };
        let message = codec::decode::<ServerMessage>(&inflated(&frame)).unwrap();
        assert!(
            matches!(message.update(), Some(Update::Containers { data, .. }) if data.len() == 40)
        );
        frames.push(frame);
    }
    assert_eq!(frames[0], frames[1]);
    app.end().await;
}

#[tokio::test]
async fn a_page_resumes_from_its_last_message() {
    let app = TestApp::start(many()).await;
    let mut page = Page::connect(&app).await;
    let ServerMessage::Connected { epoch, .. } = page.next().await else {
        panic!("no greeting");
    };
    page.follow(Channel::STATS, None).await;
    let (_, seq) = page.until(is_stats).await.position().unwrap();
    let mut back = Page::connect(&app).await;
    back.next().await;
    back.ticks = page.ticks.clone();
    back.follow(Channel::STATS, Some(Resume { epoch, seq }))
        .await;
    let (_, next) = back.until(is_stats).await.position().unwrap();
    assert_eq!(next, seq + 1, "the changes to what it has");
    app.end().await;
}

#[tokio::test]
async fn an_action_in_binary_form_is_acknowledged() {
    let app = TestApp::start(many()).await;
    let mut page = Page::connect(&app).await;
    page.next().await;
    let act = |options| {
        ClientMessage::ContainerAction(ContainerAction {
            request_id: "r-1".into(),
            container_id: id_of("web-1").parse().unwrap(),
            action: Action::Rename,
            host: None,
            options,
        })
    };
    page.send(&act(ActionOptions::default())).await;
    let refused = page
        .until(|m| matches!(m, ServerMessage::Error { .. }))
        .await;
    assert!(matches!(refused, ServerMessage::Error { message, .. } if message.contains("name")));
    page.send(&act(ActionOptions {
        name: Some("renamed".into()),
        ..ActionOptions::default()
    }))
    .await;
    let ack = page
        .until(|m| matches!(m, ServerMessage::ContainerAck(_)))
        .await;
    assert!(matches!(ack, ServerMessage::ContainerAck(ack) if ack.success));
    app.end().await;
}

#[tokio::test]
async fn a_text_message_ends_a_binary_connection() {
    let app = TestApp::start(FakeEngine::start()).await;
    let mut page = Page::connect(&app).await;
    page.send_raw(Message::text(r#"{"type":"ping"}"#)).await;
    assert_eq!(page.closed().await, close_code::UNSUPPORTED);
    app.end().await;
}

#[tokio::test]
async fn a_page_of_another_build_is_told_to_reload() {
    let app = TestApp::start(FakeEngine::start()).await;
    let mut page = Page::connect(&app).await;
    let mut ping = codec::encode(&ClientMessage::Ping(Ping {}));
    ping[0] = CODEC_VERSION + 1;
    page.send_raw(Message::binary(ping)).await;
    assert_eq!(page.closed().await, close_code::VERSION);
    let old = [("sec-websocket-protocol", "deckwatch.v0.bin")];
    let mut old = app.socket_at("/api/ws", &old).await.unwrap();
    assert!(matches!(
        old.receive().await,
        Incoming::Closed(close_code::VERSION)
    ));
    app.end().await;
}

#[tokio::test]
async fn invalid_messages_are_answered_until_there_are_too_many() {
    let app = TestApp::start(FakeEngine::start()).await;
    let mut page = Page::connect(&app).await;
    page.next().await;
    for n in 0..10_u8 {
        page.send_raw(Message::binary(vec![CODEC_VERSION, 200, n]))
            .await;
    }
    for _ in 0..9 {
        page.until(|m| matches!(m, ServerMessage::Error { .. }))
            .await;
    }
    assert_eq!(page.closed().await, close_code::MALFORMED);
    app.end().await;
}

async fn poll(app: &TestApp, since: &str) -> Bundle {
    let path = format!("/api/snapshot?channels=containers,stats{since}");
    let answer = app.get_with(&path, ("accept", MEDIA_TYPE)).await;
    assert_eq!(answer.headers()["content-type"], MEDIA_TYPE);
    assert_eq!(answer.headers()["vary"], "accept");
    codec::decode(&answer.bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn polling_returns_frames_and_then_changes_to_them() {
    let app = TestApp::start(many()).await;
    let mut page = Page::connect(&app).await;
    page.next().await;
    page.follow(Channel::STATS, None).await;
    page.until(is_stats).await;
    let mut ticks = Ticks::default();
    let mut seqs = std::collections::BTreeMap::new();
    let mut since = String::new();
    // Twice, so that the second response contains changes.
    for _ in 0..2 {
        page.until(is_stats).await;
        let bundle = poll(&app, &since).await;
        for frame in &bundle.frames {
            let message = ticks.decode(&inflated(frame)).unwrap();
            seqs.extend(message.position());
        }
        let (containers, stats) = (seqs[&Channel::CONTAINERS], seqs[&Channel::STATS]);
        let epoch = &bundle.epoch;
        since = format!("&epoch={epoch}&seq=containers:{containers},stats:{stats}");
    }
    app.end().await;
}

#[tokio::test]
async fn the_entity_tags_of_both_forms_differ() {
    let app = TestApp::start(FakeEngine::start()).await;
    let path = "/api/snapshot?channels=containers";
    let json = app.get(path).await.headers()["etag"].clone();
    let binary = app.get_with(path, ("accept", MEDIA_TYPE)).await;
    assert_ne!(binary.headers()["etag"], json);
    app.end().await;
}

#[tokio::test]
async fn histories_and_options_exist_in_binary_form_too() {
    let app = TestApp::start(many()).await;
    let history = app
        .get_with("/api/metrics?range=5m", ("accept", MEDIA_TYPE))
        .await;
    let history = history.bytes().await.unwrap();
    codec::decode::<MetricsHistory>(&history).unwrap();
    let options = ActionOptions {
        name: Some("renamed".into()),
        ..ActionOptions::default()
    };
    let url = app.url(&format!("/api/containers/{}/rename", id_of("web-1")));
    let post = |body: Vec<u8>| {
        let request = reqwest::Client::new().post(&url);
        request.header("content-type", MEDIA_TYPE).body(body).send()
    };
    assert_eq!(post(codec::encode(&options)).await.unwrap().status(), 200);
    assert_eq!(post(vec![CODEC_VERSION, 9]).await.unwrap().status(), 400);
    app.end().await;
}
