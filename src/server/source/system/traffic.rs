//! What goes over the host's interfaces.

use crate::{model::Network, server::source::cgroup::interfaces};
use std::{collections::HashMap, fs, time::Instant};
use sysinfo::Networks;

/// Interfaces of containers and virtual machines, and such as only pass on what another one counts.
const OTHERS: [&str; 13] = [
    "lo", "veth", "docker", "br-", "cni", "cali", "flannel", "podman", "virbr", "vnet", "tap",
    "ifb", "dummy",
];
/// Bytes received and sent by each interface. One file tells them of all; the directories that
/// `sysinfo` reads are nine files for each, and every container on a bridge has an interface.
const COUNTERS: &str = "/proc/net/dev";

/// What went over each interface when it was last looked at.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    before: HashMap<String, (u64, u64, Instant)>,
}

impl Traffic {
    /// The host's own interfaces by name, with rates since the last look.
    pub(super) fn look(&mut self) -> Vec<Network> {
        let counted = match fs::read(COUNTERS) {
            Ok(text) => counted(&text),
            Err(_) => counted_elsewhere(),
        };
        self.compare(counted, Instant::now())
    }

    fn compare(&mut self, counted: Vec<(String, u64, u64)>, now: Instant) -> Vec<Network> {
        let before = std::mem::take(&mut self.before);
        let mut found: Vec<_> = counted
            .into_iter()
            .filter(|(name, ..)| !OTHERS.iter().any(|other| name.starts_with(other)))
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

/// On systems without that file.
fn counted_elsewhere() -> Vec<(String, u64, u64)> {
    let networks = Networks::new_with_refreshed_list();
    let networks = networks.iter().flat_map(|networks| networks.iter());
    networks
        .map(|(name, data)| {
            let name = name.to_string_lossy().into_owned();
            (name, data.total_received(), data.total_transmitted())
        })
        .collect()
}

/// Bytes a second; unknown when the counter began anew.
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
    fn interfaces_of_containers_are_none_of_the_host_s() {
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
    fn both_ways_of_counting_agree_on_who_there_is() {
        let names = |counted: Vec<(String, u64, u64)>| {
            let mut names: Vec<_> = counted.into_iter().map(|(name, ..)| name).collect();
            names.sort();
            names
        };
        if let Ok(text) = fs::read(COUNTERS) {
            assert_eq!(names(counted(&text)), names(counted_elsewhere()));
        }
    }
}
