//! The sort keys of a list.

use super::Row;
use crate::model::{ContainerState, ContainerStats, Timestamp};
use std::{cmp::Ordering, fmt};

/// A sort key of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// State, restarting and running ones first.
    #[default]
    State,
    /// Name.
    Name,
    /// Image reference.
    Image,
    /// Health, worst first.
    Health,
    /// Duration of the current run; containers that do not run come last.
    Uptime,
    /// Number of restarts.
    Restarts,
    /// CPU share.
    Cpu,
    /// Memory in use.
    Memory,
    /// Network traffic per second.
    Network,
    /// Block device traffic per second.
    Disk,
    /// Number of processes.
    Pids,
    /// Lowest published port.
    Ports,
    /// Host.
    Host,
    /// Creation time.
    Created,
}

impl SortKey {
    /// Every key.
    pub const ALL: [Self; 14] = [
        Self::State,
        Self::Name,
        Self::Image,
        Self::Health,
        Self::Uptime,
        Self::Restarts,
        Self::Cpu,
        Self::Memory,
        Self::Network,
        Self::Disk,
        Self::Pids,
        Self::Ports,
        Self::Host,
        Self::Created,
    ];

    /// The name in URLs and stored preferences.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Name => "name",
            Self::Image => "image",
            Self::Health => "health",
            Self::Uptime => "uptime",
            Self::Restarts => "restarts",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Network => "network",
            Self::Disk => "disk",
            Self::Pids => "pids",
            Self::Ports => "ports",
            Self::Host => "host",
            Self::Created => "created",
        }
    }

    /// Whether the value changes with every sample, so that reordering must be delayed.
    pub const fn is_live(self) -> bool {
        matches!(
            self,
            Self::Cpu | Self::Memory | Self::Network | Self::Disk | Self::Pids
        )
    }

    /// Whether the largest values come first by default.
    pub const fn is_descending_by_default(self) -> bool {
        self.is_live() || matches!(self, Self::Restarts | Self::Created)
    }

    pub(super) fn compare(self, a: &Row, b: &Row) -> Ordering {
        let stats = |row: &Row, of: fn(&ContainerStats) -> Option<u64>| row.stats().and_then(of);
        match self {
            Self::State => rank(a.container().state).cmp(&rank(b.container().state)),
            Self::Name => Ordering::Equal,
            Self::Image => a.container().image.cmp(&b.container().image),
            Self::Health => b.container().health.cmp(&a.container().health),
            // Containers that do not run have no uptime, and come after the others.
            Self::Uptime => running_since(b).cmp(&running_since(a)),
            Self::Restarts => a
                .container()
                .restart_count
                .cmp(&b.container().restart_count),
            Self::Cpu => {
                let cpu = |row: &Row| row.stats().and_then(|stats| stats.cpu_percent);
                cpu(a).partial_cmp(&cpu(b)).unwrap_or(Ordering::Equal)
            }
            Self::Memory => stats(a, |s| s.memory_usage).cmp(&stats(b, |s| s.memory_usage)),
            Self::Network => {
                let rate = |s: &ContainerStats| {
                    Some(s.network_rx_rate?.saturating_add(s.network_tx_rate?))
                };
                stats(a, rate).cmp(&stats(b, rate))
            }
            Self::Disk => {
                let rate = |s: &ContainerStats| {
                    Some(s.block_read_rate?.saturating_add(s.block_write_rate?))
                };
                stats(a, rate).cmp(&stats(b, rate))
            }
            Self::Pids => {
                stats(a, |s| s.pids.map(u64::from)).cmp(&stats(b, |s| s.pids.map(u64::from)))
            }
            Self::Ports => lowest_port(a).cmp(&lowest_port(b)),
            Self::Host => a.host().cmp(&b.host()),
            Self::Created => a.container().created.cmp(&b.container().created),
        }
    }
}

impl fmt::Display for SortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The order of states: containers that are up come first.
const fn rank(state: ContainerState) -> u8 {
    match state {
        ContainerState::Restarting => 0,
        ContainerState::Running => 1,
        ContainerState::Paused => 2,
        ContainerState::Removing => 3,
        ContainerState::Dead => 4,
        ContainerState::Exited => 5,
        ContainerState::Created => 6,
        ContainerState::Unknown => 7,
    }
}

fn running_since(row: &Row) -> Option<Timestamp> {
    let runs = row.container().state.has_stats();
    row.container().started_at.filter(|_| runs)
}

fn lowest_port(row: &Row) -> Option<u16> {
    row.container()
        .ports
        .iter()
        .filter_map(|port| port.public_port)
        .min()
}
