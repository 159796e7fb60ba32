//! How fast actions leave the page: an action on a thousand ticked containers is a thousand messages,
//! and the server refuses those of a client that sends too many at once.

use crate::protocol::{MAX_PENDING_ACTIONS, MESSAGE_BURST, MESSAGE_RATE};

// Less than the server allows, so that subscriptions and pings have room beside actions.
/// Actions that may wait for their answer at the same time.
const IN_FLIGHT: usize = MAX_PENDING_ACTIONS / 4 * 3;
/// Actions that may leave at once.
const BURST: f64 = MESSAGE_BURST * 0.6;
/// Actions that may leave per second after that.
const RATE: f64 = MESSAGE_RATE * 0.75;

/// Says when the next action may leave.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    allowance: f64,
    looked: Option<f64>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            allowance: BURST,
            looked: None,
        }
    }
}

impl Pace {
    /// Whether one more may leave at `now` (milliseconds), while `in_flight` wait for their answer.
    pub fn allows(&mut self, now: f64, in_flight: usize) -> bool {
        let before = self.looked.replace(now).unwrap_or(now);
        let earned = (now - before).max(0.0) / 1e3 * RATE;
        self.allowance = (self.allowance + earned).min(BURST);
        if in_flight >= IN_FLIGHT || self.allowance < 1.0 {
            return false;
        }
        self.allowance -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_leaves_at_once_and_the_rest_at_a_steady_rate() {
        let mut pace = Pace::default();
        let mut sent = |now| (0..1_000).take_while(|_| pace.allows(now, 0)).count();
        assert_eq!(sent(0.0), 24);
        assert_eq!(sent(0.0), 0);
        let later: usize = (1..=40).map(|tick| sent(f64::from(tick) * 250.0)).sum();
        assert_eq!(later, 150, "fifteen a second for ten seconds");
        assert_eq!(sent(1e9), 24, "rest does not earn more than a burst");
    }

    #[test]
    fn no_more_leave_than_may_wait_for_an_answer() {
        let mut pace = Pace::default();
        assert!(pace.allows(0.0, 47));
        assert!(!pace.allows(0.0, 48));
    }
}
