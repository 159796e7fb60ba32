//! The fake engine is enough of one for the client the server uses.

use crate::support::{
    eventually,
    fake_engine::{FakeContainer, FakeEngine},
};
use bollard::{API_DEFAULT_VERSION, Docker, query_parameters::*};
use futures::{StreamExt, TryStreamExt};
use serde_json::json;

async fn client(engine: &FakeEngine) -> Docker {
    let address = engine.address();
    let docker = if address.starts_with("unix") {
        Docker::connect_with_unix(&address, 5, API_DEFAULT_VERSION)
    } else {
        Docker::connect_with_http(&address, 5, API_DEFAULT_VERSION)
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
async fn logs_and_figures_are_told() {
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
async fn every_fault_is_an_error_and_passes() {
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
