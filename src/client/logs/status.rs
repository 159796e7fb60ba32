//! The state that a log viewer reports to its page, and the commands that it accepts.

use super::Order;
use crate::model::{LogEndReason, WorkloadId};

/// A command for a log viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogCommand {
    /// Whether to scroll to the end and stay there.
    Follow(bool),
    /// Whether to hold back new lines.
    Pause(bool),
    /// Remove all lines.
    Clear,
    /// Copy the shown lines.
    Copy,
    /// Scroll to the next or previous match.
    Go(Order),
}

/// The state of a log viewer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogStatus {
    /// Whether any log has sent lines, or is known to be empty.
    pub has_begun: bool,
    /// Number of lines kept.
    pub lines: usize,
    /// Number of rows shown of them.
    pub shown: usize,
    /// Number of lines dropped for newer ones.
    pub dropped: u64,
    /// Number of lines that arrived in the last second.
    pub rate: u32,
    /// Whether the view stays at the end.
    pub follows: bool,
    /// Number of rows added below the view since it stopped following.
    pub fresh: usize,
    /// Whether new lines are held back.
    pub is_paused: bool,
    /// Number of lines held back.
    pub held: usize,
    /// The result of the search.
    pub findings: Findings,
    /// Logs that have ended for now, with the reason.
    pub ended: Vec<(WorkloadId, LogEndReason)>,
    /// The last error message of the server or the engine.
    pub complaint: Option<String>,
    /// Number of lines copied by the last copy command; the inner `None` when it failed.
    pub copied: Option<Option<usize>>,
}

/// The result of a search.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Number of matching entries.
    pub total: u64,
    /// The number of the current match, from 1.
    pub current: Option<u64>,
    /// Whether some entries are still to be searched.
    pub is_searching: bool,
    /// Why the search cannot be run.
    pub problem: Option<Problem>,
}

/// Why a search cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is not a valid regular expression; the browser's message.
    Invalid(String),
    /// It takes too long.
    TooSlow,
}
