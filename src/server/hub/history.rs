//! The host metrics of the last minutes.

use crate::{
    model::{HISTORY, HostId, HostMetrics, MAX_POINTS, Timestamp},
    protocol::{MetricsHistory, MetricsSample},
};
use std::collections::{BTreeMap, VecDeque};

/// The host metrics of the last [`HISTORY`], per host.
#[derive(Debug, Default)]
pub(super) struct History {
    hosts: BTreeMap<HostId, VecDeque<MetricsSample>>,
}

impl History {
    pub(super) fn record(&mut self, host: &HostId, at: Timestamp, metrics: &HostMetrics) {
        let samples = self.hosts.entry(*host).or_default();
        while samples.len() >= MAX_POINTS
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
    /// The sum of the known values; `None` if all are unknown.
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
