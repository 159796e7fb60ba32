//! Measures the CPU and memory use of Deckwatch itself.

use crate::model::{DashboardCost, round_percent};
use std::{fs, time::Instant};

/// Clock ticks per second in `/proc`: `USER_HZ`, which is 100 on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;
/// Bytes of a page, the unit of `statm`.
const PAGE_BYTES: u64 = 4096;

/// The CPU time at the last measurement.
#[derive(Debug, Default)]
pub(super) struct OwnCost {
    before: Option<(u64, Instant)>,
}

impl OwnCost {
    /// The resources used since the last call; `None` where `/proc` is not available.
    pub(super) fn measure(&mut self) -> Option<DashboardCost> {
        let ticks = cpu_ticks(&fs::read_to_string("/proc/self/stat").ok()?)?;
        let memory = resident_bytes(&fs::read_to_string("/proc/self/statm").ok()?)?;
        let now = Instant::now();
        let before = self.before.replace((ticks, now));
        let cpu = before.map_or(0.0, |(before, at)| {
            let seconds = now.duration_since(at).as_secs_f64().max(f64::EPSILON);
            ticks.saturating_sub(before) as f64 / TICKS_PER_SECOND / seconds * 100.0
        });
        Some(DashboardCost {
            cpu_percent: round_percent(cpu),
            memory,
        })
    }
}

/// `utime` plus `stime` (proc(5)): the 12th and 13th field after the name, which may contain blanks.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    user.checked_add(system)
}

/// The second field: resident pages.
fn resident_bytes(statm: &str) -> Option<u64> {
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    pages.checked_mul(PAGE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_names_with_blanks_and_parentheses_are_skipped() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194304 1 0 0 0 30 12 0 0 20 0 4 0 100 1 1 1";
        assert_eq!(cpu_ticks(stat), Some(42));
        assert_eq!(cpu_ticks("garbage"), None);
        assert_eq!(resident_bytes("100 20 5 1 0 9 0"), Some(81_920));
        assert_eq!(resident_bytes(""), None);
    }
}
