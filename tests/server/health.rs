//! The server's own health: its alarms in `/readyz`, `/metrics`, the API and on the page. The alarm of the storage
//! is in `storage.rs`.

use crate::support::{
    accounts::As,
    app::{Settings, TestApp},
    eventually,
    fake_engine::{FakeContainer, FakeEngine},
    socket::Socket,
};
use deckwatch::protocol::{Channel, SystemStatus};

/// Waits until `/readyz` has, or no longer has, a line that begins with `start`. Its status is always 200.
async fn until_alarm(app: &TestApp, start: &str, is_raised: bool) {
    eventually(&format!("{start} {is_raised}"), async || {
        has_alarm(app, start).await == is_raised
    })
    .await;
}

async fn has_alarm(app: &TestApp, start: &str) -> bool {
    let answer = app.get("/readyz").await;
    assert_eq!(answer.status(), 200, "an alarm does not change the status");
    let text = answer.text().await.unwrap();
    let (first, alarms) = text.split_once('\n').unwrap();
    assert_eq!(first, "ready");
    alarms.lines().any(|alarm| alarm.starts_with(start))
}

async fn system(app: &TestApp) -> SystemStatus {
    app.get("/api/system").await.json().await.unwrap()
}

/// The value of a metric with its labels, as written in the response.
async fn metric(app: &TestApp, name: &str) -> Option<String> {
    let text = app.get("/metrics").await.text().await.unwrap();
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map(str::to_owned)
}

#[tokio::test]
async fn many_clients_are_an_alarm_until_they_are_fewer() {
    let settings = Settings {
        max_clients: Some(10),
        ..Settings::default()
    };
    let app = TestApp::start_with(FakeEngine::start().with_containers(1), settings).await;
    let mut sockets = Vec::new();
    for _ in 0..8 {
        sockets.push(app.socket().await);
    }
    assert!(!has_alarm(&app, "clients: ").await, "four fifths");
    sockets.push(app.socket().await);
    until_alarm(&app, "clients: 9 of 10 connections are taken", true).await;
    let status = system(&app).await;
    assert_eq!((status.clients, status.sockets.open), (9, 9));
    assert_eq!(status.alarms[0].name, "clients");
    sockets.pop();
    until_alarm(&app, "clients: ", false).await;
    app.end().await;
}

#[tokio::test]
async fn a_source_that_does_not_answer_is_an_alarm_until_it_returns() {
    let nas = FakeEngine::start_elsewhere().with(FakeContainer::running("web-1"));
    let settings = Settings {
        hosts: vec![("nas", nas.address())],
        ..Settings::default()
    };
    let app = TestApp::start_with(FakeEngine::start().with_containers(1), settings).await;
    let down = r#"deckwatch_source_state{host="nas",source="docker",state="down"}"#;
    let alarms = r#"deckwatch_alarms{alarm="sources"}"#;
    eventually("all sources answer", async || {
        metric(&app, down).await.as_deref() == Some("0") && !has_alarm(&app, "sources: ").await
    })
    .await;
    assert_eq!(metric(&app, alarms).await.as_deref(), Some("0"));

    nas.refuse();
    until_alarm(&app, "sources: The engine of nas does not answer.", true).await;
    assert!(!has_alarm(&app, "sources: The engine of local").await);
    assert_eq!(metric(&app, down).await.as_deref(), Some("1"));
    assert_eq!(metric(&app, alarms).await.as_deref(), Some("1"));
    let page = app.get("/settings/system").await.text().await.unwrap();
    assert!(page.contains(r#"data-alarm="sources""#), "{page}");
    for source in ["local/Docker", "local/System", "nas/Docker"] {
        assert!(
            page.contains(&format!(r#"data-source="{source}""#)),
            "{source}"
        );
    }

    nas.recover();
    until_alarm(&app, "sources: ", false).await;
    app.end().await;
}

#[tokio::test]
async fn a_client_that_reconnects_again_and_again_is_an_alarm() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let alarm = "reconnects: 127.0.0.1 has reconnected";
    assert!(!has_alarm(&app, alarm).await);
    eventually("the client is named", async || {
        drop(app.socket().await);
        has_alarm(&app, alarm).await
    })
    .await;
    let status = system(&app).await;
    assert!(status.recent.reconnects > 10, "{status:?}");
    assert!(status.sockets.reconnects >= status.recent.reconnects);
    // Many pages behind one address may lose a connection more often.
    let mut pages = Vec::new();
    eventually("it is no longer too often", async || {
        pages.push(app.socket().await);
        !has_alarm(&app, alarm).await
    })
    .await;
    app.end().await;
}

#[tokio::test]
async fn messages_that_cannot_be_sent_are_an_alarm_until_their_share_is_small() {
    // A list has some 240 KB, more than the buffers of a socket that is not read.
    let containers = (0..800).map(|n| FakeContainer::running(&format!("web-{n}")));
    let engine = containers.fold(FakeEngine::start(), FakeEngine::with);
    let app = TestApp::start(engine).await;
    eventually("messages have failed", async || {
        let mut sleeper = Socket::connect_with_small_buffer(app.address).await;
        // The list follows the confirmation, and is never read.
        sleeper.subscribe(Channel::CONTAINERS).await;
        drop(sleeper);
        has_alarm(&app, "sends: ").await
    })
    .await;
    let status = system(&app).await;
    assert!(status.recent.failed_messages >= 10, "{status:?}");
    let failed = metric(&app, "deckwatch_socket_failed_messages_total").await;
    assert!(failed.unwrap().parse::<u64>().unwrap() >= 10);

    let mut talkers = Vec::new();
    eventually("far more messages have been sent", async || {
        let mut talker = app.socket().await;
        // Each is answered, also those beyond the limit, as long as there are fewer than two hundred of them.
        for _ in 0..200 {
            talker.send_text(r#"{"type":"ping"}"#).await;
        }
        talkers.push(talker);
        !has_alarm(&app, "sends: ").await
    })
    .await;
    app.end().await;
}

#[tokio::test]
async fn only_administrators_get_the_alarms() {
    let engine = FakeEngine::start().with_containers(1);
    let (app, root) = TestApp::start_with_passwords(engine).await;
    let viewer = app.user(&root, "ben", &["viewer *"]).await;
    app.engine.refuse();
    let ready = async |who: &As| app.get_as(who, "/readyz").await.text().await.unwrap();
    eventually("the alarm is raised", async || {
        ready(&root).await.contains("sources: The engine of local")
    })
    .await;
    assert_eq!(ready(&viewer).await, "ready\n");
    assert_eq!(app.get("/readyz").await.text().await.unwrap(), "ready\n");
    app.end().await;
}
