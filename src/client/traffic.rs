//! What comes over the page's own connection, counted.

use crate::{model::Timestamp, protocol::Channel};
use std::collections::VecDeque;

/// The rate is that of the last so many milliseconds.
const RATE_WINDOW_MS: f64 = 10_000.0;

/// What came over the page's own connection so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectionSummary {
    /// Frames and answers that came.
    pub messages: u64,
    /// Their length.
    pub bytes: u64,
    /// Bytes a second, lately.
    pub rate: u64,
    /// When the newest came, by the server's clock.
    pub newest: Option<Timestamp>,
    /// Milliseconds there and back, the last time that was measured.
    pub round_trip_ms: Option<u32>,
    /// How often the socket was opened anew.
    pub reconnects: u32,
    /// The run of the server.
    pub epoch: String,
    /// How far each channel has got.
    pub positions: Vec<(Channel, u64)>,
}

/// Counts what comes. Times are milliseconds of one clock.
#[derive(Debug, Default)]
pub struct Traffic {
    messages: u64,
    bytes: u64,
    newest: Option<f64>,
    opened: u32,
    asked: Option<f64>,
    round_trip_ms: Option<u32>,
    /// When how much came. Bounded by the window and by one entry a tick: see [`Self::heard`].
    recent: VecDeque<(f64, u64)>,
}

/// What came within so many milliseconds is one entry.
const GRAIN_MS: f64 = 250.0;

impl Traffic {
    /// Something of `bytes` came.
    pub fn heard(&mut self, bytes: usize, now: f64) {
        let bytes = bytes as u64;
        self.messages += 1;
        self.bytes += bytes;
        self.newest = Some(now);
        match self.recent.back_mut() {
            Some((at, sum)) if now - *at < GRAIN_MS => *sum += bytes,
            _ => self.recent.push_back((now, bytes)),
        }
        self.forget(now);
    }

    /// A socket has brought its first message.
    pub fn opened(&mut self) {
        self.opened += 1;
        self.asked = None;
    }

    /// The server was asked for a sign of life.
    pub fn asked(&mut self, now: f64) {
        self.asked = Some(now);
    }

    /// A sign of life came, asked for or not.
    pub fn answered(&mut self, now: f64) {
        if let Some(asked) = self.asked.take() {
            self.round_trip_ms = Some((now - asked).max(0.0) as u32);
        }
    }

    /// What came until `now`, for a page that has got to `positions` of the run `epoch`.
    pub fn summary(
        &mut self,
        now: f64,
        epoch: &str,
        positions: impl IntoIterator<Item = (Channel, u64)>,
    ) -> ConnectionSummary {
        self.forget(now);
        let sum: u64 = self.recent.iter().map(|(_, bytes)| bytes).sum();
        // Of a connection younger than the window the rate is that of its life.
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

    fn forget(&mut self, now: f64) {
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
        let told = summary(&mut traffic, 30_000.0);
        assert_eq!((told.messages, told.bytes, told.rate), (30, 15_000, 500));
        assert_eq!(told.newest, Some(Timestamp::from_millis(29_000)));
        assert_eq!(told.positions, [(Channel::METRICS, 7)]);
        let later = summary(&mut traffic, 60_000.0);
        assert_eq!((later.bytes, later.rate), (15_000, 0));
    }

    #[test]
    fn a_flood_does_not_grow_the_memory() {
        let mut traffic = Traffic::default();
        for n in 0..100_000_u32 {
            traffic.heard(1, f64::from(n));
        }
        assert!(traffic.recent.len() <= 41, "{}", traffic.recent.len());
        assert_eq!(summary(&mut traffic, 100_000.0).rate, 1_000);
    }

    #[test]
    fn only_an_answer_that_was_asked_for_tells_the_round_trip() {
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
        let told = summary(&mut traffic, 9_000.0);
        assert_eq!(told.round_trip_ms, Some(42), "of another connection");
        assert_eq!(told.reconnects, 1);
    }
}
