//! What Prometheus gets when it scrapes.

use crate::support::{
    app::TestApp,
    eventually,
    fake_engine::{FakeContainer, FakeEngine, id_of},
};

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
