//! How much a client may say.

use crate::server::rate::Bucket;
use std::{collections::VecDeque, time::Duration};
use tokio::time::Instant;

/// Refused messages after which a client that does not slow down is cut off.
const MAX_REFUSED: u32 = 200;
/// Messages that could not be understood, within [`MALFORMED_WINDOW`], after which a client is cut
/// off.
const MAX_MALFORMED: usize = 10;
/// See [`MAX_MALFORMED`].
const MALFORMED_WINDOW: Duration = Duration::from_secs(60);

/// Whether a message is heeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is.
    Handle,
    /// Not before this time has passed.
    Refuse(Duration),
    /// No more of this.
    CutOff,
}

/// A token bucket, and how often it was found empty.
#[derive(Debug, Default)]
pub(super) struct RateLimit {
    bucket: Bucket,
    refused: u32,
}

impl RateLimit {
    /// Judges one more message.
    pub(super) fn judge(&mut self) -> Verdict {
        if self.bucket.is_full() {
            // It has been quiet for a while: what was is forgiven.
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

/// Counts messages that could not be understood.
#[derive(Debug, Default)]
pub(super) struct Malformed {
    times: VecDeque<Instant>,
}

impl Malformed {
    /// Counts one more; whether that is too many.
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
