//! A container's recent CPU history in a few dozen values, for a line the size of a word.

use super::{HISTORY, Timestamp, WorkloadId};
use serde::{Serialize, Serializer, ser::SerializeStruct};

/// Period covered by one value, in milliseconds.
pub const SLOT_MS: i64 = 5_000;

/// Number of values of a line: one or two pixels each.
pub const SLOTS: usize = (HISTORY.as_millis() as i64 / SLOT_MS) as usize;

/// CPU in percent of one core, one value per [`SLOT_MS`] of the last [`HISTORY`]: the highest in that period,
/// so that short peaks are visible.
#[derive(Clone, Debug, PartialEq)]
pub struct Sparkline {
    /// The workload.
    pub id: WorkloadId,
    /// Number of the newest slot, counted from the Unix epoch.
    pub last: i64,
    /// The values, newest last; `None` where the value is unknown.
    pub values: [Option<f32>; SLOTS],
}

impl Sparkline {
    /// A line in which every value is unknown.
    pub const fn new(id: WorkloadId) -> Self {
        Self {
            id,
            last: 0,
            values: [None; SLOTS],
        }
    }

    /// Adds a sample read at `at`. Slots between it and the previous sample are interpolated, unless samples
    /// are `missing` between them.
    pub fn push(&mut self, at: Timestamp, cpu: Option<f32>, missing: bool) {
        let slot = at.as_millis().div_euclid(SLOT_MS);
        let cpu = cpu.filter(|cpu| cpu.is_finite());
        let ahead = usize::try_from(slot.saturating_sub(self.last)).unwrap_or(0);
        let before = self.values.last().copied().flatten();
        if ahead > 0 {
            self.last = slot;
            let known = ahead.min(SLOTS);
            self.values.rotate_left(known);
            for (n, value) in (1..=known).rev().zip(self.values.iter_mut().rev()) {
                let share = n as f32 / known as f32;
                let between = before.zip(cpu).map(|(from, to)| from + (to - from) * share);
                *value = between.filter(|_| !missing && known == ahead);
            }
        }
        // A sample older than the newest slot arrived too late to be added.
        if slot == self.last
            && let Some(last) = self.values.last_mut()
        {
            *last = match (*last, cpu) {
                (Some(known), Some(cpu)) if ahead == 0 => Some(known.max(cpu)),
                (known, None) if ahead == 0 => known,
                _ => cpu,
            };
        }
    }

    /// The values with their positions in time at `now`: from 0 (five minutes ago) to 1.
    pub fn points(&self, now: Timestamp) -> impl Iterator<Item = (f32, Option<f32>)> {
        let newest = now.as_millis().div_euclid(SLOT_MS);
        let behind = newest.saturating_sub(self.last).clamp(0, SLOTS as i64) as usize;
        let place = move |n: usize| n as f32 / (SLOTS - 1) as f32;
        let values = self.values.iter().skip(behind).enumerate();
        values.map(move |(n, value)| (place(n), *value))
    }
}

/// The sparklines of several containers: `GET /api/stats/sparklines`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sparklines {
    /// The interval of figures while they are watched, in milliseconds.
    pub interval_ms: u32,
    /// One line per known container.
    pub lines: Vec<Sparkline>,
}

impl Serialize for Sparklines {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_struct("Sparklines", 3)?;
        all.serialize_field("intervalMs", &self.interval_ms)?;
        all.serialize_field("stepMs", &SLOT_MS)?;
        all.serialize_field("containers", &self.lines)?;
        all.end()
    }
}

impl Serialize for Sparkline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let end = Timestamp::from_millis(self.last.saturating_mul(SLOT_MS));
        let mut line = serializer.serialize_struct("Sparkline", 4)?;
        line.serialize_field("containerId", &self.id.container_id())?;
        line.serialize_field("host", &self.id.scope.host())?;
        line.serialize_field("end", &end)?;
        line.serialize_field("cpuPercent", self.values.as_slice())?;
        line.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn newest(line: &Sparkline, n: usize) -> &[Option<f32>] {
        &line.values[SLOTS - n..]
    }

    fn line(samples: &[(i64, f32)]) -> Sparkline {
        let mut line = Sparkline::new(WorkloadId::default());
        for (seconds, cpu) in samples {
            line.push(at(*seconds), Some(*cpu), false);
        }
        line
    }

    #[test]
    fn a_slot_shows_its_peak() {
        let line = line(&[(1_000, 3.0), (1_002, 9.0), (1_004, 1.0), (1_006, 2.0)]);
        assert_eq!(newest(&line, 3), [None, Some(9.0), Some(2.0)]);
    }

    #[test]
    fn rare_samples_are_joined_and_what_is_missing_is_not() {
        let mut line = line(&[(1_000, 10.0), (1_010, 20.0)]);
        assert_eq!(newest(&line, 4), [None, Some(10.0), Some(15.0), Some(20.0)]);
        line.push(at(1_025), Some(40.0), true);
        assert_eq!(newest(&line, 4), [Some(20.0), None, None, Some(40.0)]);
        line.push(at(1_026), None, false);
        assert_eq!(newest(&line, 1), [Some(40.0)], "it was known a second ago");
        line.push(at(1_030), None, false);
        line.push(at(1_035), Some(f32::NAN), false);
        assert_eq!(newest(&line, 3), [Some(40.0), None, None]);
    }

    #[test]
    fn after_a_long_time_nothing_old_is_left() {
        let mut line = line(&[(1_000, 10.0)]);
        line.push(at(1_000_000), Some(1.0), false);
        assert_eq!(line.values.iter().flatten().count(), 1);
        line.push(at(-5), Some(7.0), false);
        assert_eq!(line.values.iter().flatten().count(), 1, "too late");
    }

    #[test]
    fn a_line_that_ends_moves_to_the_left() {
        let line = line(&[(1_000, 10.0), (1_005, 20.0)]);
        let last = |now| {
            line.points(at(now))
                .filter(|(_, value)| value.is_some())
                .last()
        };
        assert_eq!(last(1_005), Some((1.0, Some(20.0))));
        let (place, _) = last(1_155).unwrap();
        assert!((0.45..0.55).contains(&place), "{place}");
        assert_eq!(last(9_999), None);
        assert_eq!(last(5), Some((1.0, Some(20.0))), "clocks differ");
    }
}
