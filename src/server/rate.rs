//! How often something may be asked for: a token bucket.

use std::time::Duration;
use tokio::time::Instant;

/// Requests a second on average: more than a person can click.
const RATE: f64 = 20.0;
/// Requests at once, e.g. when a person acts on many containers.
const BURST: f64 = 40.0;

/// A token bucket of 40 tokens, 20 more a second.
#[derive(Debug)]
pub(super) struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Default for Bucket {
    /// Full.
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
    /// How long it takes until there is one.
    pub(super) fn take(&mut self) -> Result<(), Duration> {
        self.fill();
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / RATE))
    }

    /// Whether nothing was taken for a while.
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
