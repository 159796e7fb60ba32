//! Figures that make no sense are absent; they are never zero, negative or a spike.

use crate::support::{app::TestApp, fake_engine::FakeEngine, mirror::Mirror};
use deckwatch::{
    model::ContainerStats,
    protocol::{Channel, ServerMessage},
};
use serde_json::json;

async fn watched() -> (TestApp, Mirror) {
    let app = TestApp::start(FakeEngine::start_elsewhere().with_containers(2)).await;
    let mut page = Mirror::of(&app, &[Channel::Stats]).await;
    page.until_figures("web-1", |stats| stats.cpu_percent.is_some())
        .await;
    page.until_figures("web-2", |stats| stats.cpu_percent.is_some())
        .await;
    (app, page)
}

fn plausible(stats: &ContainerStats) -> bool {
    let percent = |figure: Option<f32>| figure.is_none_or(|p| p.is_finite() && p >= 0.0);
    // Two cores, and room for a clock that is read a little late.
    let cpu = stats.cpu_percent.is_none_or(|cpu| cpu <= 400.0);
    // The fake engine's network carries 1.5 MB/s.
    let rate = |rate: Option<u64>| rate.is_none_or(|rate| rate < 100_000_000);
    cpu && percent(stats.cpu_percent)
        && percent(stats.memory_percent)
        && rate(stats.network_rx_rate)
        && rate(stats.network_tx_rate)
        && rate(stats.block_read_rate)
        && rate(stats.block_write_rate)
}

/// The next three samples of both containers.
async fn next_samples(page: &mut Mirror) -> Vec<ContainerStats> {
    let mut samples = Vec::new();
    for _ in 0..3 {
        let data = page.socket.find(|message| match message {
            ServerMessage::Stats { data, .. } => Some(data),
            _ => None,
        });
        samples.extend(data.await);
    }
    samples
}

#[tokio::test]
async fn figures_are_those_of_the_engine() {
    let (app, mut page) = watched().await;
    let stats = page
        .until_figures("web-1", |stats| stats.cpu_percent > Some(1.0))
        .await;
    assert!(plausible(&stats), "{stats:?}");
    assert_eq!(stats.memory_usage, Some(64 << 20));
    assert_eq!(stats.memory_limit, Some(512 << 20));
    assert_eq!(stats.memory_percent, Some(12.5));
    assert_eq!(stats.pids, Some(3));
    assert!(
        stats.network_rx.is_some() && stats.block_write.is_some(),
        "{stats:?}"
    );
    app.end().await;
}

#[tokio::test]
async fn counters_that_go_backwards_give_no_figure() {
    let (app, mut page) = watched().await;
    app.engine.figures(
        "web-1",
        json!({
            "cpu_stats": { "cpu_usage": { "total_usage": 1 }, "system_cpu_usage": 1 },
            "networks": { "eth0": { "rx_bytes": 0, "tx_bytes": 0 } },
            "blkio_stats": { "io_service_bytes_recursive": [{ "op": "read", "value": 0 }] },
        }),
    );
    let samples = next_samples(&mut page).await;
    assert!(samples.iter().all(plausible), "{samples:#?}");
    page.until_figures("web-1", |stats| stats.network_rx == Some(0))
        .await;
    app.end().await;
}

#[tokio::test]
async fn figures_that_are_missing_are_absent() {
    let (app, mut page) = watched().await;
    let nothing = json!({
        "cpu_stats": null, "precpu_stats": null, "memory_stats": null, "networks": null,
        "blkio_stats": null, "pids_stats": null,
    });
    app.engine.figures("web-1", nothing);
    let stats = page
        .until_figures("web-1", |stats| stats.memory_usage.is_none())
        .await;
    let unknown = ContainerStats::unknown(stats.container_id, "web-1".into(), stats.timestamp);
    assert_eq!(stats, unknown);
    let other = page
        .until_figures("web-2", |stats| stats.timestamp >= unknown.timestamp)
        .await;
    assert!(
        other.cpu_percent.is_some(),
        "the other container is not affected"
    );
    app.end().await;
}

#[tokio::test]
async fn nonsense_instead_of_figures_affects_only_that_container() {
    let (app, mut page) = watched().await;
    for body in [
        r#"{"cpu_stats":{"cpu_usage":{"total_usage":"NaN"}},"memory_stats":{"usage":"Infinity"}}"#,
        r#"{"memory_stats":{"usage":18446744073709551616,"limit":-1}}"#,
        r#"{"memory_stats":{"usage":18446744073709551615,"limit":0},"cpu_stats":{"online_cpus":0}}"#,
        r#"{"memory_stats":{"usage":1e308,"limit":1e-308}}"#,
        r#"{"memory_stats":"#,
        "",
        "[]",
    ] {
        app.engine.figures_as_text("web-1", body);
        let samples = next_samples(&mut page).await;
        assert!(samples.iter().all(plausible), "{body}: {samples:#?}");
        let is_other = |stats: &&ContainerStats| stats.container_name == "web-2";
        let others = samples.iter().filter(is_other);
        assert!(
            others.filter(|stats| stats.cpu_percent.is_some()).count() >= 1,
            "{body}"
        );
    }
    app.engine.figures("web-1", json!({}));
    page.until_figures("web-1", |stats| stats.cpu_percent > Some(0.0))
        .await;
    app.end().await;
}

#[tokio::test]
async fn a_memory_limit_of_zero_gives_no_share() {
    let (app, mut page) = watched().await;
    app.engine
        .figures("web-1", json!({ "memory_stats": { "limit": 0 } }));
    let stats = page
        .until_figures("web-1", |stats| stats.memory_limit != Some(512 << 20))
        .await;
    assert_eq!(stats.memory_percent, None, "{stats:?}");
    app.end().await;
}

#[tokio::test]
async fn a_container_that_stops_has_no_figures() {
    let (app, mut page) = watched().await;
    app.engine.stop_container("web-1");
    page.until(|host| host.stats.len() == 1).await;
    app.end().await;
}
