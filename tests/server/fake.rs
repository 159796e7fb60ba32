//! The fake engine is complete enough for the engine client that the server uses.

use crate::support::{
    PATIENCE, eventually,
    fake_engine::{FakeContainer, FakeEngine},
};
use bollard::{API_DEFAULT_VERSION, Docker, query_parameters::*};
use futures::{StreamExt, TryStreamExt};
use serde_json::json;

async fn client(engine: &FakeEngine) -> Docker {
    let address = engine.address();
    let docker = if address.starts_with("unix") {
        Docker::connect_with_unix(&address, PATIENCE.as_secs(), API_DEFAULT_VERSION)
    } else {
        Docker::connect_with_http(&address, PATIENCE.as_secs(), API_DEFAULT_VERSION)
    };
    docker.unwrap().negotiate_version().await.unwrap()
}

#[tokio::test]
async fn containers_are_listed_inspected_and_changed() {
    for engine in [FakeEngine::start(), FakeEngine::start_elsewhere()] {
        let engine = engine.with_containers(3);
        let docker = client(&engine).await;
        let mut events = docker.events(None::<EventsOptions>);
        let first = tokio::spawn(async move { events.next().await.unwrap().unwrap() });
        eventually("events are asked for", async || {
            engine.count("GET /events") == 1
        })
        .await;
        docker
            .stop_container("web-2", None::<StopContainerOptions>)
            .await
            .unwrap();
        assert_eq!(first.await.unwrap().action.as_deref(), Some("kill"));
        let running = docker
            .list_containers(None::<ListContainersOptions>)
            .await
            .unwrap();
        assert_eq!(running.len(), 2);
        let found = docker
            .inspect_container("web-2", None::<InspectContainerOptions>)
            .await;
        let state = found.unwrap().state.unwrap();
        assert_eq!(state.running, Some(false));
    }
}

#[tokio::test]
async fn logs_and_stats_are_returned() {
    let engine = FakeEngine::start().with(FakeContainer::running("web-1").lines(20));
    let docker = client(&engine).await;
    let query = LogsOptionsBuilder::default()
        .stdout(true)
        .stderr(true)
        .tail("15");
    let lines: Vec<_> = docker
        .logs("web-1", Some(query.build()))
        .try_collect()
        .await
        .unwrap();
    assert_eq!(lines.len(), 15);
    engine.figures("web-1", json!({ "memory_stats": null }));
    let once = StatsOptionsBuilder::default().stream(false).one_shot(true);
    let figures = docker
        .stats("web-1", Some(once.build()))
        .next()
        .await
        .unwrap()
        .unwrap();
    assert!(figures.memory_stats.is_none());
    assert!(figures.cpu_stats.is_some());
}

#[tokio::test]
async fn every_fault_is_an_error_and_ends() {
    let engine = FakeEngine::start().with_containers(1);
    let docker = client(&engine).await;
    let list = async || docker.list_containers(None::<ListContainersOptions>).await;
    let faults: [fn(&FakeEngine); 4] = [
        FakeEngine::refuse,
        FakeEngine::answer_garbage,
        FakeEngine::half_json,
        |engine| engine.fail_with(500),
    ];
    for fault in faults {
        fault(&engine);
        assert!(list().await.is_err());
        engine.recover();
        assert_eq!(list().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_log_is_followed_until_the_container_stops() {
    let engine = FakeEngine::start().with(FakeContainer::running("web-1").lines(3));
    let docker = client(&engine).await;
    let query = LogsOptionsBuilder::default()
        .stdout(true)
        .stderr(true)
        .follow(true)
        .timestamps(true);
    let mut lines = docker.logs("web-1", Some(query.build()));
    for _ in 0..3 {
        lines.next().await.unwrap().unwrap();
    }
    engine.write_line("web-1", "and on");
    let line = lines.next().await.unwrap().unwrap().to_string();
    assert!(line.ends_with("Z and on\n"), "{line:?}");
    engine.stop_container("web-1");
    assert!(lines.next().await.is_none());
}

#[tokio::test]
async fn a_hanging_engine_answers_after_it_has_recovered() {
    let engine = FakeEngine::start().with_containers(1);
    let docker = client(&engine).await;
    engine.hang();
    let request = tokio::spawn(async move { docker.ping().await });
    eventually("it was asked", async || engine.count("GET /_ping") == 1).await;
    assert!(!request.is_finished());
    engine.recover();
    assert_eq!(request.await.unwrap().unwrap(), "OK");
}

#[tokio::test]
async fn events_since_a_time_are_repeated() {
    let engine = FakeEngine::start().with_containers(1);
    let docker = client(&engine).await;
    engine.emit_events(300);
    let since = EventsOptionsBuilder::default().since("1");
    let events: Vec<_> = docker
        .events(Some(since.build()))
        .take(300)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(events.len(), 300);
}
