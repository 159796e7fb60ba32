//! Detects stalled tasks: every core task records a heartbeat here, and `/healthz` reports the time since
//! the last one. This module only observes; it restarts nothing.

use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

/// A task without a heartbeat for this long is stalled. The slowest operation of a healthy task is a
/// connection attempt to an engine that never answers, some 25 s; twice that allows for machines under
/// load.
const STALL: Duration = Duration::from_secs(60);
/// Heartbeats of an idle task per [`STALL`].
const BEATS_PER_STALL: u32 = 12;

/// The heartbeats of all core tasks. A handle: clones share them.
#[derive(Clone, Debug)]
pub struct Health {
    tasks: Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>,
    started: Instant,
    stall: Duration,
}

/// The heartbeat of one task.
#[derive(Debug)]
pub struct Heartbeat {
    /// Time of the last heartbeat, in milliseconds since `started`.
    last: Arc<AtomicU64>,
    started: Instant,
    ticks: Interval,
}

/// The body of `/healthz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whether any task is stalled.
    pub status: Verdict,
    /// The names of the stalled tasks.
    pub stalled: Vec<String>,
    /// Milliseconds since the last heartbeat, per task.
    pub idle_ms: BTreeMap<String, u64>,
}

/// The overall state of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every task has a recent heartbeat.
    Ok,
    /// At least one task is stalled.
    Degraded,
}

impl Default for Health {
    fn default() -> Self {
        Self::with_stall(STALL)
    }
}

impl Health {
    /// A registry without tasks, in which a task is stalled after `stall` without a heartbeat.
    pub fn with_stall(stall: Duration) -> Self {
        Self {
            tasks: Arc::default(),
            started: Instant::now(),
            stall,
        }
    }

    /// Registers the task `name` and returns its heartbeat. A task that ends unexpectedly is reported as
    /// stalled, because its registration remains.
    pub fn watch(&self, name: impl Into<String>) -> Heartbeat {
        let mut ticks = interval(self.stall / BEATS_PER_STALL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let heartbeat = Heartbeat {
            last: Arc::default(),
            started: self.started,
            ticks,
        };
        heartbeat.beat();
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.insert(name.into(), Arc::clone(&heartbeat.last));
        heartbeat
    }

    /// The state of all tasks now.
    pub fn report(&self) -> Report {
        let now = self.started.elapsed();
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = |last: &AtomicU64| {
            now.saturating_sub(Duration::from_millis(last.load(Ordering::Relaxed)))
        };
        let is_stalled = |last: &AtomicU64| idle(last) > self.stall;
        let stalled: Vec<_> = tasks
            .iter()
            .filter(|(_, last)| is_stalled(last))
            .map(|(name, _)| name.clone())
            .collect();
        Report {
            status: if stalled.is_empty() {
                Verdict::Ok
            } else {
                Verdict::Degraded
            },
            idle_ms: tasks
                .iter()
                .map(|(name, last)| (name.clone(), millis(idle(last))))
                .collect(),
            stalled,
        }
    }
}

impl Heartbeat {
    /// Records a heartbeat.
    pub fn beat(&self) {
        self.last
            .store(millis(self.started.elapsed()), Ordering::Relaxed);
    }

    /// Waits until the next heartbeat is due and records it; a branch of a task's `select!`, so that an
    /// idle task that still runs its loop counts as healthy. Cancel safe.
    pub async fn due(&mut self) {
        self.ticks.tick().await;
        self.beat();
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test has no shutdown")]
mod tests {
    use super::*;
    use crate::server::{Config, shutdown::Shutdown, source::docker::Address, start_with};
    use serde_json::Value;
    use std::{
        net::Ipv4Addr,
        sync::mpsc::{self, RecvTimeoutError},
    };
    use tokio::runtime::Handle;

    /// How often a worker is woken while another one is blocked.
    const WAKE: Duration = Duration::from_millis(50);

    #[tokio::test(start_paused = true)]
    async fn a_stalled_task_is_reported_and_an_idle_one_is_not() {
        let health = Health::default();
        let (mut idle, stuck) = (health.watch("idle"), health.watch("stuck"));
        tokio::spawn(async move {
            loop {
                idle.due().await;
            }
        });
        for _ in 0..10 {
            assert_eq!(health.report().status, Verdict::Ok);
            tokio::time::sleep(STALL / 10).await;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        let report = health.report();
        assert_eq!(report.status, Verdict::Degraded);
        assert_eq!(report.stalled, ["stuck"]);
        assert!(report.idle_ms["stuck"] > millis(STALL));
        stuck.beat();
        assert_eq!(health.report().stalled, [""; 0]);
    }

    /// Polls `/healthz` until status and body satisfy `wanted`.
    async fn eventually(url: &str, wanted: impl Fn(u16, &Value) -> bool) {
        let mut last = (0, Value::Null);
        let wait = async {
            loop {
                let answer = reqwest::get(url).await.unwrap();
                last = (answer.status().as_u16(), answer.json().await.unwrap());
                if wanted(last.0, &last.1) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(120), wait).await;
        assert!(waited.is_ok(), "{last:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn healthz_reports_a_stalled_core_task_until_it_continues() {
        let mut config = Config {
            site_addr: (Ipv4Addr::LOCALHOST, 0).into(),
            demo: 1,
            ..Config::default()
        };
        config.docker.host = Some(Address::Unix("/nonexistent/docker.sock".into()));
        let health = Health::with_stall(Duration::from_secs(2));
        let running = start_with(config, health, Shutdown::default())
            .await
            .unwrap();
        let url = format!("http://{}/healthz", running.addr);
        let all = [
            "collector",
            "delivery",
            "demo",
            "docker:local",
            "http",
            "system",
        ];
        eventually(&url, |status, report| {
            let tasks = report["idleMs"].as_object().unwrap();
            status == 200 && report["status"] == "ok" && tasks.keys().eq(all)
        })
        .await;
        // The collector cannot publish while the state is being read.
        let (release, released) = mpsc::channel::<()>();
        let viewer = running.viewer();
        let runtime = Handle::current();
        let read = move || {
            // The blocked worker may be the one that drives I/O. A task from outside wakes another.
            while released.recv_timeout(WAKE) == Err(RecvTimeoutError::Timeout) {
                drop(runtime.spawn(async {}));
            }
        };
        let reader = std::thread::spawn(move || viewer.read(|_| read()));
        eventually(&url, |status, report| {
            let stalled = report["stalled"].as_array().unwrap();
            status == 503 && report["status"] == "degraded" && stalled[..] == ["collector"]
        })
        .await;
        release.send(()).unwrap();
        reader.join().unwrap();
        eventually(&url, |status, _| status == 200).await;
        assert!(running.shutdown().await);
    }
}
