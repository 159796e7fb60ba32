//! Several engines in one process: each has its own state and its own failures.

use crate::support::{
    app::{Settings, TestApp},
    fake_engine::{FakeContainer, FakeEngine, id_of},
    mirror::{Mirror, states},
};
use deckwatch::{
    model::{Host, SourceKind, SourceState},
    protocol::Channel,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

/// Within this time a change is on every page, with a margin for a busy machine.
const AT_ONCE: Duration = Duration::from_millis(1_500);

/// A remote engine with a container called `web-1`, as the local one has, but with another id.
fn elsewhere(name: &str) -> FakeEngine {
    let web = FakeContainer::running("web-1").with_id_of(&format!("{name}/web-1"));
    FakeEngine::start_elsewhere().with(web.lines(3))
}

/// A local engine and two remote ones.
async fn three() -> (TestApp, FakeEngine, FakeEngine) {
    let (nas, pi) = (elsewhere("nas"), elsewhere("pi"));
    let settings = Settings {
        hosts: vec![("nas", nas.address()), ("pi", pi.address())],
        ..Settings::default()
    };
    let local = FakeEngine::start().with(FakeContainer::running("web-1").lines(3));
    let app = TestApp::start_with(local, settings).await;
    (app, nas, pi)
}

fn state(host: &Host) -> Option<SourceState> {
    host.sources
        .get(&SourceKind::Docker)
        .map(|source| source.state)
}

fn is_live(host: &Host) -> bool {
    state(host) == Some(SourceState::Live)
}

/// A page on which every engine of [`three`] is live.
async fn live_page(app: &TestApp) -> Mirror {
    let mut page = Mirror::of(app, &[Channel::CONTAINERS]).await;
    for name in ["local", "nas", "pi"] {
        page.until_host(name, is_live).await;
    }
    page
}

#[tokio::test]
async fn every_engine_is_a_host_with_its_containers_stats_and_machine() {
    let (app, nas, _pi) = three().await;
    let channels = [Channel::CONTAINERS, Channel::STATS, Channel::METRICS];
    let mut page = Mirror::of(&app, &channels).await;
    for name in ["local", "nas", "pi"] {
        let host = page.until_host(name, is_live).await;
        let names = states(host.containers.values());
        assert_eq!(
            names,
            [("web-1".to_owned(), "running".to_owned())],
            "{name}"
        );
        page.until_host(name, |host| !host.stats.is_empty()).await;
    }
    assert!(nas.count("GET /containers/") > 0);
    let reported = |host: &Host| {
        let engine = host.sources.get(&SourceKind::Docker);
        engine.is_some_and(|engine| engine.machine.is_some())
    };
    let nas = page.until_host("nas", reported).await;
    let engine = &nas.sources[&SourceKind::Docker];
    let machine = engine.machine.clone().unwrap();
    assert_eq!(machine.memory, Some(8 << 30));
    // Its metrics cannot be read from here, and are not invented.
    assert_eq!((&nas.metrics, nas.sources.len()), (&None, 1));
    let local = page
        .until_host("local", |host| host.metrics.is_some())
        .await;
    assert!(local.sources.contains_key(&SourceKind::System));
    app.end().await;
}

#[tokio::test]
async fn an_engine_that_is_lost_or_hangs_blocks_no_other() {
    let (app, nas, pi) = three().await;
    let mut page = live_page(&app).await;
    nas.refuse();
    pi.hang();
    page.until_host("nas", |host| state(host) == Some(SourceState::Down))
        .await;
    page.until_host("pi", |host| state(host) != Some(SourceState::Live))
        .await;
    for _ in 0..3 {
        app.engine.stop_container("web-1");
        let is = |wanted: &'static str| {
            move |host: &Host| host.containers.values().any(|c| c.state.as_str() == wanted)
        };
        let shown = timeout(AT_ONCE, page.until_host("local", is("exited"))).await;
        assert!(shown.is_ok(), "a change elsewhere waits for hung engines");
        app.engine.start_container("web-1");
        let shown = timeout(AT_ONCE, page.until_host("local", is("running"))).await;
        assert!(shown.is_ok(), "a change elsewhere waits for hung engines");
    }
    // Its last known state is kept, and actions on other engines are not blocked.
    assert_eq!(
        page.dashboard.hosts[&"nas".parse().unwrap()]
            .containers
            .len(),
        1
    );
    let url = format!("/api/containers/{}/restart", id_of("web-1"));
    let acted = timeout(AT_ONCE, app.post(&url, &json!({}))).await.unwrap();
    assert_eq!(acted.status(), 200);
    assert!(is_live(&page.dashboard.hosts[&"local".parse().unwrap()]));

    nas.recover();
    pi.recover();
    for name in ["nas", "pi"] {
        page.until_host(name, is_live).await;
    }
    app.end().await;
}

#[tokio::test]
async fn requests_about_a_container_go_to_its_own_engine() {
    let (app, nas, pi) = three().await;
    let mut page = live_page(&app).await;
    let id = id_of("nas/web-1");
    let stopped = app
        .post(&format!("/api/containers/{id}/stop?host=nas"), &json!({}))
        .await;
    let (status, body) = (stopped.status(), stopped.text().await.unwrap());
    assert_eq!(status, 200, "{body}");
    let exited = |host: &Host| {
        host.containers
            .values()
            .all(|c| c.state.as_str() == "exited")
    };
    page.until_host("nas", exited).await;
    let posts = |engine: &FakeEngine| engine.count("POST /");
    assert_eq!((posts(&nas), posts(&pi), posts(&app.engine)), (1, 0, 0));

    let log = app.get(&format!("/api/containers/{id}/logs")).await;
    assert_eq!(log.text().await.unwrap().lines().count(), 3);
    // There is no such container on another host.
    for (path, status) in [
        ("", 200),
        ("?host=nas", 200),
        ("?host=pi", 404),
        ("?host=a.b", 400),
    ] {
        let answer = app.get(&format!("/api/containers/{id}{path}")).await;
        assert_eq!(answer.status(), status, "{path}");
    }
    let list: Value = app
        .get("/api/containers?host=pi")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(list["messages"].as_array().unwrap().len(), 1);
    assert_eq!(list["messages"][0]["host"], "pi");
    app.end().await;
}
