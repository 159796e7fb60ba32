//! Traffic of the host's network interfaces.

use crate::{model::Network, server::source::cgroup::interfaces};
use std::{collections::HashMap, fs, time::Instant};
use sysinfo::Networks;

/// Prefixes of interfaces that belong to containers and virtual machines, or only pass on traffic that
/// another interface counts.
const IGNORED_PREFIXES: [&str; 13] = [
    "lo", "veth", "docker", "br-", "cni", "cali", "flannel", "podman", "virbr", "vnet", "tap",
    "ifb", "dummy",
];
/// Bytes received and sent per interface. One file has them all, while `sysinfo` reads nine files per
/// interface, and every container on a bridge has an interface.
const COUNTERS: &str = "/proc/net/dev";

/// The counters of each interface at the last sample.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    before: HashMap<String, (u64, u64, Instant)>,
}

impl Traffic {
    /// The host's own interfaces by name, with rates since the last sample.
    pub(super) fn sample(&mut self) -> Vec<Network> {
        let counted = match fs::read(COUNTERS) {
            Ok(text) => counted(&text),
            Err(_) => counted_by_sysinfo(),
        };
        self.compare(counted, Instant::now())
    }

    fn compare(&mut self, counted: Vec<(String, u64, u64)>, now: Instant) -> Vec<Network> {
        let before = std::mem::take(&mut self.before);
        let mut found: Vec<_> = counted
            .into_iter()
            .filter(|(name, ..)| !IGNORED_PREFIXES.iter().any(|other| name.starts_with(other)))
            .map(|(name, rx, tx)| {
                self.before.insert(name.clone(), (rx, tx, now));
                let before = before.get(&name);
                Network {
                    rx_rate: before.and_then(|(before, _, at)| rate(rx, *before, now, *at)),
                    tx_rate: before.and_then(|(_, before, at)| rate(tx, *before, now, *at)),
                    name,
                    rx,
                    tx,
                }
            })
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }
}

fn counted(text: &[u8]) -> Vec<(String, u64, u64)> {
    interfaces(text)
        .map(|(name, rx, tx)| (String::from_utf8_lossy(name).into_owned(), rx, tx))
        .collect()
}

/// The counters on systems without that file.
fn counted_by_sysinfo() -> Vec<(String, u64, u64)> {
    let networks = Networks::new_with_refreshed_list();
    let networks = networks.iter().flat_map(|networks| networks.iter());
    networks
        .map(|(name, data)| {
            let name = name.to_string_lossy().into_owned();
            (name, data.total_received(), data.total_transmitted())
        })
        .collect()
}

/// Bytes per second; `None` when the counter was reset.
fn rate(now_bytes: u64, before_bytes: u64, now: Instant, before: Instant) -> Option<u64> {
    let bytes = now_bytes.checked_sub(before_bytes)?;
    let seconds = now.duration_since(before).as_secs_f64();
    (seconds > 0.0).then(|| (bytes as f64 / seconds).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn interfaces_of_containers_are_omitted() {
        let text = b"Inter-| Receive | Transmit\n face |bytes packets|bytes packets\n    lo: 5 1 0 0 0 0 0 0 5 1\n  eth0: 100 1 0 0 0 0 0 0 50 1 0\nveth12: 9 1 0 0 0 0 0 0 9 1\n  ifb0: 7 1 0 0 0 0 0 0 7 1\n";
        let mut traffic = Traffic::default();
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let first = traffic.compare(counted(text), start);
        let names: Vec<_> = first.iter().map(|network| network.name.as_str()).collect();
        assert_eq!(names, ["eth0"]);
        assert_eq!((first[0].rx, first[0].tx), (100, 50));
        assert_eq!((first[0].rx_rate, first[0].tx_rate), (None, None));

        let later = traffic.compare(vec![("eth0".into(), 300, 40)], start + 2 * second);
        assert_eq!((later[0].rx_rate, later[0].tx_rate), (Some(100), None));
    }

    #[test]
    fn both_sources_of_counters_list_the_same_interfaces() {
        let names = |counted: Vec<(String, u64, u64)>| {
            let mut names: Vec<_> = counted.into_iter().map(|(name, ..)| name).collect();
            names.sort();
            names
        };
        if let Ok(text) = fs::read(COUNTERS) {
            assert_eq!(names(counted(&text)), names(counted_by_sysinfo()));
        }
    }
}
