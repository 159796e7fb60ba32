//! Statistics of the page's own connection.

use crate::{model::Timestamp, protocol::Channel};
use std::collections::VecDeque;

/// Window of the rate, in milliseconds.
const RATE_WINDOW_MS: f64 = 10_000.0;

/// Statistics of the page's own connection so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectionSummary {
    /// Number of frames and responses received.
    pub messages: u64,
    /// Their total length in bytes.
    pub bytes: u64,
    /// Current rate in bytes per second.
    pub rate: u64,
    /// When the newest one arrived, by the server's clock.
    pub newest: Option<Timestamp>,
    /// The last measured round trip time, in milliseconds.
    pub round_trip_ms: Option<u32>,
    /// How many times the socket was reopened.
    pub reconnects: u32,
    /// The epoch of the server.
    pub epoch: String,
    /// The last sequence number per channel.
    pub positions: Vec<(Channel, u64)>,
}

/// Counts frames and responses. Times are milliseconds of one clock.
#[derive(Debug, Default)]
pub struct Traffic {
    messages: u64,
    bytes: u64,
    newest: Option<f64>,
    opened: u32,
    asked: Option<f64>,
    round_trip_ms: Option<u32>,
    /// Bytes per interval. Bounded by the window and the interval: see [`Self::heard`].
    recent: VecDeque<(f64, u64)>,
}

/// Arrivals within this interval are one entry.
const GRAIN_MS: f64 = 250.0;

impl Traffic {
    /// Records that `bytes` arrived.
    pub fn heard(&mut self, bytes: usize, now: f64) {
        let bytes = bytes as u64;
        self.messages += 1;
        self.bytes += bytes;
        self.newest = Some(now);
        match self.recent.back_mut() {
            Some((at, sum)) if now - *at < GRAIN_MS => *sum += bytes,
            _ => self.recent.push_back((now, bytes)),
        }
        self.expire(now);
    }

    /// Records that a socket has received its first message.
    pub fn opened(&mut self) {
        self.opened += 1;
        self.asked = None;
    }

    /// Records that a ping was sent.
    pub fn asked(&mut self, now: f64) {
        self.asked = Some(now);
    }

    /// Records that a heartbeat arrived, as a pong or on its own.
    pub fn answered(&mut self, now: f64) {
        if let Some(asked) = self.asked.take() {
            self.round_trip_ms = Some((now - asked).max(0.0) as u32);
        }
    }

    /// The statistics at `now`, with the last sequence numbers `positions` of `epoch`.
    pub fn summary(
        &mut self,
        now: f64,
        epoch: &str,
        positions: impl IntoIterator<Item = (Channel, u64)>,
    ) -> ConnectionSummary {
        self.expire(now);
        let sum: u64 = self.recent.iter().map(|(_, bytes)| bytes).sum();
        // For a connection younger than the window, the rate since its beginning.
        let span = self.recent.front().map_or(0.0, |(first, _)| now - first);
        let span = span.clamp(1_000.0, RATE_WINDOW_MS);
        ConnectionSummary {
            messages: self.messages,
            bytes: self.bytes,
            rate: (sum as f64 * 1_000.0 / span) as u64,
            newest: self.newest.map(|at| Timestamp::from_millis(at as i64)),
            round_trip_ms: self.round_trip_ms,
            reconnects: self.opened.saturating_sub(1),
            epoch: epoch.to_owned(),
            positions: positions.into_iter().collect(),
        }
    }

    fn expire(&mut self, now: f64) {
        while self
            .recent
            .front()
            .is_some_and(|(at, _)| now - at > RATE_WINDOW_MS)
        {
            self.recent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(traffic: &mut Traffic, now: f64) -> ConnectionSummary {
        traffic.summary(now, "run", [(Channel::METRICS, 7)])
    }

    #[test]
    fn everything_is_counted_and_the_rate_is_of_the_last_ten_seconds() {
        let mut traffic = Traffic::default();
        assert_eq!(summary(&mut traffic, 5.0).rate, 0);
        for second in 0..30_u32 {
            traffic.heard(500, f64::from(second) * 1_000.0);
        }
        let summary_now = summary(&mut traffic, 30_000.0);
        assert_eq!(
            (summary_now.messages, summary_now.bytes, summary_now.rate),
            (30, 15_000, 500)
        );
        assert_eq!(summary_now.newest, Some(Timestamp::from_millis(29_000)));
        assert_eq!(summary_now.positions, [(Channel::METRICS, 7)]);
        let later = summary(&mut traffic, 60_000.0);
        assert_eq!((later.bytes, later.rate), (15_000, 0));
    }

    #[test]
    fn many_messages_do_not_grow_the_memory() {
        let mut traffic = Traffic::default();
        for n in 0..100_000_u32 {
            traffic.heard(1, f64::from(n));
        }
        assert!(traffic.recent.len() <= 41, "{}", traffic.recent.len());
        assert_eq!(summary(&mut traffic, 100_000.0).rate, 1_000);
    }

    #[test]
    fn only_an_answer_to_a_ping_measures_the_round_trip() {
        let mut traffic = Traffic::default();
        traffic.opened();
        traffic.answered(10.0);
        assert_eq!(summary(&mut traffic, 10.0).round_trip_ms, None);
        traffic.asked(100.0);
        traffic.answered(142.0);
        traffic.answered(900.0);
        assert_eq!(summary(&mut traffic, 900.0).round_trip_ms, Some(42));
        traffic.asked(1_000.0);
        traffic.opened();
        traffic.answered(9_000.0);
        let summary_now = summary(&mut traffic, 9_000.0);
        assert_eq!(
            summary_now.round_trip_ms,
            Some(42),
            "the ping was sent on another connection"
        );
        assert_eq!(summary_now.reconnects, 1);
    }
}
