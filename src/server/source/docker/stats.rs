//! Containers' figures: from the kernel's files where they can be read, else from the engine.

use super::{
    super::{
        Observation, Observer,
        cgroup::without_inactive,
        counters::{Counters, Target},
        sampler::{self, Sampler},
    },
    Intervals,
    inventory::Inventory,
};
use crate::model::ContainerStats;
use bollard::{Docker, models::ContainerStatsResponse, query_parameters::StatsOptions};
use futures::{StreamExt, stream};
use std::{convert::Infallible, future::Future, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

/// Calls at once: every one keeps the engine busy for milliseconds.
const CALLS_AT_ONCE: usize = 8;
/// What one call may take. Engines before 25 take a second even for a single sample.
const CALL_TIMEOUT: Duration = Duration::from_secs(4);

/// Which containers have figures.
pub(super) fn targets(inventory: &Inventory) -> Vec<Target> {
    let running = inventory
        .iter()
        .filter(|(listed, _)| listed.state.has_stats());
    let target = running.map(|(listed, details)| Target {
        id: listed.id,
        name: listed.name.clone(),
        pid: details.pid,
        host_network: details.host_network,
    });
    target.collect()
}

/// Samples for ever; the sender tells of what. At once when somebody begins to watch or the
/// containers change, otherwise at the pace of demand.
pub(super) fn sampling(
    docker: Docker,
    local: bool,
    observer: Observer,
    demand: watch::Receiver<bool>,
    intervals: Intervals,
) -> (impl Future<Output = Infallible>, watch::Sender<Vec<Target>>) {
    let (sender, targets) = watch::channel(Vec::new());
    let task = Sampling {
        docker,
        sampler: Some(Sampler::new(local)),
        observer,
        demand,
        targets,
        intervals,
    };
    (task.run(), sender)
}

struct Sampling {
    docker: Docker,
    /// Absent only while another thread reads files with it.
    sampler: Option<Sampler>,
    observer: Observer,
    demand: watch::Receiver<bool>,
    targets: watch::Receiver<Vec<Target>>,
    intervals: Intervals,
}

impl Sampling {
    async fn run(mut self) -> Infallible {
        // The first list is on its way: before it there is nothing to sample.
        self.targets.changed().await.ok();
        loop {
            let began = Instant::now();
            let targets = self.targets.borrow_and_update().clone();
            let stats = self.sample(targets).await;
            let at = sampler::read_at(&stats);
            self.observer
                .observe(Observation::Stats { at, stats })
                .await;
            self.pause(began).await;
        }
    }

    /// Until the next sample is due, which changes when somebody begins to watch.
    async fn pause(&mut self, began: Instant) {
        loop {
            let watched = *self.demand.borrow_and_update();
            let pace = if watched {
                self.intervals.stats_watched
            } else {
                self.intervals.stats_idle
            };
            tokio::select! {
                () = sleep_until(began + pace) => return,
                Ok(()) = self.demand.changed() => {}
                else => std::future::pending().await,
            }
        }
    }

    async fn sample(&mut self, targets: Vec<Target>) -> Vec<ContainerStats> {
        let Some(mut sampler) = self.sampler.take() else {
            return Vec::new();
        };
        // Some kernel files block for milliseconds on large machines.
        let read = tokio::task::spawn_blocking(move || {
            let (stats, rest) = sampler.read(targets);
            (sampler, stats, rest)
        });
        let Ok((mut sampler, mut stats, rest)) = read.await else {
            self.sampler = Some(Sampler::new(false));
            return Vec::new();
        };
        let docker = &self.docker;
        let asked = stream::iter(rest).map(|target| async move {
            let counters = ask(docker, &target).await.unwrap_or_default();
            (target, counters)
        });
        let answers: Vec<_> = asked.buffer_unordered(CALLS_AT_ONCE).collect().await;
        stats.extend(
            answers
                .iter()
                .map(|(target, counters)| sampler.record(target, *counters)),
        );
        self.sampler = Some(sampler);
        stats
    }
}

/// One sample from the engine.
async fn ask(docker: &Docker, target: &Target) -> Option<Counters> {
    let options = StatsOptions {
        stream: false,
        one_shot: true,
    };
    let id = target.id.to_string();
    let mut answers = std::pin::pin!(docker.stats(&id, Some(options)));
    let answer = timeout(CALL_TIMEOUT, answers.next()).await.ok()??;
    match answer {
        Ok(answer) => Some(counters(answer)),
        Err(error) => {
            tracing::debug!(container = %target.id, %error, "no figures");
            None
        }
    }
}

/// The counters in an engine's answer. `networks` is missing with the host's network, arrays may
/// be null on cgroup v2.
fn counters(answer: ContainerStatsResponse) -> Counters {
    let memory = answer.memory_stats.unwrap_or_default();
    let detail = memory.stats.unwrap_or_default();
    let inactive = detail
        .get("total_inactive_file")
        .or(detail.get("inactive_file"))
        .copied();
    let networks = answer.networks;
    let sum = |of: fn(&bollard::models::ContainerNetworkStats) -> Option<u64>| {
        let each = networks.as_ref()?.values().filter_map(of);
        Some(each.fold(0, u64::saturating_add))
    };
    let blocks = answer
        .blkio_stats
        .and_then(|stats| stats.io_service_bytes_recursive);
    let moved = |operation: &str| {
        let is_it = |op: Option<&str>| op.is_some_and(|op| op.eq_ignore_ascii_case(operation));
        let entries = blocks
            .as_ref()?
            .iter()
            .filter(|entry| is_it(entry.op.as_deref()));
        Some(
            entries
                .filter_map(|entry| entry.value)
                .fold(0, u64::saturating_add),
        )
    };
    Counters {
        cpu: answer
            .cpu_stats
            .and_then(|stats| stats.cpu_usage)
            .and_then(|usage| usage.total_usage),
        memory: memory.usage.map(|used| without_inactive(used, inactive)),
        memory_limit: memory.limit,
        rx: sum(|stats| stats.rx_bytes),
        tx: sum(|stats| stats.tx_bytes),
        read: moved("read"),
        written: moved("write"),
        pids: answer.pids_stats.and_then(|stats| stats.current),
    }
}
