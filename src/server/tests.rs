//! A failed core task shuts down the server: no page stays live without one of its parts. A stalled one is an
//! alarm.

use super::*;
use futures::StreamExt;
use source::docker::Address;
use std::{net::Ipv4Addr, time::Duration};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::{connect_async, tungstenite::Message};
use tokio_util::sync::CancellationToken;

const DEADLINE: Duration = Duration::from_secs(90);

#[tokio::test]
async fn a_core_task_that_panics_closes_every_page_and_ends_the_server_with_its_name() {
    for name in [
        "collector",
        "delivery",
        "demand",
        "heartbeats",
        "system",
        "http",
    ] {
        let now = CancellationToken::new();
        let shutdown = Shutdown::with_panic_of(name, now.clone());
        let mut config = Config {
            site_addr: (Ipv4Addr::LOCALHOST, 0).into(),
            ..Config::default()
        };
        config.docker.host = Some(Address::Unix("/nonexistent/docker.sock".into()));
        let running = start_with(config, Health::default(), shutdown)
            .await
            .unwrap();
        let (mut page, _) = connect_async(format!("ws://{}/api/ws", running.addr))
            .await
            .unwrap();
        now.cancel();
        let broken = timeout(DEADLINE, running.broken()).await;
        assert_eq!(broken, Ok(name));
        let closed = async {
            while let Some(Ok(message)) = page.next().await {
                if let Message::Close(frame) = message {
                    return frame.map(|frame| u16::from(frame.code));
                }
            }
            None
        };
        let (code, ended) = tokio::join!(timeout(DEADLINE, closed), running.shutdown());
        assert_eq!(code, Ok(Some(1012)), "{name}");
        assert!(ended, "{name}");
    }
}

/// Requests `/readyz` until its text satisfies `wanted`; alarms never change its status.
async fn until_ready(running: &Running, wanted: impl Fn(&str) -> bool) {
    let url = format!("http://{}/readyz", running.addr);
    let wait = async {
        loop {
            let answer = reqwest::get(&url).await.unwrap();
            if answer.status() == 200 && wanted(&answer.text().await.unwrap()) {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(DEADLINE, wait).await.unwrap();
}

#[tokio::test]
async fn a_task_that_stands_still_is_an_alarm_until_it_continues() {
    let mut config = Config {
        site_addr: (Ipv4Addr::LOCALHOST, 0).into(),
        demo: 1,
        ..Config::default()
    };
    config.docker.host = Some(Address::Unix("/nonexistent/docker.sock".into()));
    let health = Health::with_stall(Duration::from_secs(2));
    let mut stuck = health.watch("stuck");
    let running = start_with(config, health, Shutdown::default())
        .await
        .unwrap();
    until_ready(&running, |text| {
        let mut lines = text.lines();
        lines.any(|line| line.starts_with("tasks: ") && line.contains("stuck"))
    })
    .await;
    let beats = async {
        loop {
            stuck.due().await;
        }
    };
    tokio::select! {
        () = until_ready(&running, |text| !text.contains("stuck")) => {}
        () = beats => {}
    }
    assert!(running.shutdown().await);
}
