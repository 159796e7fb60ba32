//! Exponential backoff with full jitter, for retries of engine connections.

use std::time::Duration;

/// Upper bound of the first pause.
const FIRST: Duration = Duration::from_millis(250);
/// Upper bound of every pause, so that a recovered engine is found within five seconds.
const LONGEST: Duration = Duration::from_secs(5);
/// Lower bound of every pause; a run of small random values would otherwise retry without a break.
const SHORTEST: Duration = Duration::from_millis(50);

/// A sequence of pauses whose upper bound doubles.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Starts again with the shortest pauses, after a success.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The pause after one more failure; `random` is uniformly distributed from 0 to 1.
    pub(super) fn next(&mut self, random: f64) -> Duration {
        let doubled = FIRST.saturating_mul(2_u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        doubled
            .min(LONGEST)
            .mul_f64(random.clamp(0.0, 1.0))
            .max(SHORTEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_seconds_and_start_again_after_success() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..7).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
        (0..100).for_each(|_| {
            backoff.next(1.0);
        });
        backoff.reset();
        assert_eq!(backoff.next(1.0), FIRST);
        assert_eq!(backoff.next(0.0), SHORTEST);
    }
}
