//! Implausible stats are unknown; they are never zero, negative or a spike.

use crate::support::{app::TestApp, fake_engine::FakeEngine, mirror::Mirror};
use deckwatch::{model::ContainerStats, protocol::Channel};
use serde_json::{Value, json};

async fn watched() -> (TestApp, Mirror) {
    let app = TestApp::start(FakeEngine::start_elsewhere().with_containers(2)).await;
    let mut page = Mirror::of(&app, &[Channel::STATS]).await;
    page.until_figures("web-1", |stats| stats.cpu_percent.is_some())
        .await;
    page.until_figures("web-2", |stats| stats.cpu_percent.is_some())
        .await;
    (app, page)
}

fn plausible(stats: &ContainerStats) -> bool {
    let percent = |figure: Option<f32>| figure.is_none_or(|p| p.is_finite() && p >= 0.0);
    // Two cores, with a margin for a clock that is read slightly late.
    let cpu = stats.cpu_percent.is_none_or(|cpu| cpu <= 400.0);
    // The fake engine's network transfers 1.5 MB/s.
    let rate = |rate: Option<u64>| rate.is_none_or(|rate| rate < 100_000_000);
    cpu && percent(stats.cpu_percent)
        && percent(stats.memory_percent)
        && rate(stats.network_rx_rate)
        && rate(stats.network_tx_rate)
        && rate(stats.block_read_rate)
        && rate(stats.block_write_rate)
}

/// Stats of both containers that were requested after this call.
async fn fresh_figures(page: &mut Mirror) -> [ContainerStats; 2] {
    let mut at = page.until_figures("web-1", |_| true).await.timestamp;
    // The first sample after the call may have been requested before it.
    for _ in 0..2 {
        let next = page.until_figures("web-1", |stats| stats.timestamp > at);
        at = next.await.timestamp;
    }
    let of = async |name, page: &mut Mirror| page.until_figures(name, |_| true).await;
    [of("web-1", page).await, of("web-2", page).await]
}

#[tokio::test]
async fn stats_are_those_of_the_engine() {
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

/// All counters of a container, set to `n`.
fn counted(n: u64) -> Value {
    json!({
        "cpu_stats": { "cpu_usage": { "total_usage": n } },
        "networks": { "eth0": { "rx_bytes": n, "tx_bytes": n } },
        "blkio_stats": { "io_service_bytes_recursive": [
            { "op": "read", "value": n },
            { "op": "write", "value": n },
        ] },
    })
}

/// Bytes per second: received, sent, read and written.
fn rates(stats: &ContainerStats) -> [Option<u64>; 4] {
    [
        stats.network_rx_rate,
        stats.network_tx_rate,
        stats.block_read_rate,
        stats.block_write_rate,
    ]
}

/// The counters are reset, as when a container restarts: the rate is unknown, not zero or negative. From
/// the next sample on it is correct again.
#[tokio::test]
async fn counters_that_go_backwards_yield_no_rate_and_then_the_true_one() {
    const GROWN: u64 = 500_000_000;
    let (app, mut page) = watched().await;
    app.engine.figures("web-1", counted(1));
    let mut last = page
        .until_figures("web-1", |stats| stats.network_rx == Some(1))
        .await;
    assert_eq!(rates(&last), [None; 4], "{last:?}");
    assert_eq!(last.cpu_percent, None, "{last:?}");

    app.engine.figures("web-1", counted(1 + GROWN));
    let grown = loop {
        let next = page
            .until_figures("web-1", |stats| stats.timestamp > last.timestamp)
            .await;
        if next.network_rx == Some(1 + GROWN) {
            break next;
        }
        // Requested before the counters grew, so they did not change.
        assert_eq!(rates(&next), [Some(0); 4], "{next:?}");
        assert_eq!(next.cpu_percent, Some(0.0), "{next:?}");
        last = next;
    };
    let seconds = last.timestamp.age(grown.timestamp).as_secs_f64();
    let expected = GROWN as f64 / seconds;
    let is_close = |actual: f64, expected: f64| (actual / expected - 1.0).abs() < 0.05;
    for rate in rates(&grown) {
        let rate = rate.unwrap() as f64;
        assert!(is_close(rate, expected), "{rate} for {expected}: {grown:?}");
    }
    let cpu = f64::from(grown.cpu_percent.unwrap());
    assert!(is_close(cpu, expected / 1e7), "{cpu} %: {grown:?}");
    app.end().await;
}

#[tokio::test]
async fn missing_stats_are_unknown() {
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
async fn invalid_stats_are_unknown_and_affect_only_their_container() {
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
        let [stats, other] = fresh_figures(&mut page).await;
        assert_eq!(stats.container_name, "web-1");
        assert_eq!(stats.cpu_percent, None, "{body}: {stats:?}");
        assert_eq!(stats.memory_percent, None, "{body}: {stats:?}");
        assert_eq!(stats.memory_limit, None, "{body}: {stats:?}");
        assert_eq!(rates(&stats), [None; 4], "{body}: {stats:?}");
        assert_eq!(stats.pids, None, "{body}: {stats:?}");
        assert!(plausible(&other), "{body}: {other:?}");
        assert!(other.cpu_percent.is_some(), "{body}: {other:?}");
    }
    app.engine.figures("web-1", json!({}));
    page.until_figures("web-1", |stats| stats.cpu_percent > Some(0.0))
        .await;
    app.end().await;
}

#[tokio::test]
async fn a_memory_limit_of_zero_yields_no_share() {
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
async fn a_stopped_container_has_no_stats() {
    let (app, mut page) = watched().await;
    app.engine.stop_container("web-1");
    page.until(|host| host.stats.len() == 1).await;
    app.end().await;
}
