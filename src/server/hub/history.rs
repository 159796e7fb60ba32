//! The last minutes of every host's own figures.

use crate::{
    model::{HostId, HostMetrics, Timestamp},
    protocol::{MetricsHistory, MetricsSample},
};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// How far back the history reaches.
pub const HISTORY: Duration = Duration::from_secs(5 * 60);

/// Samples kept of one host, should they come faster than once a second.
const MAX_SAMPLES: usize = 300;

/// The last [`HISTORY`] of every host's own figures.
#[derive(Debug, Default)]
pub(super) struct History {
    hosts: BTreeMap<HostId, VecDeque<MetricsSample>>,
}

impl History {
    pub(super) fn record(&mut self, host: &HostId, at: Timestamp, metrics: &HostMetrics) {
        let samples = self.hosts.entry(host.clone()).or_default();
        while samples.len() >= MAX_SAMPLES
            || samples
                .front()
                .is_some_and(|first| first.timestamp.age(at) > HISTORY)
        {
            samples.pop_front();
        }
        samples.push_back(sample(at, metrics));
    }

    pub(super) fn of(&self, host: &HostId) -> MetricsHistory {
        let samples = self.hosts.get(host).into_iter().flatten().copied();
        MetricsHistory {
            samples: samples.collect(),
        }
    }
}

fn sample(timestamp: Timestamp, metrics: &HostMetrics) -> MetricsSample {
    /// The sum of what is known; absent when nothing is.
    fn sum(rates: impl Iterator<Item = Option<u64>>) -> Option<u64> {
        rates.flatten().reduce(u64::saturating_add)
    }
    MetricsSample {
        timestamp,
        cpu: metrics.cpu.usage,
        memory: metrics.memory.usage,
        disk: metrics.disk.as_ref().map(|disk| disk.usage),
        rx_rate: sum(metrics.networks.iter().map(|network| network.rx_rate)),
        tx_rate: sum(metrics.networks.iter().map(|network| network.tx_rate)),
    }
}
