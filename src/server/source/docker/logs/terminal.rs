//! Output of a terminal, which has no frames.

use super::record;
use crate::server::{clock, source::NANOS_PER_MS};
use bytes::{Bytes, BytesMut};

/// Longest line that is collected, in bytes: far more than is shown of one.
const LONGEST: usize = 4 << 20;
/// Most that an engine's clock may be ahead of this one, for machines with synchronized clocks.
const AHEAD_NANOS: i64 = 1_000_000_000;

/// Collects a terminal's output into complete lines.
#[derive(Debug, Default)]
pub(super) struct Terminal {
    body: BytesMut,
    /// Bytes at its beginning that were searched and have no line end.
    searched: usize,
}

impl Terminal {
    /// Adds received bytes; returns the complete lines.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Bytes {
        self.body.extend_from_slice(bytes);
        let new = self.body.get(self.searched..).unwrap_or_default();
        let end = memchr::memrchr(b'\n', new).map(|at| self.searched + at + 1);
        let end = match end {
            None if self.body.len() > LONGEST => self.body.len(),
            end => end.unwrap_or(0),
        };
        let lines = self.body.split_to(end).freeze();
        self.searched = self.body.len();
        lines
    }

    /// The rest, at the end of the stream.
    pub(super) fn finish(&mut self) -> Bytes {
        self.searched = 0;
        self.body.split().freeze()
    }
}

/// The records in `lines`.
pub(super) fn records(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    let now = clock::now().as_millis().saturating_mul(NANOS_PER_MS);
    let now = now.saturating_add(AHEAD_NANOS);
    let lines = lines.split_inclusive(|byte| *byte == b'\n');
    lines.flat_map(move |line| record::of_terminal(line, now))
}
