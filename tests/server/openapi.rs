//! The document of the HTTP interface agrees with the routes there are; and Prometheus is told.

use crate::support::{
    app::TestApp,
    eventually,
    fake_engine::{FakeContainer, FakeEngine, id_of},
};
use serde_json::Value;
use std::collections::BTreeSet;

/// The paths of the router's table, with the prefix they are nested beneath.
fn routes() -> BTreeSet<String> {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/router.rs");
    let source = std::fs::read_to_string(source).unwrap();
    let (api, others) = source.split_once("let routes = ").unwrap();
    let paths = |text: &str| -> Vec<String> {
        let after = text.split(".route(\"").skip(1);
        after
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect()
    };
    let api = paths(api).into_iter().map(|path| format!("/api{path}"));
    // Sockets for one purpose are described with the protocol.
    let others = paths(others)
        .into_iter()
        .filter(|path| !path.starts_with("/ws/"));
    api.chain(others).collect()
}

#[tokio::test]
async fn every_route_is_documented_and_every_documented_one_answers() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let document: Value = app.get("/api/openapi.json").await.json().await.unwrap();
    let paths = document["paths"].as_object().unwrap();
    let documented: BTreeSet<String> = paths.keys().cloned().collect();
    assert_eq!(documented, routes());
    for (path, methods) in paths {
        let asked = path
            .replace("{id}", &id_of("web-1"))
            .replace("{action}", "pause");
        let query = if path.ends_with("sparklines") {
            "?ids="
        } else {
            ""
        };
        let asked = format!("{asked}{query}");
        for method in methods.as_object().unwrap().keys() {
            let status = match method.as_str() {
                "post" => app.post(&asked, &serde_json::json!({})).await.status(),
                _ => app.get(&asked).await.status(),
            };
            let is_answer = status.is_success() || (query.len() > 1 && status == 400);
            assert!(is_answer, "{method} {asked}: {status}");
        }
    }
    app.end().await;
}

#[tokio::test]
async fn every_reference_in_the_document_leads_somewhere() {
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
async fn prometheus_is_told_of_us_and_of_containers() {
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
        // Figures are sampled at the idle pace, unless somebody asks for them.
        app.snapshot("stats").await;
        let told = app.get("/metrics").await.text().await.unwrap();
        wanted
            .iter()
            .all(|line| told.lines().any(|told| told == line))
    })
    .await;
    let answer = app.get("/metrics").await;
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    let told = answer.text().await.unwrap();
    let old = &id_of("old")[..12];
    assert!(
        !told.contains(&format!("memory_bytes{{host=\"local\",id=\"{old}\"")),
        "unknown is not zero"
    );
    for line in told.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    let elsewhere = app.ask("GET /metrics", &[("Host", "evil.example")]).await;
    assert_eq!(elsewhere.status, 421);
    app.end().await;
}
