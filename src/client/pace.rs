//! Limits the rate at which a page sends actions: an action on a thousand selected containers is a thousand
//! messages, and the server refuses messages above its rate limit.

use crate::protocol::{MAX_PENDING_ACTIONS, MESSAGE_BURST, MESSAGE_RATE};

// All below the limits of the server, to leave room for subscriptions and pings.
/// Most actions that wait for an answer at the same time.
const IN_FLIGHT: usize = MAX_PENDING_ACTIONS / 4 * 3;
/// Most actions sent at once.
const BURST: f64 = MESSAGE_BURST * 0.6;
/// Actions per second after that.
const RATE: f64 = MESSAGE_RATE * 0.75;

/// A token bucket for actions.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    tokens: f64,
    filled_at: Option<f64>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            tokens: BURST,
            filled_at: None,
        }
    }
}

impl Pace {
    /// Whether one more action may be sent at `now` (milliseconds), while `in_flight` wait for an answer;
    /// if so, takes a token.
    pub fn allows(&mut self, now: f64, in_flight: usize) -> bool {
        let before = self.filled_at.replace(now).unwrap_or(now);
        let earned = (now - before).max(0.0) / 1e3 * RATE;
        self.tokens = (self.tokens + earned).min(BURST);
        if in_flight >= IN_FLIGHT || self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_sent_at_once_and_the_rest_at_a_steady_rate() {
        let mut pace = Pace::default();
        let mut sent = |now| (0..1_000).take_while(|_| pace.allows(now, 0)).count();
        assert_eq!(sent(0.0), 24);
        assert_eq!(sent(0.0), 0);
        let later: usize = (1..=40).map(|tick| sent(f64::from(tick) * 250.0)).sum();
        assert_eq!(later, 150, "fifteen a second for ten seconds");
        assert_eq!(sent(1e9), 24, "idle time earns at most one burst");
    }

    #[test]
    fn the_number_of_actions_in_flight_is_limited() {
        let mut pace = Pace::default();
        assert!(pace.allows(0.0, 47));
        assert!(!pace.allows(0.0, 48));
    }
}
