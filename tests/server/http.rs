//! The HTTP interface: pages, status, logs, errors and headers.

use crate::support::{
    app::TestApp,
    eventually,
    fake_engine::{FakeContainer, FakeEngine, id_of},
    socket::Incoming,
};
use deckwatch::protocol::{Channel, Problem, SocketStatus};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

async fn json(app: &TestApp, path: &str) -> Value {
    app.get(path)
        .await
        .error_for_status()
        .unwrap()
        .json()
        .await
        .unwrap()
}

async fn text(app: &TestApp, path: &str) -> String {
    app.get(path)
        .await
        .error_for_status()
        .unwrap()
        .text()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_socket_path_without_an_upgrade_returns_its_status() {
    let app = TestApp::start(FakeEngine::start()).await;
    let mut socket = app.socket().await;
    socket.subscribe(Channel::METRICS).await;
    let _other = app.socket().await;
    eventually("both are counted", async || {
        let status: SocketStatus = serde_json::from_value(json(&app, "/api/ws").await).unwrap();
        assert_eq!(status.status, "ok");
        assert!(!status.version.is_empty());
        assert_eq!(status.subscriptions["metrics"], 1);
        assert_eq!(status.subscriptions["containers"], 0);
        status.connected_clients == 2
    })
    .await;
    drop(socket);
    eventually("one is left", async || {
        let status = json(&app, "/api/ws").await;
        status["connectedClients"] == 1 && status["subscriptions"]["metrics"] == 0
    })
    .await;
    app.end().await;
}

/// The names in a value, including nested ones.
fn shape(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, inner)| {
                let inner = shape(inner)
                    .into_iter()
                    .map(move |path| format!("{name}.{path}"));
                inner.chain([name.clone()])
            })
            .collect(),
        Value::Array(items) => items.first().map(shape).unwrap_or_default(),
        _ => BTreeSet::new(),
    }
}

#[tokio::test]
async fn the_stats_socket_has_its_documented_shape() {
    let app = TestApp::start(FakeEngine::start_elsewhere().with_containers(2)).await;
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let golden = std::fs::read_to_string(golden.join("docker-stats.json")).unwrap();
    let golden: Value = serde_json::from_str(&golden).unwrap();
    let mut socket = app.socket_at("/ws/docker/stats", &[]).await.unwrap();
    eventually("all figures are known", async || {
        let Incoming::Text(text) = socket.receive().await else {
            panic!("closed")
        };
        let message: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            message["type"], "docker_stats",
            "nothing else comes: {message}"
        );
        let containers = message["data"]["containers"].as_array().unwrap();
        let is_known =
            containers.len() == 2 && containers.iter().all(|c| c["cpu_percent"].is_number());
        if is_known {
            assert_eq!(shape(&message), shape(&golden));
            assert_eq!(containers[0]["memory_usage"], 64 << 20);
        }
        is_known
    })
    .await;
    app.end().await;
}

#[tokio::test]
async fn health_and_readiness_are_reported() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    assert_eq!(app.get("/healthz").await.status(), 200);
    assert_eq!(app.get("/readyz").await.status(), 200);
    app.end().await;
}

#[tokio::test]
async fn the_first_page_already_shows_the_containers() {
    let odd = "<script>alert(1)</script>";
    let mut hostile = FakeContainer::running("web-9").label("note", odd);
    hostile.image = format!("\"'>{odd}&amp;");
    let app = TestApp::start(FakeEngine::start().with_containers(3).with(hostile)).await;
    let html = text(&app, "/containers").await;
    for name in ["web-1", "web-2", "web-3", "web-9"] {
        assert!(html.contains(name), "{name}");
    }
    assert!(
        !html.contains("<script>alert"),
        "text of an engine is escaped"
    );
    app.end().await;
}

#[tokio::test]
async fn pages_are_compressed_for_clients_that_accept_it() {
    let app = TestApp::start(FakeEngine::start().with_containers(40)).await;
    let plain = text(&app, "/containers").await;
    let gzip = ("accept-encoding", "gzip, br");
    let page = app.get_with("/containers", gzip).await;
    let headers = page.headers().clone();
    assert_eq!(headers["content-encoding"], "gzip");
    let varies = headers["vary"].to_str().unwrap().to_ascii_lowercase();
    assert!(varies.contains("accept-encoding"), "{varies}");
    let compressed = page.bytes().await.unwrap();
    assert!(
        compressed.len() * 5 < plain.len(),
        "{} of {} bytes",
        compressed.len(),
        plain.len()
    );
    let mut html = String::new();
    flate2::read::GzDecoder::new(&*compressed)
        .read_to_string(&mut html)
        .unwrap();
    assert!(html.contains("web-40") && html.contains("</html>"));
    let missing = app.get_with("/nothing", gzip).await;
    assert_eq!(missing.status(), 404);
    assert_eq!(missing.headers()["content-encoding"], "gzip");
    let head = app
        .ask("HEAD /containers", &[("Accept-Encoding", "gzip")])
        .await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let headers = [
        ("Accept-Encoding", "gzip"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    let elsewhere = app.ask("GET /containers", &headers).await;
    assert!(
        elsewhere.body.contains("</html>"),
        "responses to other sites are not compressed"
    );
    app.end().await;
}

#[tokio::test]
async fn every_script_of_a_page_has_the_nonce_of_its_response() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let mut nonces = BTreeSet::new();
    for _ in 0..2 {
        let page = app.get("/").await;
        let headers = page.headers().clone();
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert!(headers.contains_key("referrer-policy"));
        let policy = headers["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        let (_, rest) = policy.split_once("'nonce-").expect("a nonce");
        let nonce = rest.split('\'').next().unwrap().to_owned();
        let html = page.text().await.unwrap();
        let tags = html
            .split("<script")
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap());
        for tag in tags {
            assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{tag}");
        }
        assert!(!html.contains(" style=\""), "the policy forbids it");
        nonces.insert(nonce);
    }
    assert_eq!(nonces.len(), 2, "every response has a nonce of its own");
    let api = app.get("/api/containers").await;
    assert_eq!(api.headers()["x-content-type-options"], "nosniff");
    app.end().await;
}

#[tokio::test]
async fn a_log_is_returned_as_text_and_as_ndjson() {
    let talkative = FakeContainer::running("web-1").lines(50);
    let app = TestApp::start(FakeEngine::start().with(talkative)).await;
    let path = format!("/api/containers/{}/logs", id_of("web-1"));
    let answer = app.get(&format!("{path}?tail=5&format=text")).await;
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
    let lines = answer.text().await.unwrap();
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(lines.len(), 5);
    for (line, n) in lines.iter().zip(45..50) {
        assert!(line.ends_with(&format!("line {n}")), "{line}");
    }
    let answer = app.get(&format!("{path}?tail=20&format=ndjson")).await;
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .contains("ndjson")
    );
    let lines = answer.text().await.unwrap();
    let lines: Vec<BTreeMap<String, Value>> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 20);
    assert_eq!(lines[0]["line"], "line 30");
    assert_eq!(lines[0]["stream"], "stdout");
    assert_eq!(lines[9]["stream"], "stderr");
    assert!(lines[0]["timestamp"].as_str().unwrap().ends_with('Z'));
    app.end().await;
}

#[tokio::test]
async fn a_long_log_is_returned_completely() {
    let talkative = FakeContainer::running("web-1").lines(50_000);
    let app = TestApp::start(FakeEngine::start().with(talkative)).await;
    let log = text(&app, &format!("/api/containers/{}/logs", id_of("web-1"))).await;
    assert_eq!(log.lines().count(), 50_000);
    app.end().await;
}

#[tokio::test]
async fn an_inspected_container_contains_no_secrets() {
    let database = FakeContainer::running("db")
        .env("DB_PASSWORD=hunter2")
        .env("API_TOKEN=s3cr3t");
    let app = TestApp::start(FakeEngine::start().with(database)).await;
    let id = id_of("db");
    let described = text(&app, &format!("/api/containers/{id}")).await;
    assert!(described.contains("DB_PASSWORD"), "{described}");
    assert!(
        !described.contains("hunter2") && !described.contains("s3cr3t"),
        "{described}"
    );
    let short = text(&app, &format!("/api/containers/{}", &id[..12])).await;
    assert_eq!(short, described, "twelve digits are enough");
    let top = json(&app, &format!("/api/containers/{id}/top")).await;
    assert_eq!(top["titles"][2], "COMMAND");
    assert_eq!(top["processes"][0][0], "1");
    app.end().await;
}

#[tokio::test]
async fn errors_are_problems_with_a_code() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let id = id_of("web-1");
    for (path, status, code) in [
        (
            "/api/containers/0123456789abcdef".to_owned(),
            404,
            "not_found",
        ),
        ("/api/containers/nonsense".to_owned(), 400, "invalid"),
        ("/api/nothing".to_owned(), 404, "not_found"),
        (format!("/api/containers/{id}/logs?tail=-1"), 400, "invalid"),
        (
            format!("/api/containers/{id}/logs?format=pdf"),
            400,
            "invalid",
        ),
        (
            format!("/api/containers/{id}/logs?since=yesterday"),
            400,
            "invalid",
        ),
        (
            "/api/snapshot?channels=weather".to_owned(),
            400,
            "unknown_channel",
        ),
        (
            "/api/snapshot?channels=containers&seq=x".to_owned(),
            400,
            "invalid",
        ),
    ] {
        let answer = app.get(&path).await;
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(
            answer.headers()["content-type"],
            "application/problem+json",
            "{path}"
        );
        let problem: Problem = answer.json().await.unwrap();
        assert_eq!(
            (problem.status, problem.code.as_str()),
            (status, code),
            "{path}"
        );
        assert!(!problem.detail.is_empty() && !problem.title.is_empty());
    }
    app.end().await;
}

#[tokio::test]
async fn requests_to_a_lost_engine_are_unavailable() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    app.engine.refuse();
    let id = id_of("web-1");
    let answer = app.get(&format!("/api/containers/{id}/top")).await;
    assert_eq!(answer.status(), 503);
    let problem: Problem = answer.json().await.unwrap();
    assert_eq!(problem.code.as_str(), "engine_unavailable");
    app.end().await;
}
