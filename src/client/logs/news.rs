//! What a viewer asks of the driver, and what it hears from it.

use crate::model::{LogEndReason, LogLine, Timestamp, WorkloadId};
use std::{fmt, sync::Arc};

/// Which part of a container's log to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRequest {
    /// The workload.
    pub id: WorkloadId,
    /// How many of the last lines.
    pub tail: u32,
    /// Nothing written before.
    pub since: Option<Timestamp>,
}

/// A viewer that follows a log.
#[derive(Clone)]
pub struct Following {
    /// Which viewer; no two have the same number.
    pub viewer: u64,
    /// What it asks for.
    pub request: LogRequest,
    /// Tells it the news.
    pub tell: Arc<dyn Fn(WorkloadId, LogNews) + Send + Sync>,
}

impl fmt::Debug for Following {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Following({}, {:?})", self.viewer, self.request)
    }
}

/// What a viewer asks of the driver.
#[derive(Clone, Debug)]
pub enum LogOrder {
    /// Tell me of a log.
    Follow(Following),
    /// No longer, of this log.
    Leave(u64, WorkloadId),
}

/// What a viewer hears of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogNews {
    /// It begins anew: what was told before is void.
    Begin,
    /// Lines, oldest first.
    Lines(Vec<LogLine>),
    /// Lines are missing: so many, when that is known.
    Gap(Option<u64>),
    /// No more lines follow for now, and what the engine says of it.
    End(LogEndReason, Option<String>),
    /// The server does not let it be followed, for this reason.
    Refused(String),
}

/// How many of `lines` were written at `since` or later: what came before is the past of a log that
/// was opened then, however fast it arrives. A line without a time may be as old.
pub fn count_since(lines: &[LogLine], since: Timestamp) -> u32 {
    let is_new = |line: &&LogLine| line.timestamp.is_some_and(|at| at >= since);
    lines.iter().filter(is_new).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_a_log_begins_with_are_no_lines_per_second() {
        let line = |ms: Option<i64>| LogLine {
            timestamp: ms.map(Timestamp::from_millis),
            ..LogLine::default()
        };
        let lines = [Some(1), Some(999), None, Some(1_000), Some(1_500)].map(line);
        assert_eq!(count_since(&lines, Timestamp::from_millis(1_000)), 2);
    }
}
