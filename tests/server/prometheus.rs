//! The metrics that Prometheus scrapes.

use crate::support::{
    app::TestApp,
    eventually,
    fake_engine::{FakeContainer, FakeEngine, id_of},
};
use deckwatch::protocol::Channel;
use prometheus_parse::{HistogramCount, Scrape, Value};
use std::collections::BTreeSet;

/// Scrapes the metrics, and parses them as Prometheus does.
async fn scrape(app: &TestApp) -> Scrape {
    let answer = app.get("/metrics").await;
    let media_type = answer.headers()["content-type"].to_str().unwrap();
    assert_eq!(media_type, "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.unwrap();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).unwrap()
}

/// The sample of `name` that has `labels`.
fn sample<'a>(scrape: &'a Scrape, name: &str, labels: &[(&str, &str)]) -> Option<&'a Value> {
    let mut samples = scrape.samples.iter();
    let found = samples.find(|sample| {
        let has = |(label, value): &(&str, &str)| sample.labels.get(label) == Some(*value);
        sample.metric == name && labels.iter().all(has)
    });
    found.map(|sample| &sample.value)
}

fn number(scrape: &Scrape, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    match sample(scrape, name, labels)? {
        Value::Counter(value) | Value::Gauge(value) | Value::Untyped(value) => Some(*value),
        other => panic!("{name}: {other:?}"),
    }
}

/// Number of observations of the histogram `name`.
fn observations(scrape: &Scrape, name: &str, labels: &[(&str, &str)]) -> f64 {
    let Some(value) = sample(scrape, name, labels) else {
        return 0.0;
    };
    let Value::Histogram(buckets) = value else {
        panic!("{name}: {value:?}");
    };
    let is_sorted = |pair: &[HistogramCount]| {
        pair[0].less_than < pair[1].less_than && pair[0].count <= pair[1].count
    };
    assert!(buckets.windows(2).all(is_sorted), "{name}: {buckets:?}");
    let last = buckets.last().unwrap();
    assert!(last.less_than.is_infinite(), "{name}");
    last.count
}

#[tokio::test]
async fn metrics_of_the_server_and_its_containers_can_be_scraped() {
    let engine = FakeEngine::start_elsewhere()
        .with(FakeContainer::running("web-1"))
        .with(FakeContainer::exited("old"));
    let app = TestApp::start(engine).await;
    let _socket = app.socket().await;
    let id = &id_of("web-1")[..12];
    let web = [("host", "local"), ("id", id), ("name", "web-1")];
    eventually("stats are sampled", async || {
        // Stats are sampled at the idle interval unless a client requests them.
        app.snapshot("stats").await;
        let scrape = scrape(&app).await;
        number(&scrape, "deckwatch_container_memory_bytes", &web) == Some(67_108_864.0)
    })
    .await;
    let scrape = scrape(&app).await;
    let docker = [("host", "local"), ("source", "docker")];
    assert_eq!(number(&scrape, "deckwatch_clients", &[]), Some(1.0));
    assert_eq!(number(&scrape, "deckwatch_source_up", &docker), Some(1.0));
    assert_eq!(
        number(&scrape, "deckwatch_container_running", &web),
        Some(1.0)
    );
    let old = [("id", &id_of("old")[..12])];
    assert_eq!(
        number(&scrape, "deckwatch_container_running", &old),
        Some(0.0)
    );
    assert_eq!(
        sample(&scrape, "deckwatch_container_memory_bytes", &old),
        None,
        "unknown is not zero"
    );
    let elsewhere = app.ask("GET /metrics", &[("Host", "evil.example")]).await;
    assert_eq!(elsewhere.status, 421);
    app.end().await;
}

/// Names, types and labels of all metrics: dashboards and alerts depend on them.
const KNOWN: [(&str, &str, &[&str]); 40] = [
    ("deckwatch_build_info", "gauge", &["version"]),
    ("deckwatch_uptime_seconds", "gauge", &[]),
    ("deckwatch_clients", "gauge", &[]),
    ("deckwatch_tasks", "gauge", &[]),
    ("deckwatch_subscriptions", "gauge", &["channel"]),
    ("deckwatch_published_total", "counter", &["channel"]),
    ("deckwatch_http_sent_bytes_total", "counter", &[]),
    ("deckwatch_http_received_bytes_total", "counter", &[]),
    ("deckwatch_cpu_percent", "gauge", &[]),
    ("deckwatch_memory_bytes", "gauge", &[]),
    ("deckwatch_sockets_open", "gauge", &[]),
    ("deckwatch_socket_message_mean_bytes", "gauge", &[]),
    ("deckwatch_reconnects_total", "counter", &[]),
    ("deckwatch_alarms", "gauge", &["alarm"]),
    ("deckwatch_source_up", "gauge", &["host", "source"]),
    (
        "deckwatch_source_state",
        "gauge",
        &["host", "source", "state"],
    ),
    ("deckwatch_container_running", "gauge", CONTAINER),
    ("deckwatch_container_restarts_total", "counter", CONTAINER),
    ("deckwatch_container_cpu_percent", "gauge", CONTAINER),
    ("deckwatch_container_memory_bytes", "gauge", CONTAINER),
    ("deckwatch_container_memory_limit_bytes", "gauge", CONTAINER),
    (
        "deckwatch_container_network_received_bytes_total",
        "counter",
        CONTAINER,
    ),
    (
        "deckwatch_container_network_sent_bytes_total",
        "counter",
        CONTAINER,
    ),
    (
        "deckwatch_container_block_read_bytes_total",
        "counter",
        CONTAINER,
    ),
    (
        "deckwatch_container_block_written_bytes_total",
        "counter",
        CONTAINER,
    ),
    ("deckwatch_container_pids", "gauge", CONTAINER),
    ("deckwatch_sockets_opened_total", "counter", &[]),
    ("deckwatch_sockets_closed_total", "counter", &["code"]),
    ("deckwatch_socket_sent_messages_total", "counter", &[]),
    ("deckwatch_socket_sent_bytes_total", "counter", &[]),
    ("deckwatch_socket_failed_messages_total", "counter", &[]),
    ("deckwatch_socket_duration_seconds", "histogram", &[]),
    ("deckwatch_send_lag_seconds", "histogram", &[]),
    ("deckwatch_resyncs_total", "counter", &["channel"]),
    ("deckwatch_log_gaps_total", "counter", &[]),
    ("deckwatch_redactions_total", "counter", &["rule"]),
    ("deckwatch_delivery_seconds", "histogram", &[]),
    (
        "deckwatch_action_seconds",
        "histogram",
        &["action", "result"],
    ),
    (
        "deckwatch_engine_request_seconds",
        "histogram",
        &["call", "host"],
    ),
    ("deckwatch_collection_seconds", "histogram", &["host"]),
];
const CONTAINER: &[&str] = &["host", "id", "name"];

#[tokio::test]
async fn names_types_and_labels_are_stable() {
    let limited = FakeContainer::running("web-1");
    let app = TestApp::start(FakeEngine::start_elsewhere().with(limited)).await;
    let mut socket = app.socket().await;
    socket.subscribe(Channel::STATS).await;
    let path = format!("/api/containers/{}/pause", id_of("web-1"));
    assert_eq!(app.post(&path, &serde_json::json!({})).await.status(), 200);
    let mut text = String::new();
    eventually("every metric has a value", async || {
        text = app.get("/metrics").await.text().await.unwrap();
        KNOWN.iter().all(|(name, ..)| {
            let mut lines = text.lines();
            lines.any(|line| {
                line.starts_with(&format!("{name}{{"))
                    || line.starts_with(&format!("{name} "))
                    || line.starts_with(&format!("{name}_count"))
            })
        })
    })
    .await;
    let declared: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .collect();
    let known: Vec<_> = KNOWN.map(|(name, kind, _)| format!("{name} {kind}")).into();
    assert_eq!(declared, known.iter().map(String::as_str).collect());
    let scrape = Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).unwrap();
    for (name, _, labels) in KNOWN {
        let samples = scrape.samples.iter().filter(|sample| sample.metric == name);
        for sample in samples {
            let found: BTreeSet<_> = sample.labels.keys().map(String::as_str).collect();
            assert_eq!(found, labels.iter().copied().collect(), "{name}");
        }
    }
    app.end().await;
}

#[tokio::test]
async fn connections_actions_and_engine_requests_are_counted_and_timed() {
    let talkative = FakeContainer::running("web-1").lines(20);
    let app = TestApp::start(FakeEngine::start_elsewhere().with(talkative)).await;
    let before = scrape(&app).await;
    assert_eq!(
        number(&before, "deckwatch_sockets_opened_total", &[]),
        Some(0.0)
    );
    let mut socket = app.socket().await;
    socket.subscribe(Channel::CONTAINERS).await;
    let path = format!("/api/containers/{}", id_of("web-1"));
    let post = async |action: &str| {
        let answer = app
            .post(&format!("{path}/{action}"), &serde_json::json!({}))
            .await;
        answer.status().as_u16()
    };
    assert_eq!(post("pause").await, 200);
    app.engine.refuse_actions("not now");
    assert_ne!(post("unpause").await, 200);
    eventually("the change was delivered and timed", async || {
        observations(&scrape(&app).await, "deckwatch_delivery_seconds", &[]) > 0.0
    })
    .await;
    let during = scrape(&app).await;
    assert_eq!(
        number(&during, "deckwatch_sockets_opened_total", &[]),
        Some(1.0)
    );
    for (action, result) in [("pause", "done"), ("unpause", "failed")] {
        let labels = [("action", action), ("result", result)];
        assert_eq!(
            observations(&during, "deckwatch_action_seconds", &labels),
            1.0,
            "{action}"
        );
    }
    let list = [("host", "local"), ("call", "GET /containers/json")];
    assert!(observations(&during, "deckwatch_engine_request_seconds", &list) >= 1.0);
    // At least `connected`, the source, the confirmation of the subscription, and its snapshot.
    assert!(number(&during, "deckwatch_socket_sent_messages_total", &[]) >= Some(4.0));
    assert!(number(&during, "deckwatch_socket_sent_bytes_total", &[]) >= Some(400.0));
    assert!(number(&during, "deckwatch_socket_message_mean_bytes", &[]) >= Some(50.0));
    assert_eq!(number(&during, "deckwatch_sockets_open", &[]), Some(1.0));
    let durations = "deckwatch_socket_duration_seconds";
    assert_eq!(observations(&during, durations, &[]), 0.0);
    drop(socket);
    eventually("the closed connection is counted", async || {
        let after = scrape(&app).await;
        let lost = [("code", "1006")];
        number(&after, "deckwatch_sockets_closed_total", &lost) == Some(1.0)
            && observations(&after, durations, &[]) == 1.0
            && number(&after, "deckwatch_sockets_open", &[]) == Some(0.0)
    })
    .await;
    app.end().await;
}

#[tokio::test]
async fn resyncs_of_clients_that_fell_behind_are_counted() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    // The ring holds fewer events.
    let behind = format!("epoch={}&seq=events:1", app.snapshot("events").await.epoch);
    eventually("the position has left the ring", async || {
        app.engine.emit_events(200);
        let path = format!("/api/snapshot?channels=events&{behind}");
        assert_eq!(app.get(&path).await.status(), 200);
        let events = [("channel", "events")];
        number(&scrape(&app).await, "deckwatch_resyncs_total", &events) > Some(0.0)
    })
    .await;
    app.end().await;
}
