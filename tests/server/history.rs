//! The recent history of container stats, which the server keeps and returns over HTTP.

use crate::support::{app::TestApp, eventually, fake_engine::FakeEngine, mirror::Mirror};
use deckwatch::{
    model::{Figure, SourceState, Sparklines, StatsHistory, Timestamp},
    protocol::{
        Channel,
        codec::{MEDIA_TYPE, decode},
    },
};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

/// A server that has read the stats of two containers at least twice.
async fn watched() -> (TestApp, Mirror) {
    let app = TestApp::start(FakeEngine::start_elsewhere().with_containers(2)).await;
    let mut page = Mirror::of(&app, &[Channel::CONTAINERS, Channel::STATS]).await;
    for name in ["web-1", "web-2"] {
        page.until_figures(name, |stats| stats.cpu_percent.is_some())
            .await;
    }
    (app, page)
}

async fn history(app: &TestApp, name: &str) -> Value {
    let path = format!("/api/containers/{}/stats?range=5m", app.engine.id(name));
    app.get(&path).await.json().await.unwrap()
}

fn column<'a>(history: &'a Value, name: &str) -> &'a Vec<Value> {
    history[name].as_array().expect(name)
}

#[tokio::test]
async fn a_history_contains_the_samples() {
    let (app, mut page) = watched().await;
    let stats = page
        .until_figures("web-1", |stats| stats.cpu_percent > Some(1.0))
        .await;
    let history = history(&app, "web-1").await;
    assert_eq!(history["containerId"], app.engine.id("web-1"));
    assert_eq!(history["host"], "local");
    assert_eq!(history["intervalMs"], 2_000);
    let times = column(&history, "timestamps");
    let at = times
        .iter()
        .position(|at| *at == stats.timestamp.to_string());
    let at = at.expect("the time is the source's");
    let columns = [
        "cpuPercent",
        "memoryUsage",
        "memoryLimit",
        "networkRxRate",
        "networkTxRate",
        "blockReadRate",
        "blockWriteRate",
        "pids",
    ];
    for name in columns {
        assert_eq!(column(&history, name).len(), times.len(), "{name}");
    }
    let cpu = column(&history, "cpuPercent")[at].as_f64().unwrap();
    assert!(
        (cpu - f64::from(stats.cpu_percent.unwrap())).abs() < 0.01,
        "{cpu}"
    );
    assert_eq!(column(&history, "memoryUsage")[at], 64 << 20);
    assert_eq!(column(&history, "memoryLimit")[at], 512 << 20);
    assert_eq!(column(&history, "pids")[at], 3);
    assert_eq!(
        column(&history, "cpuPercent")[0],
        Value::Null,
        "the first sample has no CPU share"
    );
    app.end().await;
}

#[tokio::test]
async fn the_binary_form_contains_the_same() {
    let (app, _page) = watched().await;
    let id = app.engine.id("web-1");
    let accept = ("accept", MEDIA_TYPE);
    let answer = app
        .get_with(&format!("/api/containers/{id}/stats"), accept)
        .await;
    let binary: StatsHistory = decode(&answer.bytes().await.unwrap()).unwrap();
    let json = history(&app, "web-1").await;
    for (n, point) in binary.points.iter().enumerate() {
        assert_eq!(column(&json, "timestamps")[n], point.at.to_string());
        let memory = point.value(Figure::Memory).map(|bytes| bytes as u64);
        assert_eq!(column(&json, "memoryUsage")[n], json!(memory));
    }
    let path = format!("/api/stats/sparklines?ids={}", &id[..12]);
    let lines: Sparklines =
        decode(&app.get_with(&path, accept).await.bytes().await.unwrap()).unwrap();
    assert_eq!(lines.lines.len(), 1);
    assert_eq!(lines.lines[0].id.key.to_string(), id);
    app.end().await;
}

#[tokio::test]
async fn sparklines_are_returned_for_the_existing_containers() {
    let (app, mut page) = watched().await;
    let ids = ["web-1", "web-2"].map(|name| app.engine.id(name)[..12].to_owned());
    let path = format!(
        "/api/stats/sparklines?ids={},{},000000000000",
        ids[0], ids[1]
    );
    let lines: Value = app.get(&path).await.json().await.unwrap();
    assert_eq!(lines["stepMs"], 5_000);
    let names: Vec<_> = column(&lines, "containers")
        .iter()
        .map(|line| &line["containerId"])
        .collect();
    assert_eq!(names, [&app.engine.id("web-1"), &app.engine.id("web-2")]);
    for line in column(&lines, "containers") {
        let values = column(line, "cpuPercent");
        assert_eq!(values.len(), 60);
        assert!(
            values[59].is_number() || values[58].is_number(),
            "{values:?}"
        );
        assert_eq!(
            values[0],
            Value::Null,
            "there was no sample five minutes ago"
        );
    }
    app.engine.remove_container("web-1");
    page.until(|host| host.containers.len() == 1).await;
    let lines: Value = app.get(&path).await.json().await.unwrap();
    assert_eq!(column(&lines, "containers").len(), 1);
    app.end().await;
}

#[tokio::test]
async fn a_missing_sample_is_a_gap_and_a_stopped_container_ends() {
    let (app, mut page) = watched().await;
    app.engine.refuse();
    page.until_source(SourceState::Down).await;
    let before = history(&app, "web-2").await;
    let ended = column(&before, "timestamps").last().unwrap().clone();
    let last: Timestamp = ended.as_str().unwrap().parse().unwrap();
    eventually("two samples are missing", async || {
        last.age(now()) > Duration::from_secs(4)
    })
    .await;
    app.engine.recover();
    eventually("there is a gap", async || {
        let history = history(&app, "web-2").await;
        let times = column(&history, "timestamps");
        let at = times.iter().position(|at| *at == ended).unwrap();
        let memory = column(&history, "memoryUsage");
        memory.get(at + 1) == Some(&Value::Null) && memory.get(at + 2).is_some_and(Value::is_number)
    })
    .await;
    app.engine.stop_container("web-1");
    page.until(|host| host.stats.len() == 1).await;
    let stopped = history(&app, "web-1").await;
    assert!(
        column(&stopped, "memoryUsage").last().unwrap().is_number(),
        "{stopped}"
    );
    app.end().await;
}

#[tokio::test]
async fn counters_that_are_reset_or_missing_leave_a_gap_only_in_their_column() {
    let (app, mut page) = watched().await;
    app.engine.figures(
        "web-1",
        json!({ "networks": { "eth0": { "rx_bytes": 0, "tx_bytes": 18_446_744_073_709_551_615_u64 } }, "pids_stats": null }),
    );
    let stats = page
        .until_figures("web-1", |stats| stats.network_rx == Some(0))
        .await;
    assert_eq!(
        (stats.network_rx_rate, stats.network_tx_rate),
        (None, None),
        "{stats:?}"
    );
    let history = history(&app, "web-1").await;
    let at = stats.timestamp.to_string();
    let at = column(&history, "timestamps")
        .iter()
        .position(|time| *time == at)
        .unwrap();
    assert_eq!(column(&history, "networkRxRate")[at], Value::Null);
    assert_eq!(column(&history, "pids")[at], Value::Null);
    assert!(column(&history, "cpuPercent")[at].is_number());
    // From there on it does not change: zero is a value.
    page.until_figures("web-1", |stats| stats.network_rx_rate == Some(0))
        .await;
    app.end().await;
}

#[tokio::test]
async fn invalid_requests_are_refused() {
    let (app, _page) = watched().await;
    let id = app.engine.id("web-1");
    let many = vec!["0123456789ab"; 251].join(",");
    let refused = [
        (
            format!("/api/containers/{id}/stats?range=6m"),
            400,
            "invalid",
        ),
        (
            format!("/api/containers/{id}/stats?range=5"),
            400,
            "invalid",
        ),
        (
            format!("/api/containers/{id}/stats?range=-1s"),
            400,
            "invalid",
        ),
        (
            format!("/api/containers/{id}/stats?rnage=1m"),
            400,
            "invalid",
        ),
        ("/api/containers/nonsense/stats".to_owned(), 400, "invalid"),
        (
            format!("/api/containers/{}/stats", "0".repeat(64)),
            404,
            "not_found",
        ),
        ("/api/stats/sparklines".to_owned(), 400, "invalid"),
        ("/api/stats/sparklines?ids=".to_owned(), 400, "invalid"),
        (
            "/api/stats/sparklines?ids=../../version".to_owned(),
            400,
            "invalid",
        ),
        (format!("/api/stats/sparklines?ids={many}"), 400, "invalid"),
    ];
    for (path, status, code) in refused {
        let answer = app.get(&path).await;
        assert_eq!(answer.status(), status, "{path}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], code, "{path}");
    }
    app.end().await;
}

#[tokio::test]
async fn snapshots_contain_no_histories() {
    let (app, _page) = watched().await;
    let snapshot = app
        .get("/api/snapshot?channels=metrics,containers,stats,events")
        .await;
    let text = snapshot.text().await.unwrap();
    assert!(!text.contains("timestamps") && !text.contains("samples"));
    app.end().await;
}
