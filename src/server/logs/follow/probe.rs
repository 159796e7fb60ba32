//! Detects a stalled stream.
//!
//! A silent stream either has no new lines or is stuck on the way. From time to time the engine is asked
//! for the log's last line by a separate request: if that line is newer than the last one of the stream,
//! and the stream does not deliver it, the stream is reopened.

use super::Follower;
use crate::server::source::{EngineError, LogQuery};
use futures::StreamExt;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long a stream is silent before the first probe. The pause doubles after each probe …
const FIRST: Duration = Duration::from_secs(5);
/// … up to this, because a log that has been silent for long mostly remains so, and each probe costs the
/// engine two requests.
const LONGEST: Duration = Duration::from_secs(60);
/// How long the stream may take to deliver a line that the engine has.
const GRACE: Duration = Duration::from_secs(1);
/// How long the engine may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// The time of the next probe.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    due: Instant,
    pause: Duration,
    /// Whether the last probe found a newer line.
    is_suspect: bool,
}

impl Default for Probe {
    fn default() -> Self {
        Self {
            due: Instant::now() + FIRST,
            pause: FIRST,
            is_suspect: false,
        }
    }
}

impl Probe {
    /// Starts again with the shortest pause after a line arrived at `now`.
    pub(super) fn reset(&mut self, now: Instant) {
        *self = Self {
            due: now + FIRST,
            pause: FIRST,
            is_suspect: false,
        };
    }

    /// When the next probe is due.
    pub(super) const fn due(&self) -> Instant {
        self.due
    }
}

impl Follower {
    /// Asks the engine for lines that the stream did not deliver.
    ///
    /// # Errors
    /// When the stream is stalled, or the engine cannot be asked.
    pub(super) async fn ask_for_newer(&self, probe: &mut Probe) -> Result<(), EngineError> {
        if probe.is_suspect {
            let why = "the stream of its lines stands still";
            return Err(EngineError::Unavailable(why.to_owned()));
        }
        let asked = timeout(ANSWER, self.has_newer()).await;
        probe.is_suspect = asked.map_err(|_| EngineError::Timeout)??;
        if !probe.is_suspect {
            probe.pause = (2 * probe.pause).min(LONGEST);
        }
        let pause = if probe.is_suspect { GRACE } else { probe.pause };
        probe.due = Instant::now() + pause;
        Ok(())
    }

    async fn has_newer(&self) -> Result<bool, EngineError> {
        let query = LogQuery {
            tail: Some(1),
            stdout: true,
            stderr: true,
            ..LogQuery::default()
        };
        let mut lines = self.log.read(&query).await?;
        let Some(line) = lines.next().await.transpose()? else {
            return Ok(false);
        };
        let position = self.tracker.position();
        let is_newer = position.is_none_or(|position| position.is_before(&line));
        Ok(is_newer && !line.assembly.is_open)
    }
}
