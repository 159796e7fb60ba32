//! The messages between log viewers and the driver.

use crate::model::{LogEndReason, LogLine, Timestamp, WorkloadId};
use std::{fmt, sync::Arc};

/// The part of a container's log that a viewer requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRequest {
    /// The workload.
    pub id: WorkloadId,
    /// Number of last lines to begin with.
    pub tail: u32,
    /// Omit lines written before this time.
    pub since: Option<Timestamp>,
}

/// A viewer that follows a log.
#[derive(Clone)]
pub struct Follower {
    /// The unique number of the viewer.
    pub viewer: u64,
    /// The requested part of the log.
    pub request: LogRequest,
    /// Receives the updates.
    pub notify: Arc<dyn Fn(WorkloadId, LogUpdate) + Send + Sync>,
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Follower({}, {:?})", self.viewer, self.request)
    }
}

/// A viewer's order to the driver.
#[derive(Clone, Debug)]
pub enum LogOrder {
    /// Follow a log.
    Follow(Follower),
    /// Stop following this log for this viewer.
    Leave(u64, WorkloadId),
}

/// An update of a log for its viewers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogUpdate {
    /// The log starts over; earlier updates are void.
    Begin,
    /// New lines, oldest first.
    Lines(Vec<LogLine>),
    /// Lines are missing; their number, if known.
    Gap(Option<u64>),
    /// No more lines follow for now; the reason, and the engine's message if it has one.
    End(LogEndReason, Option<String>),
    /// The server refuses to follow the log, for this reason.
    Refused(String),
}

/// Counts the lines written at `since` or later. Older lines are the history of a log that was opened then,
/// however fast they arrive; lines without a time may be old, too.
pub fn count_since(lines: &[LogLine], since: Timestamp) -> u32 {
    let is_new = |line: &&LogLine| line.timestamp.is_some_and(|at| at >= since);
    lines.iter().filter(is_new).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_lines_do_not_count_for_the_rate() {
        let line = |ms: Option<i64>| LogLine {
            timestamp: ms.map(Timestamp::from_millis),
            ..LogLine::default()
        };
        let lines = [Some(1), Some(999), None, Some(1_000), Some(1_500)].map(line);
        assert_eq!(count_since(&lines, Timestamp::from_millis(1_000)), 2);
    }
}
