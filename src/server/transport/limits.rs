//! Limits for the messages of a client.

use crate::server::rate::Bucket;
use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

/// Refused messages after which a client that does not slow down is disconnected.
const MAX_REFUSED: u32 = 200;
/// Malformed messages within [`MALFORMED_WINDOW`] after which a client is disconnected.
const MAX_MALFORMED: usize = 10;
/// The window of [`MAX_MALFORMED`].
const MALFORMED_WINDOW: Duration = Duration::from_secs(60);

/// Whether a message is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is handled.
    Handle,
    /// It is refused; the client may send again after this time.
    Refuse(Duration),
    /// The client is disconnected.
    CutOff,
}

/// A token bucket, and how often it was empty.
#[derive(Debug, Default)]
pub(super) struct RateLimit {
    bucket: Bucket,
    refused: u32,
}

impl RateLimit {
    /// Decides about one more message.
    pub(super) fn judge(&mut self) -> Verdict {
        if self.bucket.is_full() {
            // A client that was quiet long enough to refill the bucket starts again.
            self.refused = 0;
        }
        let Err(wait) = self.bucket.take() else {
            return Verdict::Handle;
        };
        self.refused += 1;
        if self.refused > MAX_REFUSED {
            return Verdict::CutOff;
        }
        Verdict::Refuse(wait)
    }
}

/// Counts malformed messages.
#[derive(Debug, Default)]
pub(super) struct Malformed {
    times: VecDeque<Instant>,
}

impl Malformed {
    /// Counts one more message; returns whether that is too many.
    pub(super) fn one_more(&mut self) -> bool {
        let now = Instant::now();
        self.times
            .retain(|at| now.duration_since(*at) < MALFORMED_WINDOW);
        self.times.push_back(now);
        self.times.len() >= MAX_MALFORMED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_heeded_then_the_rate_then_patience_ends() {
        let mut limit = RateLimit::default();
        for n in 0..40 {
            assert_eq!(limit.judge(), Verdict::Handle, "message {n}");
        }
        assert_eq!(limit.judge(), Verdict::Refuse(Duration::from_millis(50)));
        tokio::time::advance(Duration::from_millis(50)).await;
        assert_eq!(limit.judge(), Verdict::Handle);
        for _ in 0..199 {
            assert!(matches!(limit.judge(), Verdict::Refuse(_)));
        }
        assert_eq!(limit.judge(), Verdict::CutOff);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(limit.judge(), Verdict::Handle, "quiet is forgiven");
    }

    #[tokio::test(start_paused = true)]
    async fn ten_malformed_messages_in_a_minute_are_too_many() {
        let mut malformed = Malformed::default();
        for _ in 0..9 {
            assert!(!malformed.one_more());
        }
        tokio::time::advance(MALFORMED_WINDOW).await;
        for _ in 0..9 {
            assert!(!malformed.one_more());
        }
        assert!(malformed.one_more());
    }
}
