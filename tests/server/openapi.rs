//! `docs/openapi.json` matches the router, and Prometheus receives its metrics.

use crate::support::{
    app::TestApp,
    eventually,
    fake_engine::{FakeContainer, FakeEngine, id_of},
};
use deckwatch::server::router::routes;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::collections::BTreeSet;

/// Methods that a route must accept or refuse.
const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

async fn document(app: &TestApp) -> Value {
    app.get("/api/openapi.json").await.json().await.unwrap()
}

/// The documented operations: path, method and description.
fn operations(document: &Value) -> Vec<(&String, Method, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, operation)| {
            let method = method.to_uppercase().parse().unwrap();
            (path, method, operation)
        })
    });
    all.collect()
}

#[tokio::test]
async fn the_document_has_every_route_and_no_other() {
    let app = TestApp::start(FakeEngine::start()).await;
    let document = document(&app).await;
    let documented: BTreeSet<_> = operations(&document)
        .into_iter()
        .map(|(path, method, _)| (path.clone(), method.to_string()))
        .collect();
    let routes: BTreeSet<_> = routes()
        .into_iter()
        // Single-purpose sockets are described in docs/PROTOCOL.md.
        .filter(|route| !route.path.starts_with("/ws/"))
        .map(|route| (route.path.to_owned(), route.method.to_string()))
        .collect();
    assert_eq!(documented, routes);
    app.end().await;
}

/// `path` with valid values for its parameters.
fn filled(path: &str) -> String {
    let id = id_of("web-1");
    let query = match path {
        "/api/stats/sparklines" => format!("?ids={id}"),
        _ => String::new(),
    };
    let path = path.replace("{id}", &id).replace("{action}", "pause");
    format!("{path}{query}")
}

/// Requests `path` with `method`; returns the status, and the media type without parameters.
async fn ask(app: &TestApp, method: Method, path: &str) -> (StatusCode, String) {
    let request = reqwest::Client::new().request(method.clone(), app.url(path));
    let request = match method {
        Method::POST => request.json(&serde_json::json!({})),
        _ => request,
    };
    let answer = request.send().await.unwrap();
    let media_type = answer.headers().get("content-type");
    let media_type = media_type.map_or("", |value| value.to_str().unwrap());
    let media_type = media_type.split(';').next().unwrap_or_default();
    (answer.status(), media_type.to_owned())
}

#[tokio::test]
async fn every_documented_operation_answers_as_documented() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let document = document(&app).await;
    for (path, method, operation) in operations(&document) {
        let what = format!("{method} {path}");
        let (status, media_type) = ask(&app, method, &filled(path)).await;
        assert!(status.is_success(), "{what}: {status}");
        let content = &operation["responses"][status.as_str()]["content"];
        assert!(
            content[&media_type].is_object(),
            "{what}: {media_type} {content}"
        );
    }
    app.end().await;
}

#[tokio::test]
async fn every_route_refuses_the_methods_that_are_not_documented() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    for route in routes() {
        let path = filled(route.path);
        let taken: BTreeSet<_> = routes()
            .into_iter()
            .filter(|other| other.path == route.path)
            .map(|other| other.method.to_string())
            .collect();
        for method in METHODS {
            let (status, _) = ask(&app, method.clone(), &path).await;
            let is_refused = status == StatusCode::METHOD_NOT_ALLOWED;
            let what = format!("{method} {path}: {status}");
            assert_eq!(is_refused, !taken.contains(method.as_str()), "{what}");
            assert_ne!(status, StatusCode::NOT_FOUND, "{what}");
        }
    }
    app.end().await;
}

#[tokio::test]
async fn every_reference_in_the_document_can_be_resolved() {
    let app = TestApp::start(FakeEngine::start()).await;
    let text = app.get("/api/openapi.json").await.text().await.unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let references: Vec<_> = text
        .split("\"#")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(references.len() > 10);
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
    app.end().await;
}

#[tokio::test]
async fn prometheus_receives_metrics_of_deckwatch_and_of_containers() {
    let engine = FakeEngine::start_elsewhere()
        .with(FakeContainer::running("web-1"))
        .with(FakeContainer::exited("old"));
    let app = TestApp::start(engine).await;
    let _socket = app.socket().await;
    let short = &id_of("web-1")[..12];
    let wanted = [
        "# TYPE deckwatch_clients gauge".to_owned(),
        "deckwatch_clients 1".to_owned(),
        "deckwatch_source_up{host=\"local\",source=\"docker\"} 1".to_owned(),
        format!("deckwatch_container_running{{host=\"local\",id=\"{short}\",name=\"web-1\"}} 1"),
        format!(
            "deckwatch_container_memory_bytes{{host=\"local\",id=\"{short}\",name=\"web-1\"}} 67108864"
        ),
    ];
    eventually("everything is told", async || {
        // Stats are sampled at the idle interval, unless a client requests them.
        app.snapshot("stats").await;
        let reported = app.get("/metrics").await.text().await.unwrap();
        wanted
            .iter()
            .all(|line| reported.lines().any(|reported| reported == line))
    })
    .await;
    let answer = app.get("/metrics").await;
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    let reported = answer.text().await.unwrap();
    let old = &id_of("old")[..12];
    assert!(
        !reported.contains(&format!("memory_bytes{{host=\"local\",id=\"{old}\"")),
        "unknown is not zero"
    );
    for line in reported.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    let elsewhere = app.ask("GET /metrics", &[("Host", "evil.example")]).await;
    assert_eq!(elsewhere.status, 421);
    app.end().await;
}
