//! Decodes the body of a log response into records: frames with a header each, or, for a container with a
//! terminal, plain text. Holds at most one incomplete frame.

use super::{
    super::super::{EngineError, SourceLine},
    assemble::Assembler,
    terminal::{self, Terminal},
};
use crate::model::LogStream;
use bytes::{Buf, BytesMut};
use std::collections::VecDeque;

/// Bytes of a frame's header: the number of the stream, three zeroes, the length.
const HEADER: usize = 8;
/// The stream number of standard error.
const STDERR: u8 = 2;
/// The stream number of the engine's own messages, for parts of the log that it cannot read.
const SYSTEM_ERROR: u8 = 3;
/// Longest frame in bytes. Engines split at 16 KiB; a logging driver may not.
const LONGEST: usize = 4 << 20;

/// Decodes a log response into lines.
#[derive(Debug)]
pub(super) struct Pieces {
    /// Received bytes that were not decoded yet.
    pub(super) body: BytesMut,
    /// Set for a container with a terminal.
    terminal: Option<Terminal>,
    assembler: Assembler,
}

impl Pieces {
    /// A decoder without input; with `is_terminal` the input is plain text without frames.
    pub(super) fn new(is_terminal: bool, assembler: Assembler) -> Self {
        Self {
            body: BytesMut::new(),
            terminal: is_terminal.then(Terminal::default),
            assembler,
        }
    }

    /// Assembles lines as Podman splits them.
    pub(super) const fn expect_podman(&mut self) {
        self.assembler.expect_podman();
    }

    /// Decodes all complete frames.
    ///
    /// # Errors
    /// When the input is not a log.
    pub(super) fn decode(&mut self, ready: &mut VecDeque<SourceLine>) -> Result<(), EngineError> {
        if let Some(terminal) = &mut self.terminal {
            let lines = terminal.push(&self.body.split());
            for record in terminal::records(&lines) {
                self.assembler.push(LogStream::Stdout, record, ready);
            }
            return Ok(());
        }
        while let Some((header, rest)) = self.body.split_first_chunk::<HEADER>() {
            let [stream, _, _, _, length @ ..] = *header;
            let length = u32::from_be_bytes(length) as usize;
            if stream > SYSTEM_ERROR || length > LONGEST {
                return Err(not_a_log());
            }
            let Some(piece) = rest.get(..length) else {
                return Ok(());
            };
            let stream = match stream {
                STDERR | SYSTEM_ERROR => LogStream::Stderr,
                _ => LogStream::Stdout,
            };
            self.assembler.push(stream, piece, ready);
            self.body.advance(HEADER + length);
        }
        Ok(())
    }

    /// Decodes what is left at the end of the stream.
    pub(super) fn finish(&mut self, ready: &mut VecDeque<SourceLine>) {
        if let Some(terminal) = &mut self.terminal {
            for record in terminal::records(&terminal.finish()) {
                self.assembler.push(LogStream::Stdout, record, ready);
            }
        }
        self.assembler.finish(ready);
    }
}

fn not_a_log() -> EngineError {
    EngineError::Failed("what the engine sends is no log".to_owned())
}
