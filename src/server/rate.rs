//! Rate limiting by token bucket.

use crate::protocol::{MESSAGE_BURST as BURST, MESSAGE_RATE as RATE};
use std::time::Duration;
use tokio::time::Instant;

/// A bucket of tokens: one token per request.
#[derive(Debug)]
pub(super) struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Default for Bucket {
    /// A full bucket.
    fn default() -> Self {
        Self {
            tokens: BURST,
            filled: Instant::now(),
        }
    }
}

impl Bucket {
    /// Takes a token.
    ///
    /// # Errors
    /// When the bucket is empty: the time until the next token.
    pub(super) fn take(&mut self) -> Result<(), Duration> {
        self.fill();
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / RATE))
    }

    /// Whether all tokens are there, that is, none was taken for a while.
    pub(super) fn is_full(&mut self) -> bool {
        self.fill();
        self.tokens >= BURST
    }

    fn fill(&mut self) {
        let now = Instant::now();
        let filled = self.tokens + now.duration_since(self.filled).as_secs_f64() * RATE;
        self.tokens = filled.min(BURST);
        self.filled = now;
    }
}
