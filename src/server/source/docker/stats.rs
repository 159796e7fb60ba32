//! Samples the stats of running containers: from the kernel's cgroup files where they can be read, else
//! from the engine's API.

use super::{
    super::{
        Observer,
        cgroup::without_inactive,
        counters::{Counters, Target},
        sampler::{self, Sampler},
    },
    Intervals,
    api::Api,
    convert,
    inventory::Inventory,
    json::Json,
};
use crate::model::ContainerStats;
use futures::{StreamExt, stream};
use std::{convert::Infallible, future::Future, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// Concurrent API calls; each keeps the engine busy for milliseconds.
const CONCURRENT_CALLS: usize = 8;
/// Timeout of one call. Engines before 25 take a second even for a single sample.
const CALL_TIMEOUT: Duration = Duration::from_secs(4);

/// The containers that have stats, that is, whose processes exist.
pub(super) fn targets(inventory: &Inventory) -> Vec<Target> {
    let running = inventory
        .iter()
        .filter(|(listed, _)| listed.state.has_stats());
    let target = running.map(|(listed, details)| Target {
        id: listed.id,
        name: convert::shown_name(listed, details),
        pid: details.pid,
        host_network: details.host_network,
    });
    target.collect()
}

/// A task that samples without end, and the sender of the containers to sample. It samples at once when the
/// containers change or a client begins to watch, otherwise at the interval for watched or unwatched stats.
pub(super) fn sampling(
    api: Api,
    local: bool,
    observer: Observer,
    demand: watch::Receiver<bool>,
    intervals: Intervals,
) -> (impl Future<Output = Infallible>, watch::Sender<Vec<Target>>) {
    let (sender, targets) = watch::channel(Vec::new());
    let task = Sampling {
        api,
        sampler: Some(Sampler::new(local)),
        observer,
        demand,
        targets,
        intervals,
    };
    (task.run(), sender)
}

struct Sampling {
    api: Api,
    /// Taken while a blocking thread reads files with it.
    sampler: Option<Sampler>,
    observer: Observer,
    demand: watch::Receiver<bool>,
    targets: watch::Receiver<Vec<Target>>,
    intervals: Intervals,
}

impl Sampling {
    async fn run(mut self) -> Infallible {
        // Nothing can be sampled before the first list has arrived.
        self.targets.changed().await.ok();
        loop {
            let began = Instant::now();
            let targets = self.targets.borrow_and_update().clone();
            let stats = self.sample(targets).await;
            self.api.transport().collected(began.elapsed());
            let at = sampler::read_at(&stats);
            self.observer.observe(self.observer.stats(at, stats)).await;
            self.pause(began).await;
        }
    }

    /// Waits until the next sample is due; the interval shortens when a client begins to watch.
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
        // Reading some kernel files blocks for milliseconds on large machines.
        let read = tokio::task::spawn_blocking(move || {
            let (stats, rest) = sampler.read(targets);
            (sampler, stats, rest)
        });
        let Ok((mut sampler, mut stats, rest)) = read.await else {
            self.sampler = Some(Sampler::new(false));
            return Vec::new();
        };
        // A limit as large as the host's memory means no limit.
        let host_memory = if rest.is_empty() {
            None
        } else {
            self.api.machine().await.memory
        };
        let api = &self.api;
        let requests = stream::iter(rest).map(|target| async move {
            let counters = request(api, &target).await.unwrap_or_default();
            let counters = Counters {
                host_memory,
                ..counters
            };
            (target, counters)
        });
        let answers: Vec<_> = requests.buffer_unordered(CONCURRENT_CALLS).collect().await;
        stats.extend(
            answers
                .iter()
                .map(|(target, counters)| sampler.record(target, *counters)),
        );
        self.sampler = Some(sampler);
        stats
    }
}

/// Requests one sample from the engine; `None` when it fails.
async fn request(api: &Api, target: &Target) -> Option<Counters> {
    match api.stats(target.id, CALL_TIMEOUT).await {
        Ok(answer) => Json::parse(&answer).map(counters),
        Err(error) => {
            tracing::debug!(container = %target.id, %error, "no figures");
            None
        }
    }
}

/// The counters in an engine's answer. `networks` is missing with host networking, and arrays may be null
/// on cgroup v2.
fn counters(answer: Json<'_>) -> Counters {
    let answer = answer.fields();
    let memory = answer.get("memory_stats").fields();
    let detail = memory.get("stats").fields();
    let mut inactive = ["total_inactive_file", "inactive_file"].into_iter();
    let inactive = inactive.find_map(|name| detail.get(name).number());
    let networks = answer.get("networks").is_object();
    let networks = networks.then(|| answer.get("networks").fields().values().collect::<Vec<_>>());
    let sum = |name| {
        let counts = networks.iter().flatten();
        let counts = counts.filter_map(|network| network.fields().get(name).number());
        networks
            .is_some()
            .then(|| counts.fold(0, u64::saturating_add))
    };
    let blocks = answer.get("blkio_stats").fields();
    let blocks = blocks.get("io_service_bytes_recursive").items();
    let moved = |operation: &str| {
        let blocks = blocks.as_ref()?.iter().map(|entry| entry.fields());
        let counts = blocks.filter_map(|entry| {
            let is_match = entry.get("op").text()?.eq_ignore_ascii_case(operation);
            entry.get("value").number().filter(|_| is_match)
        });
        Some(counts.fold(0, u64::saturating_add))
    };
    let cpu = answer.get("cpu_stats").fields();
    let used: Option<u64> = memory.get("usage").number();
    Counters {
        cpu: cpu.get("cpu_usage").fields().get("total_usage").number(),
        memory: used.map(|used| without_inactive(used, inactive)),
        memory_limit: memory.get("limit").number(),
        host_memory: None,
        rx: sum("rx_bytes"),
        tx: sum("tx_bytes"),
        read: moved("read"),
        written: moved("write"),
        pids: answer.get("pids_stats").fields().get("current").number(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(answer: &Value) -> Counters {
        counters(Json::parse(&answer.to_string()).unwrap())
    }

    #[test]
    fn an_answer_is_read_field_by_field() {
        let mut answer = json!({
            "cpu_stats": {"cpu_usage": {"total_usage": 5}},
            "memory_stats": {"usage": 100, "limit": u64::MAX, "stats": {"inactive_file": 30}},
            "networks": {"eth0": {"rx_bytes": 1, "tx_bytes": 2}, "eth1": {"rx_bytes": 3}, "odd": 5},
            "blkio_stats": {"io_service_bytes_recursive": [
                {"op": "Read", "value": 7}, {"op": "read", "value": -1}, {"op": 5}, null,
            ]},
            "pids_stats": {"current": 9},
        });
        let expected = Counters {
            cpu: Some(5),
            memory: Some(70),
            memory_limit: Some(u64::MAX),
            host_memory: None,
            rx: Some(4),
            tx: Some(2),
            read: Some(7),
            written: Some(0),
            pids: Some(9),
        };
        assert_eq!(read(&answer), expected);
        answer["cpu_stats"] = "busy".into();
        answer["networks"] = json!([]);
        answer["blkio_stats"] = json!({"io_service_bytes_recursive": null});
        let without = Counters {
            cpu: None,
            rx: None,
            tx: None,
            read: None,
            written: None,
            ..expected
        };
        assert_eq!(read(&answer), without);
        assert_eq!(read(&json!(null)), Counters::default());
    }
}
