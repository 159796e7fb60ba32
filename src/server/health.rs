//! What stands still: every core task marks its progress here, and `/healthz` reads when it last
//! did. Nothing is restarted by this module; it only observes.

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

/// A task that marked no progress for this long stands still. The slowest thing that a healthy one
/// does is to try an engine that never answers, which takes some 25 s; twice that is for machines
/// under load.
const STALL: Duration = Duration::from_secs(60);
/// How often within [`STALL`] a task that has nothing to do marks its progress.
const BEATS_PER_STALL: u32 = 12;

/// The progress of all core tasks. A handle: copies share it.
#[derive(Clone, Debug)]
pub struct Health {
    tasks: Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>,
    started: Instant,
    stall: Duration,
}

/// Where one task marks its progress.
#[derive(Debug)]
pub struct Heartbeat {
    /// When it last did, in milliseconds since `started`.
    last: Arc<AtomicU64>,
    started: Instant,
    ticks: Interval,
}

/// What `/healthz` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whether no task stands still.
    pub status: Verdict,
    /// The names of those that do.
    pub stalled: Vec<String>,
    /// Per task, milliseconds since it last made progress.
    pub idle_ms: BTreeMap<String, u64>,
}

/// Whether the server does what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every task makes progress.
    Ok,
    /// At least one does not.
    Degraded,
}

impl Default for Health {
    fn default() -> Self {
        Self::with_stall(STALL)
    }
}

impl Health {
    /// No tasks yet; one stands still after `stall` without progress.
    pub fn with_stall(stall: Duration) -> Self {
        Self {
            tasks: Arc::default(),
            started: Instant::now(),
            stall,
        }
    }

    /// The task called `name` is to be observed from now on. One that ends without being asked to
    /// counts as standing still.
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

    /// How things stand now.
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
    /// Marks progress.
    pub fn beat(&self) {
        self.last
            .store(millis(self.started.elapsed()), Ordering::Relaxed);
    }

    /// Marks progress when that is due, for the `select!` of a task: that a task gets back there is
    /// its progress when nothing happens. Cancel safe.
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
    use std::{net::Ipv4Addr, sync::mpsc};

    #[tokio::test(start_paused = true)]
    async fn a_task_that_stops_is_named_and_one_that_has_nothing_to_do_is_not() {
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

    /// Waits until `/healthz` answers what is `wanted`.
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
    async fn healthz_names_a_core_task_that_stands_still_until_it_goes_on() {
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
        // What the collector publishes waits while the state is being read.
        let (release, released) = mpsc::channel::<()>();
        let hub = running.hub.clone();
        let reader = std::thread::spawn(move || hub.read(|_| released.recv()));
        eventually(&url, |status, report| {
            let stalled = report["stalled"].as_array().unwrap();
            status == 503 && report["status"] == "degraded" && stalled[..] == ["collector"]
        })
        .await;
        release.send(()).unwrap();
        reader.join().unwrap().unwrap();
        eventually(&url, |status, _| status == 200).await;
        assert!(running.shutdown().await);
    }
}
