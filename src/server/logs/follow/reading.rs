//! The state of one stream from the engine that is being read.

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
    /// When the first gathered or held line arrived.
    pub(super) since: Instant,
    /// When it was opened, or last counted as calm.
    pub(super) opened: Instant,
    /// Whether any line has arrived, known lines included.
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
