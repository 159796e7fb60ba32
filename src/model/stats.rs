//! Resource figures of one container at one time.

use super::{ContainerId, Timestamp};
use serde::{Deserialize, Serialize};

/// Resource figures of one running container.
///
/// An unknown figure is absent, never zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContainerStats {
    /// The container.
    pub container_id: ContainerId,
    /// The name at that time.
    pub container_name: String,
    /// Share of one core since the previous sample, in percent; several busy cores yield more than 100.
    /// Absent in the first sample.
    #[serde(default)]
    pub cpu_percent: Option<f32>,
    /// Memory in use, in bytes, without page cache that can be dropped.
    #[serde(default)]
    pub memory_usage: Option<u64>,
    /// Memory limit in bytes; absent when it has no limit below the host's memory.
    #[serde(default)]
    pub memory_limit: Option<u64>,
    /// [`Self::memory_usage`] as a share of [`Self::memory_limit`], or of the host's memory when there
    /// is no limit, in percent.
    #[serde(default)]
    pub memory_percent: Option<f32>,
    /// Bytes received since its start; absent with the host's network.
    #[serde(default)]
    pub network_rx: Option<u64>,
    /// Bytes sent since its start; absent with the host's network.
    #[serde(default)]
    pub network_tx: Option<u64>,
    /// Bytes read from block devices since its start.
    #[serde(default)]
    pub block_read: Option<u64>,
    /// Bytes written to block devices since its start.
    #[serde(default)]
    pub block_write: Option<u64>,
    /// Bytes received per second since the previous sample.
    #[serde(default)]
    pub network_rx_rate: Option<u64>,
    /// Bytes sent per second since the previous sample.
    #[serde(default)]
    pub network_tx_rate: Option<u64>,
    /// Bytes read per second since the previous sample.
    #[serde(default)]
    pub block_read_rate: Option<u64>,
    /// Bytes written per second since the previous sample.
    #[serde(default)]
    pub block_write_rate: Option<u64>,
    /// Number of processes and threads.
    #[serde(default)]
    pub pids: Option<u32>,
    /// When the figures were read.
    pub timestamp: Timestamp,
}

impl ContainerStats {
    /// CPU as a share of `cores`, its limit, in percent.
    pub fn cpu_share(&self, cores: f32) -> Option<f32> {
        let share = self.cpu_percent? / cores;
        share.is_finite().then_some(share)
    }

    /// A sample in which every figure is unknown.
    pub fn unknown(
        container_id: ContainerId,
        container_name: String,
        timestamp: Timestamp,
    ) -> Self {
        Self {
            container_id,
            container_name,
            cpu_percent: None,
            memory_usage: None,
            memory_limit: None,
            memory_percent: None,
            network_rx: None,
            network_tx: None,
            block_read: None,
            block_write: None,
            network_rx_rate: None,
            network_tx_rate: None,
            block_read_rate: None,
            block_write_rate: None,
            pids: None,
            timestamp,
        }
    }
}

/// `part` of `whole` in percent, with two decimals; absent when `whole` is zero.
pub fn percent_of(part: u64, whole: u64) -> Option<f32> {
    (whole > 0).then(|| round_percent(part as f64 / whole as f64 * 100.0))
}

/// Rounds to two decimals: more are noise, and short figures keep messages small.
pub fn round_percent(percent: f64) -> f32 {
    ((percent * 100.0).round() / 100.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_judged_by_what_may_be_used() {
        let share = |cpu, cores| {
            let mut stats =
                ContainerStats::unknown(ContainerId::default(), "web".into(), Timestamp::default());
            stats.cpu_percent = cpu;
            stats.cpu_share(cores)
        };
        assert_eq!(share(Some(24.75), 0.25), Some(99.0));
        assert_eq!(share(Some(250.0), 16.0), Some(15.625));
        assert_eq!(share(None, 16.0), None);
        assert_eq!(share(Some(1.0), 0.0), None);
    }
}
