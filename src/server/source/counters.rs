//! Computes stats from the counters of an engine or the kernel.

use crate::model::{ContainerId, ContainerStats, Timestamp, percent_of, round_percent};
use std::time::Duration;

/// A container to sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Its id.
    pub(super) id: ContainerId,
    /// Its name, as shown.
    pub(super) name: String,
    /// Its first process on this machine; `None` for a remote engine.
    pub(super) pid: Option<u32>,
    /// Whether it uses the host's network, whose traffic must not be counted as its own.
    pub(super) host_network: bool,
}

/// The counters of one sample; unknown ones are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    /// CPU time used since the start, in nanoseconds.
    pub(super) cpu: Option<u64>,
    /// Memory in use without inactive file pages, in bytes.
    pub(super) memory: Option<u64>,
    /// The memory limit, in bytes. For a container without one engines report the memory of their host, or
    /// an even higher number.
    pub(super) memory_limit: Option<u64>,
    /// Memory of the host, in bytes.
    pub(super) host_memory: Option<u64>,
    /// Bytes received since the start.
    pub(super) rx: Option<u64>,
    /// Bytes sent since the start.
    pub(super) tx: Option<u64>,
    /// Bytes read from block devices since the start.
    pub(super) read: Option<u64>,
    /// Bytes written to block devices since the start.
    pub(super) written: Option<u64>,
    /// Processes and threads.
    pub(super) pids: Option<u64>,
}

impl Counters {
    /// The stats, from these counters and those of `elapsed` ago.
    ///
    /// CPU is as in the Docker CLI (`calculateCPUPercentUnix` in docker/cli,
    /// `cli/command/container/stats_helpers.go`): `Δcontainer ÷ Δsystem × online CPUs × 100`. The system's
    /// counter advances by one second per second and CPU, so this is `Δcontainer ÷ Δwall × 100`, without
    /// another file that is read at a slightly different time.
    pub(super) fn stats(
        self,
        target: &Target,
        at: Timestamp,
        previous: Option<(Self, Duration)>,
    ) -> ContainerStats {
        let rate = |of: fn(&Self) -> Option<u64>| {
            let (before, elapsed) = previous.as_ref()?;
            per_second(of(before)?, of(&self)?, *elapsed)
        };
        let mut stats = ContainerStats::unknown(target.id, target.name.clone(), at);
        stats.cpu_percent = rate_of(
            self.cpu,
            previous.map(|(before, elapsed)| (before.cpu, elapsed)),
        )
        .filter(|nanoseconds| *nanoseconds <= MAX_CPU)
        .map(|nanoseconds| round_percent(nanoseconds / 1e9 * 100.0));
        stats.memory_usage = self.memory;
        // A limit of zero means neither a limit nor none: it is unknown.
        let reported = self.memory_limit.filter(|limit| *limit > 0);
        let is_limit = |limit: &u64| self.host_memory.is_none_or(|all| *limit < all);
        stats.memory_limit = reported.filter(is_limit);
        let available = reported.map(|limit| limit.min(self.host_memory.unwrap_or(limit)));
        stats.memory_percent = self
            .memory
            .zip(available)
            .and_then(|(used, available)| percent_of(used, available));
        stats.network_rx = self.rx;
        stats.network_tx = self.tx;
        stats.block_read = self.read;
        stats.block_write = self.written;
        stats.network_rx_rate = rate(|counters| counters.rx);
        stats.network_tx_rate = rate(|counters| counters.tx);
        stats.block_read_rate = rate(|counters| counters.read);
        stats.block_write_rate = rate(|counters| counters.written);
        stats.pids = self.pids.and_then(|pids| u32::try_from(pids).ok());
        stats
    }
}

/// Upper bound of plausible rates, in bytes per second; a counter that grows faster is broken.
const MAX_RATE: f64 = 1e12;
/// Upper bound of plausible CPU time, in nanoseconds per second.
const MAX_CPU: f64 = 8_192.0 * 1e9;

/// Growth per second; `None` when the counter went backwards, as after a restart of the container, or when
/// no time has passed.
fn rate_of(now: Option<u64>, before: Option<(Option<u64>, Duration)>) -> Option<f64> {
    let (before, elapsed) = before?;
    let delta = now?.checked_sub(before?)?;
    let seconds = elapsed.as_secs_f64();
    (seconds > 0.0).then(|| delta as f64 / seconds)
}

fn per_second(before: u64, now: u64, elapsed: Duration) -> Option<u64> {
    let rate = rate_of(Some(now), Some((Some(before), elapsed)))?;
    (rate <= MAX_RATE).then(|| rate.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            id: ContainerId::default(),
            name: "web".into(),
            pid: Some(1),
            host_network: false,
        }
    }

    fn stats(now: Counters, before: Option<(Counters, Duration)>) -> ContainerStats {
        now.stats(&target(), Timestamp::default(), before)
    }

    #[test]
    fn cpu_is_a_share_of_one_core() {
        let before = Counters {
            cpu: Some(1_000_000_000),
            ..Counters::default()
        };
        let now = Counters {
            cpu: Some(4_000_000_000),
            ..Counters::default()
        };
        assert_eq!(
            stats(now, Some((before, Duration::from_secs(2)))).cpu_percent,
            Some(150.0)
        );
        assert_eq!(
            stats(now, None).cpu_percent,
            None,
            "one sample is not enough"
        );
    }

    #[test]
    fn counters_that_go_backwards_yield_no_rate() {
        let all = |n| Counters {
            cpu: Some(n),
            rx: Some(n),
            tx: Some(n),
            read: Some(n),
            written: Some(n),
            ..Counters::default()
        };
        let stats = stats(all(5), Some((all(u64::MAX), Duration::from_secs(2))));
        assert_eq!(stats.cpu_percent, None);
        assert_eq!(stats.network_rx_rate, None);
        assert_eq!(stats.block_write_rate, None);
        assert_eq!(stats.network_rx, Some(5));
    }

    #[test]
    fn implausible_jumps_of_counters_yield_no_rate() {
        let all = |n| Counters {
            cpu: Some(n),
            rx: Some(n),
            tx: Some(n),
            read: Some(n),
            written: Some(n),
            ..Counters::default()
        };
        let stats = stats(all(u64::MAX), Some((all(0), Duration::from_millis(1))));
        assert_eq!(stats.cpu_percent, None);
        assert_eq!((stats.network_rx_rate, stats.network_tx_rate), (None, None));
        assert_eq!(
            (stats.block_read_rate, stats.block_write_rate),
            (None, None)
        );
    }

    #[test]
    fn unchanged_counters_are_zero_and_not_unknown() {
        let all = Counters {
            cpu: Some(7),
            rx: Some(7),
            read: Some(7),
            ..Counters::default()
        };
        let stats = stats(all, Some((all, Duration::from_secs(2))));
        assert_eq!(stats.cpu_percent, Some(0.0));
        assert_eq!(
            (stats.network_rx_rate, stats.block_read_rate),
            (Some(0), Some(0))
        );
        assert_eq!(
            (stats.network_tx_rate, stats.block_write_rate),
            (None, None)
        );
    }

    proptest::proptest! {
        #[test]
        fn any_counters_yield_plausible_stats(before: [u64; 5], now: [u64; 5], memory: [u64; 3], ms in 0..10_000_u64) {
            let counters = |[cpu, rx, tx, read, written]: [u64; 5]| Counters {
                cpu: Some(cpu),
                memory: Some(memory[0]),
                memory_limit: Some(memory[1]),
                host_memory: Some(memory[2]),
                rx: Some(rx),
                tx: Some(tx),
                read: Some(read),
                written: Some(written),
                pids: Some(cpu),
            };
            let stats = stats(counters(now), Some((counters(before), Duration::from_millis(ms))));
            for percent in [stats.cpu_percent, stats.memory_percent].into_iter().flatten() {
                proptest::prop_assert!(percent.is_finite() && percent >= 0.0);
            }
            for rate in [stats.network_rx_rate, stats.network_tx_rate, stats.block_read_rate, stats.block_write_rate] {
                proptest::prop_assert!(rate.is_none_or(|rate| rate as f64 <= MAX_RATE));
            }
        }
    }

    #[test]
    fn zero_elapsed_time_and_a_zero_limit_yield_no_share() {
        let now = Counters {
            cpu: Some(5),
            memory: Some(10),
            memory_limit: Some(0),
            ..Counters::default()
        };
        let stats = stats(now, Some((now, Duration::ZERO)));
        assert_eq!(
            (stats.cpu_percent, stats.memory_percent, stats.memory_limit),
            (None, None, None)
        );
    }

    #[test]
    fn memory_is_a_share_of_its_limit() {
        let now = Counters {
            memory: Some(64 << 20),
            memory_limit: Some(256 << 20),
            ..Counters::default()
        };
        assert_eq!(stats(now, None).memory_percent, Some(25.0));
    }

    #[test]
    fn a_limit_of_the_host_s_memory_is_no_limit() {
        let with_limit = |limit| {
            let now = Counters {
                memory: Some(1 << 30),
                memory_limit: limit,
                host_memory: Some(16 << 30),
                ..Counters::default()
            };
            let stats = stats(now, None);
            (stats.memory_limit, stats.memory_percent)
        };
        assert_eq!(with_limit(Some(2 << 30)), (Some(2 << 30), Some(50.0)));
        for none in [16 << 30, 64 << 30, u64::MAX] {
            assert_eq!(with_limit(Some(none)), (None, Some(6.25)), "{none}");
        }
        for unknown in [Some(0), None] {
            assert_eq!(with_limit(unknown), (None, None), "{unknown:?}");
        }
    }
}
