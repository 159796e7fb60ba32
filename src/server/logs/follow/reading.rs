//! A stream of the engine's that is being read.

use super::{
    super::position::{Position, Resumption, Step},
    probe::Probe,
};
use crate::server::source::{LogLines, SourceLine};
use tokio::time::Instant;

/// A stream that is being read.
pub(super) struct Reading {
    pub(super) lines: LogLines,
    pub(super) resumption: Resumption,
    pub(super) batch: Vec<SourceLine>,
    pub(super) bytes: usize,
    /// Since when lines are gathered or held back, as the case may be.
    pub(super) since: Instant,
    /// When it began, or was last seen to be calm.
    pub(super) opened: Instant,
    /// A line came, be it a known one.
    pub(super) has_answered: bool,
    pub(super) probe: Probe,
}

impl Reading {
    pub(super) fn new(lines: LogLines, position: Option<Position>, is_limited: bool) -> Self {
        Self {
            lines,
            resumption: Resumption::after(position, is_limited),
            batch: Vec::new(),
            bytes: 0,
            since: Instant::now(),
            opened: Instant::now(),
            has_answered: false,
            probe: Probe::default(),
        }
    }

    pub(super) fn judge(&mut self, line: SourceLine) -> Step {
        self.has_answered = true;
        if self.batch.is_empty() && !self.resumption.is_holding() {
            let now = Instant::now();
            self.since = now;
            self.probe.reset(now);
        }
        self.resumption.take(line)
    }
}
