//! What the server has in use: memory, descriptors and tasks.

use crate::{Failure, user::User};
use std::{fs, time::Duration};

/// Bytes of a mebibyte.
const MIB: f64 = (1 << 20) as f64;

/// What is in use at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct InUse {
    pub(crate) descriptors: u64,
    pub(crate) tasks: u64,
    pub(crate) clients: u64,
}

impl InUse {
    /// Reads it, with the rights of `root`.
    pub(crate) async fn read(server: u32, root: &User) -> Result<Self, Failure> {
        let descriptors = fs::read_dir(format!("/proc/{server}/fd"))?.count() as u64;
        let metrics = root.api.get("/metrics", &root.cookie()).await?;
        let metrics = metrics.error_for_status()?.text().await?;
        let figure = |name: &str| {
            let mut lines = metrics.lines();
            let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            let value = line.and_then(|value| value.trim().parse::<u64>().ok());
            value.ok_or_else(|| format!("/metrics has no {name}"))
        };
        Ok(Self {
            descriptors,
            tasks: figure("deckwatch_tasks")?,
            clients: figure("deckwatch_clients")?,
        })
    }

    /// Whether at most `slack` more is in use than at the start.
    pub(crate) fn is_like(&self, start: &Self, slack: &Self) -> bool {
        self.clients <= start.clients + slack.clients
            && self.tasks <= start.tasks + slack.tasks
            && self.descriptors <= start.descriptors + slack.descriptors
    }
}

/// Resident memory over time.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Seconds since the start, and bytes.
    samples: Vec<(f64, f64)>,
}

impl Memory {
    pub(crate) fn add(&mut self, since: Duration, bytes: f64) {
        self.samples.push((since.as_secs_f64(), bytes));
    }

    /// The last sample, in MiB.
    pub(crate) fn last(&self) -> f64 {
        self.samples.last().map_or(0.0, |(_, bytes)| bytes / MIB)
    }

    /// The growth after the first quarter in MiB per hour: the slope of the line with the least squares.
    pub(crate) fn slope(&self) -> Option<f64> {
        let quarter = self.samples.len() / 4;
        let samples = self.samples.get(quarter..)?;
        let n = samples.len() as f64;
        let mean_at = samples.iter().map(|(at, _)| at).sum::<f64>() / n;
        let mean = samples.iter().map(|(_, bytes)| bytes).sum::<f64>() / n;
        let products = samples
            .iter()
            .map(|(at, bytes)| (at - mean_at) * (bytes - mean));
        let squares = samples.iter().map(|(at, _)| (at - mean_at).powi(2));
        let slope = products.sum::<f64>() / squares.sum::<f64>();
        slope.is_finite().then_some(slope * 3_600.0 / MIB)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_ignores_the_first_quarter() {
        let mut memory = Memory::default();
        for second in 0..40_u32 {
            // A rise at first, then one of a mebibyte per minute.
            let start = if second < 10 { 0.0 } else { 500.0 };
            let bytes = MIB * (start + f64::from(second) / 60.0);
            memory.add(Duration::from_secs(second.into()), bytes);
        }
        assert!((memory.slope().unwrap() - 60.0).abs() < 1e-6);
        assert_eq!(Memory::default().slope(), None);
    }
}
