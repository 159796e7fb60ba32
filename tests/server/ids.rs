//! Only a valid container id that is in the inventory ever reaches the engine.

use crate::support::{
    app::TestApp,
    fake_engine::{FakeContainer, FakeEngine},
};
use deckwatch::protocol::ServerMessage;
use serde_json::json;

/// Ids of no container, encoded as in a URL.
fn bad_ids() -> Vec<String> {
    vec![
        "../../version".into(),
        "%2e%2e%2f%2e%2e%2fversion".into(),
        "..%2f..%2finfo".into(),
        "0123456789a".into(),
        "a".repeat(65),
        "ABCDEFABCDEF".into(),
        "0123456789ag".into(),
        "%F0%9F%90%B3%F0%9F%90%B3%F0%9F%90%B3".into(),
        "web-1".into(),
        "%00".repeat(12),
        "*".into(),
    ]
}

fn reached(engine: &FakeEngine) -> Vec<String> {
    let own = engine.id("web-1");
    let mut requests = engine.requests();
    requests.retain(|request| {
        let changes = !request.starts_with("GET") && !request.contains("_ping");
        let about_another = request.contains("/containers/")
            && !request.contains("/containers/json")
            && !request.contains(&own);
        changes || about_another
    });
    requests
}

#[tokio::test]
async fn an_invalid_id_in_a_url_never_reaches_the_engine() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    for id in bad_ids() {
        for (line, body) in [
            (format!("GET /api/containers/{id}"), ""),
            (format!("GET /api/containers/{id}/logs"), ""),
            (format!("GET /api/containers/{id}/top"), ""),
            (format!("POST /api/containers/{id}/stop"), "{}"),
        ] {
            let headers = [("Content-Type", "application/json")];
            let answer = crate::support::raw::ask(app.address, &line, &headers, body).await;
            assert!((400..500).contains(&answer.status), "{line}: {answer:?}");
        }
    }
    assert_eq!(reached(&app.engine), Vec::<String>::new());
    app.end().await;
}

#[tokio::test]
async fn an_invalid_id_in_a_message_is_refused_and_never_reaches_the_engine() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let mut ids = bad_ids();
    ids.extend(["🐳🐳🐳🐳🐳🐳🐳🐳🐳🐳🐳🐳".into(), "../../version".into()]);
    for id in ids {
        // One connection each, as ten errors would end it.
        let mut socket = app.socket().await;
        let action = json!({
            "type": "container-action", "requestId": "r", "containerId": id, "action": "stop",
        });
        socket.send_text(&action.to_string()).await;
        assert_eq!(socket.error().await, "invalid", "{id}");
    }
    assert_eq!(reached(&app.engine), Vec::<String>::new());
    app.end().await;
}

#[tokio::test]
async fn an_id_that_is_not_in_the_inventory_never_reaches_the_engine() {
    let hidden = FakeContainer::running("hidden").label("deckwatch.hide", "true");
    let app = TestApp::start(FakeEngine::start().with_containers(1).with(hidden)).await;
    let mut socket = app.socket().await;
    for id in ["a".repeat(64), "b".repeat(12), app.engine.id("hidden")] {
        let problem = app.get(&format!("/api/containers/{id}")).await;
        assert_eq!(problem.status(), 404);
        let problem = app
            .post(&format!("/api/containers/{id}/stop"), &json!({}))
            .await;
        assert_eq!(problem.status(), 404);
        let action = json!({
            "type": "container-action", "requestId": id, "containerId": id, "action": "stop",
        });
        socket.send_text(&action.to_string()).await;
        let code = socket.find(|message| match message {
            ServerMessage::ContainerAck(ack) => ack.error.map(|error| error.code.as_str()),
            _ => None,
        });
        assert_eq!(code.await, "not_found");
    }
    let about = |id: &str| app.engine.count(&format!("GET /containers/{id}"));
    assert_eq!(about(&"a".repeat(64)) + about(&"b".repeat(12)), 0);
    assert_eq!(app.engine.count("POST /containers"), 0);
    app.end().await;
}
