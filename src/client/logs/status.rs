//! What a viewer says of itself, and what it is told to do.

use super::Order;
use crate::model::{LogEndReason, WorkloadId};

/// What a viewer is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogCommand {
    /// Go to the end and stay there, or stay where it is.
    Follow(bool),
    /// Take no more lines for now, or take them again.
    Pause(bool),
    /// Forget all lines.
    Clear,
    /// Copy what is shown.
    Copy,
    /// Go to another match.
    Go(Order),
}

/// What a viewer says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogStatus {
    /// Whether any log has said anything yet.
    pub has_begun: bool,
    /// Lines kept.
    pub lines: usize,
    /// Rows shown of them.
    pub shown: usize,
    /// Lines that made room for newer ones.
    pub dropped: u64,
    /// Lines that have come in the last second.
    pub rate: u32,
    /// Whether it stays at the end.
    pub follows: bool,
    /// Rows that came below since it does not.
    pub fresh: usize,
    /// Whether it takes no lines for now.
    pub is_paused: bool,
    /// Lines that wait until it does.
    pub held: usize,
    /// What is found.
    pub findings: Findings,
    /// Logs that do not go on for now.
    pub ended: Vec<(WorkloadId, LogEndReason)>,
    /// What the server or the engine says against it.
    pub complaint: Option<String>,
    /// Lines copied by the last copying; none when it failed.
    pub copied: Option<Option<usize>>,
}

/// What is found of what is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many entries.
    pub total: u64,
    /// Which of them one has gone to, counted from one.
    pub current: Option<u64>,
    /// Whether not all were looked at yet.
    pub is_searching: bool,
    /// Why it cannot be searched for.
    pub problem: Option<Problem>,
}

/// Why something cannot be searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is no regular expression, as the browser says.
    Invalid(String),
    /// It takes too long.
    TooSlow,
}
