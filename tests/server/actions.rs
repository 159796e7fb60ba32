//! Actions on containers, over the socket and over HTTP.

use crate::support::{
    app::TestApp,
    eventually,
    fake_engine::{FakeContainer, FakeEngine, id_of},
    mirror::{Mirror, states},
    socket::Socket,
};
use deckwatch::{
    model::{Action, ActionOptions, Update},
    protocol::{Channel, ClientMessage, ContainerAck, ContainerAction, ServerMessage},
};
use serde_json::{Value, json};

async fn ask(socket: &mut Socket, request: &str, action: Action, name: &str) {
    ask_with(socket, request, action, name, ActionOptions::default()).await;
}

async fn ask_with(
    socket: &mut Socket,
    request: &str,
    action: Action,
    name: &str,
    options: ActionOptions,
) {
    let request_id = request.to_owned();
    let container_id = id_of(name).parse().unwrap();
    let host = None;
    let action = ContainerAction {
        request_id,
        container_id,
        action,
        host,
        options,
    };
    socket.send(ClientMessage::ContainerAction(action)).await;
}

async fn ack(socket: &mut Socket, request: &str) -> ContainerAck {
    let wanted = |message| match message {
        ServerMessage::ContainerAck(ack) if ack.request_id == request => Some(ack),
        _ => None,
    };
    socket.find(wanted).await
}

fn code(ack: &ContainerAck) -> &'static str {
    assert_eq!(ack.success, ack.error.is_none());
    ack.error
        .as_ref()
        .map_or("done", |error| error.code.as_str())
}

#[tokio::test]
async fn after_an_action_every_client_has_the_new_list() {
    let app = TestApp::start_without_reconcile(FakeEngine::start().with_containers(3)).await;
    let (mut actor, mut script) = (app.socket().await, app.socket().await);
    script.subscribe(Channel::CONTAINERS).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    ask(&mut actor, "r-1", Action::Stop, "web-2").await;
    assert_eq!(code(&ack(&mut actor, "r-1").await), "done");
    page.until_it_shows(&app.engine).await;
    let truth = app.engine.truth();
    script
        .until(|m| matches!(m.update(), Some(Update::Containers { data, .. }) if states(data) == truth))
        .await;
    assert!(truth.contains(&("web-2".into(), "exited".into())));
    app.end().await;
}

#[tokio::test]
async fn every_action_has_its_effect() {
    let app = TestApp::start_without_reconcile(FakeEngine::start().with_containers(1)).await;
    let mut actor = app.socket().await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    let steps = [
        (Action::Pause, "paused"),
        (Action::Unpause, "running"),
        (Action::Pause, "paused"),
        (Action::Restart, "running"),
        (Action::Kill, "exited"),
        (Action::Start, "running"),
        (Action::Stop, "exited"),
    ];
    for (n, (action, state)) in steps.into_iter().enumerate() {
        let request = format!("r-{n}");
        ask(&mut actor, &request, action, "web-1").await;
        assert_eq!(code(&ack(&mut actor, &request).await), "done", "{action}");
        assert_eq!(app.engine.truth(), [("web-1".to_owned(), state.to_owned())]);
        page.until_it_shows(&app.engine).await;
    }
    let name = Some("shop".to_owned());
    let rename = ActionOptions {
        name,
        ..ActionOptions::default()
    };
    ask_with(&mut actor, "rename", Action::Rename, "web-1", rename).await;
    assert_eq!(code(&ack(&mut actor, "rename").await), "done");
    page.until_it_shows(&app.engine).await;
    ask(&mut actor, "remove", Action::Remove, "web-1").await;
    assert_eq!(code(&ack(&mut actor, "remove").await), "done");
    page.until(|host| host.containers.is_empty()).await;
    app.end().await;
}

#[tokio::test]
async fn a_stopped_container_is_started() {
    let app =
        TestApp::start_without_reconcile(FakeEngine::start().with(FakeContainer::exited("job")))
            .await;
    let mut actor = app.socket().await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    page.until_it_shows(&app.engine).await;
    ask(&mut actor, "r-1", Action::Start, "job").await;
    assert_eq!(code(&ack(&mut actor, "r-1").await), "done");
    page.until_it_shows(&app.engine).await;
    app.end().await;
}

#[tokio::test]
async fn an_action_on_a_removed_container_is_not_found() {
    let app = TestApp::start(FakeEngine::start().with_containers(2)).await;
    app.engine.lose("web-1");
    let mut actor = app.socket().await;
    ask(&mut actor, "r-1", Action::Stop, "web-1").await;
    assert_eq!(code(&ack(&mut actor, "r-1").await), "not_found");
    app.end().await;
}

#[tokio::test]
async fn a_second_action_on_the_same_container_conflicts() {
    let app = TestApp::start(FakeEngine::start().with_containers(2)).await;
    let (mut one, mut other) = (app.socket().await, app.socket().await);
    app.engine.hold_actions();
    ask(&mut one, "r-1", Action::Restart, "web-1").await;
    eventually("the engine is asked", async || {
        app.engine.count("POST /containers") == 1
    })
    .await;
    ask(&mut other, "r-2", Action::Stop, "web-1").await;
    assert_eq!(code(&ack(&mut other, "r-2").await), "conflict");
    let problem = app
        .post(
            &format!("/api/containers/{}/stop", id_of("web-1")),
            &json!({}),
        )
        .await;
    assert_eq!(problem.status(), 409);
    assert_eq!(problem.json::<Value>().await.unwrap()["code"], "conflict");
    ask(&mut other, "r-3", Action::Stop, "web-2").await;
    app.engine.release_actions();
    assert_eq!(code(&ack(&mut one, "r-1").await), "done");
    assert_eq!(
        code(&ack(&mut other, "r-3").await),
        "done",
        "another container is not locked"
    );
    assert_eq!(app.engine.count("POST /containers"), 2);
    app.end().await;
}

#[tokio::test]
async fn a_protected_container_cannot_be_acted_on() {
    let database = FakeContainer::running("db").label("deckwatch.protect", "true");
    let app = TestApp::start(FakeEngine::start().with(database)).await;
    let mut actor = app.socket().await;
    for action in [Action::Stop, Action::Restart, Action::Kill, Action::Remove] {
        ask(&mut actor, action.as_str(), action, "db").await;
        assert_eq!(code(&ack(&mut actor, action.as_str()).await), "protected");
    }
    let problem = app
        .post(&format!("/api/containers/{}/stop", id_of("db")), &json!({}))
        .await;
    assert_eq!(problem.status(), 403);
    assert_eq!(
        app.engine.count("POST /containers") + app.engine.count("DELETE"),
        0
    );
    app.end().await;
}

#[tokio::test]
async fn a_repeated_request_is_performed_once() {
    let app = TestApp::start(FakeEngine::start().with_containers(2)).await;
    let (mut one, mut other) = (app.socket().await, app.socket().await);
    app.engine.hold_actions();
    ask(&mut one, "same", Action::Restart, "web-1").await;
    ask(&mut one, "same", Action::Restart, "web-1").await;
    app.engine.release_actions();
    assert_eq!(code(&ack(&mut one, "same").await), "done");
    assert_eq!(code(&ack(&mut one, "same").await), "done");
    ask(&mut other, "same", Action::Restart, "web-1").await;
    assert_eq!(
        code(&ack(&mut other, "same").await),
        "done",
        "also after a reconnect"
    );
    ask(&mut one, "same", Action::Stop, "web-2").await;
    let refused = one.find(|message| match message {
        ServerMessage::ContainerAck(ack) => Some(code(&ack)),
        ServerMessage::Error { code, .. } => Some(code.as_str()),
        _ => None,
    });
    assert_eq!(refused.await, "duplicate_id");
    assert_eq!(app.engine.count("POST /containers"), 1);
    app.end().await;
}

#[tokio::test]
async fn request_ids_of_different_clients_are_independent() {
    let app = TestApp::start(FakeEngine::start().with_containers(2)).await;
    let (mut one, mut other) = (app.socket().await, app.socket().await);
    ask(&mut one, "1", Action::Stop, "web-1").await;
    assert_eq!(code(&ack(&mut one, "1").await), "done");
    ask(&mut other, "1", Action::Stop, "web-2").await;
    assert_eq!(code(&ack(&mut other, "1").await), "done");
    let truth = [("web-1", "exited"), ("web-2", "exited")];
    let truth = truth.map(|(name, state)| (name.to_owned(), state.to_owned()));
    assert_eq!(app.engine.truth(), truth);
    app.end().await;
}

#[tokio::test]
async fn a_repeated_removal_is_acknowledged_again() {
    let app = TestApp::start(FakeEngine::start().with(FakeContainer::exited("job"))).await;
    let mut lost = app.socket().await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    ask(&mut lost, "r-1", Action::Remove, "job").await;
    page.until(|host| host.containers.is_empty()).await;
    drop(lost);
    let mut again = app.socket().await;
    ask(&mut again, "r-1", Action::Remove, "job").await;
    assert_eq!(code(&ack(&mut again, "r-1").await), "done");
    ask(&mut again, "r-2", Action::Remove, "job").await;
    assert_eq!(code(&ack(&mut again, "r-2").await), "not_found");
    app.end().await;
}

#[tokio::test]
async fn an_action_that_takes_too_long_times_out() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let mut actor = app.socket().await;
    app.engine.hold_actions();
    let options = ActionOptions {
        grace_seconds: Some(0),
        ..ActionOptions::default()
    };
    ask_with(&mut actor, "r-1", Action::Stop, "web-1", options).await;
    assert_eq!(code(&ack(&mut actor, "r-1").await), "timeout");
    app.engine.release_actions();
    app.end().await;
}

#[tokio::test]
async fn an_action_over_http_has_the_same_effect() {
    let app = TestApp::start_without_reconcile(FakeEngine::start().with_containers(1)).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS]).await;
    let id = id_of("web-1");
    let done = app
        .post(
            &format!("/api/containers/{id}/stop"),
            &json!({ "graceSeconds": 1 }),
        )
        .await;
    assert!(done.status().is_success(), "{done:?}");
    page.until_it_shows(&app.engine).await;
    for (action, body, status) in [
        ("explode", json!({}), 400),
        ("rename", json!({}), 400),
        ("rename", json!({ "name": "../x" }), 400),
        ("start", json!({ "speed": 7 }), 400),
    ] {
        let problem = app
            .post(&format!("/api/containers/{id}/{action}"), &body)
            .await;
        assert_eq!(problem.status(), status, "{action}");
        assert_eq!(
            problem.headers()["content-type"],
            "application/problem+json"
        );
    }
    app.end().await;
}

#[tokio::test]
async fn a_rate_limited_client_learns_which_requests_were_refused() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let mut actor = app.socket().await;
    let requests: Vec<_> = (0..100).map(|n| format!("r-{n}")).collect();
    for request in &requests {
        ask(&mut actor, request, Action::Pause, "web-1").await;
    }
    let mut answered = std::collections::BTreeMap::new();
    while answered.len() < requests.len() {
        let answer = actor.find(|message| match message {
            ServerMessage::ContainerAck(ack) => {
                let code = code(&ack);
                Some((ack.request_id, code))
            }
            ServerMessage::Error {
                code, request_id, ..
            } => Some((request_id.unwrap(), code.as_str())),
            _ => None,
        });
        let (request, code) = answer.await;
        assert_eq!(answered.insert(request, code), None, "answered once");
    }
    assert!(
        requests
            .iter()
            .all(|request| answered.contains_key(request))
    );
    assert!(answered.values().any(|code| *code == "rate_limited"));
    app.end().await;
}
