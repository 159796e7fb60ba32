//! A change in the engine reaches every client through its event alone, and an action through the action
//! alone, each within the time of the contract. No full list helps, as reconciliation is disabled.

use crate::support::{
    app::TestApp,
    fake_engine::{FakeContainer, FakeEngine, id_of},
    mirror::{Mirror, states},
    socket::Socket,
    sse::Sse,
    within,
};
use bollard::{API_DEFAULT_VERSION, Docker, query_parameters::*};
use deckwatch::{
    model::Update,
    protocol::{Channel, ServerMessage},
};
use serde_json::json;
use std::time::Duration;

/// Within this time a change in the engine is shown on every page.
const CHANGE: Duration = Duration::from_secs(1);
/// Within this time after a successful action every subscriber has the new list.
const AFTER_ACTION: Duration = Duration::from_millis(500);

/// A change in the engine that the server did not cause.
type Change = fn(&FakeEngine);

const CHANGES: [(&str, Change); 5] = [
    ("create", |engine| engine.create_container("new")),
    ("stop", |engine| engine.stop_container("web-1")),
    ("start", |engine| engine.start_container("web-1")),
    ("stop another", |engine| engine.stop_container("web-2")),
    ("remove", |engine| engine.remove_container("web-2")),
];

fn shows(message: &ServerMessage, truth: &[(String, String)]) -> bool {
    matches!(message.update(), Some(Update::Containers { data, .. }) if states(data) == truth)
}

#[tokio::test]
async fn an_event_alone_brings_a_change_to_every_client_within_a_second() {
    let app = TestApp::start_without_reconcile(FakeEngine::start().with_containers(3)).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    let mut script = app.socket().await;
    script.subscribe(Channel::CONTAINERS).await;
    let (mut stream, _) = Sse::open(&app, None).await;
    for (name, change) in CHANGES {
        change(&app.engine);
        let truth = app.engine.truth();
        let all = async {
            page.until_it_shows(&app.engine).await;
            script.until(|message| shows(message, &truth)).await;
            stream
                .until(|sent| {
                    sent.event == "containers"
                        && shows(&ServerMessage::decode(&sent.data).unwrap(), &truth)
                })
                .await;
        };
        within(CHANGE, name, all).await;
    }
    app.end().await;
}

/// A client of the engine like the command line.
async fn command_line(engine: &FakeEngine) -> Docker {
    let docker = Docker::connect_with_unix(&engine.address(), 60, API_DEFAULT_VERSION);
    docker.unwrap().negotiate_version().await.unwrap()
}

#[tokio::test]
async fn a_change_by_the_command_line_is_on_the_page_within_a_second() {
    let app = TestApp::start_without_reconcile(FakeEngine::start().with_containers(2)).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    let docker = command_line(&app.engine).await;
    for step in ["pause", "unpause", "rename", "kill"] {
        let done = match step {
            "pause" => docker.pause_container("web-1").await,
            "unpause" => docker.unpause_container("web-1").await,
            "rename" => {
                let name = RenameContainerOptionsBuilder::default().name("shop");
                docker.rename_container("web-1", name.build()).await
            }
            _ => {
                docker
                    .kill_container("shop", None::<KillContainerOptions>)
                    .await
            }
        };
        done.unwrap();
        within(CHANGE, step, page.until_it_shows(&app.engine)).await;
    }
    app.end().await;
}

#[tokio::test]
async fn an_event_is_published_within_a_second() {
    let app = TestApp::start_without_reconcile(FakeEngine::start().with_containers(1)).await;
    let mut socket = app.socket().await;
    socket.subscribe(Channel::EVENTS).await;
    app.engine.stop_container("web-1");
    for action in ["kill", "die", "stop"] {
        let is_match = |message: &ServerMessage| matches!(message.update(), Some(Update::Event(reported)) if reported.action == action);
        within(CHANGE, action, socket.until(is_match)).await;
    }
    app.end().await;
}

/// Requests an action and waits for its success.
async fn act(socket: &mut Socket, action: &str, container: &str, options: serde_json::Value) {
    let request = format!("{action}-{container}");
    let message = json!({
        "type": "container-action", "requestId": request, "action": action,
        "containerId": id_of(container), "options": options,
    });
    socket.send_text(&message.to_string()).await;
    let ack = socket.find(|message| match message {
        ServerMessage::ContainerAck(ack) if ack.request_id == request => Some(ack),
        ServerMessage::Error { .. } => panic!("{message:?}"),
        _ => None,
    });
    let ack = ack.await;
    assert!(ack.success, "{ack:?}");
}

/// The engine sends no events: the list is requested because of the action.
#[tokio::test]
async fn every_client_has_the_new_list_within_half_a_second_after_an_action_without_an_event() {
    let engine = FakeEngine::start()
        .with_containers(2)
        .with(FakeContainer::exited("job"));
    let app = TestApp::start_without_reconcile(engine).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    let mut script = app.socket().await;
    script.subscribe(Channel::CONTAINERS).await;
    let mut actor = app.socket().await;
    app.engine.mute_events();
    for (action, container, options) in [
        ("start", "job", json!({})),
        ("pause", "web-1", json!({})),
        ("unpause", "web-1", json!({})),
        ("stop", "web-1", json!({ "graceSeconds": 1 })),
        ("rename", "web-1", json!({ "name": "shop" })),
        ("kill", "web-2", json!({})),
        ("remove", "web-2", json!({})),
    ] {
        act(&mut actor, action, container, options).await;
        let truth = app.engine.truth();
        let all = async {
            page.until_it_shows(&app.engine).await;
            script.until(|message| shows(message, &truth)).await;
        };
        within(AFTER_ACTION, action, all).await;
    }
    app.end().await;
}

#[tokio::test]
async fn the_new_list_arrives_within_half_a_second_after_an_action_over_http() {
    let app = TestApp::start_without_reconcile(FakeEngine::start().with_containers(1)).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    app.engine.mute_events();
    let path = format!("/api/containers/{}/stop", id_of("web-1"));
    let done = app.post(&path, &json!({ "graceSeconds": 1 })).await;
    assert!(done.status().is_success(), "{done:?}");
    within(AFTER_ACTION, "stop", page.until_it_shows(&app.engine)).await;
    app.end().await;
}

/// The event stream ends together with a change: the change is listed when the stream is reopened, after
/// the first pause of the backoff.
#[tokio::test]
async fn a_change_while_the_event_stream_is_cut_is_not_lost() {
    let app = TestApp::start_without_reconcile(FakeEngine::start().with_containers(2)).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    app.engine.cut_events();
    app.engine
        .change_silently("web-1", |c| c.state = "exited".into());
    within(
        CHANGE * 2,
        "the list after the cut",
        page.until_it_shows(&app.engine),
    )
    .await;
    app.end().await;
}
