//! Counts over the last minutes, for alarms: a counter since the start says nothing about now. The caller
//! passes the time, so that a count is decided by its arguments alone.

use std::time::Duration;

/// The time that a count covers: long enough that a single broken connection is no alarm, short enough that an
/// alarm ends soon after its cause.
pub const WINDOW: Duration = Duration::from_secs(5 * 60);
/// Parts of [`WINDOW`] that are counted and forgotten as a whole: a count is late by one of them at most.
const SLOTS: usize = 10;
/// The length of one part.
const SLOT: Duration = Duration::from_secs(WINDOW.as_secs() / SLOTS as u64);

/// Number of occurrences within the last [`WINDOW`], in constant memory. Times are given as durations since any
/// fixed moment.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    /// Occurrences per slot, the newest slot first.
    counts: [u64; SLOTS],
    /// The number of the newest slot.
    newest: u64,
}

/// How much a counter that never decreases has grown within the last [`WINDOW`].
#[derive(Clone, Debug, Default)]
pub struct Growth {
    /// The counter at its last reading.
    last: u64,
    recent: Recent,
}

impl Recent {
    /// Adds `n` occurrences at `now`. A time before that of an earlier call counts as the newest slot.
    pub fn add(&mut self, n: u64, now: Duration) {
        let passed = self.passed(now);
        if passed > 0 {
            self.counts.rotate_right(passed % SLOTS);
            self.counts.iter_mut().take(passed).for_each(|n| *n = 0);
            self.newest = slot(now);
        }
        let [newest, ..] = &mut self.counts;
        *newest = newest.saturating_add(n);
    }

    /// The occurrences within the last [`WINDOW`] before `now`.
    pub fn total(&self, now: Duration) -> u64 {
        let kept = SLOTS.saturating_sub(self.passed(now));
        let counts = self.counts.iter().take(kept);
        counts.fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Slots that began since the newest one, at most all.
    fn passed(&self, now: Duration) -> usize {
        let passed = slot(now).saturating_sub(self.newest);
        usize::try_from(passed).map_or(SLOTS, |passed| passed.min(SLOTS))
    }
}

impl Growth {
    /// Takes the counter's value `total` at `now`, and returns how much it has grown in the last [`WINDOW`]. It
    /// must be called several times per window: growth counts when it is noticed.
    pub fn read(&mut self, total: u64, now: Duration) -> u64 {
        self.recent.add(total.saturating_sub(self.last), now);
        self.last = total;
        self.recent.total(now)
    }
}

fn slot(now: Duration) -> u64 {
    now.as_secs() / SLOT.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_occurrence_counts_for_the_window_and_then_no_longer() {
        let mut recent = Recent::default();
        recent.add(2, at(1_000));
        recent.add(3, at(1_100));
        assert_eq!(recent.total(at(1_100)), 5);
        assert_eq!(recent.total(at(1_000) + WINDOW - SLOT), 5);
        assert_eq!(recent.total(at(1_000) + WINDOW), 3);
        assert_eq!(recent.total(at(1_100) + WINDOW), 0);
        assert_eq!(recent.total(at(1_000_000)), 0);
    }

    #[test]
    fn old_occurrences_do_not_come_back_when_new_ones_are_added() {
        let mut recent = Recent::default();
        for seconds in 0..3_600 {
            recent.add(1, at(seconds));
            let counted = recent.total(at(seconds));
            assert!(counted <= WINDOW.as_secs(), "{counted} after {seconds}");
            let expected = (seconds + 1).min((WINDOW - SLOT).as_secs());
            assert!(counted >= expected, "{counted} after {seconds}");
        }
        recent.add(1, at(100_000));
        assert_eq!(recent.total(at(100_000)), 1);
    }

    #[test]
    fn the_growth_of_a_counter_is_what_it_gained_in_the_window() {
        let mut growth = Growth::default();
        assert_eq!(growth.read(100, at(10)), 100);
        assert_eq!(growth.read(100, at(20)), 100);
        assert_eq!(growth.read(130, at(310)), 30);
        assert_eq!(growth.read(130, at(1_000)), 0);
    }
}
