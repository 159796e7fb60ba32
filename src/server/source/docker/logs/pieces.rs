//! What an engine sends of a log, until it is lines: pieces with a header each, or, of a terminal,
//! nothing but text.

use super::{
    super::super::{EngineError, SourceLine},
    assemble::Assembler,
    terminal::{self, Terminal},
};
use crate::model::LogStream;
use bytes::{Buf, BytesMut};
use std::collections::VecDeque;

/// Bytes of what stands before each piece: the stream's number, three zeroes, its length.
const HEADER: usize = 8;
/// The number of standard error.
const STDERR: u8 = 2;
/// That of the engine's own words, when it cannot read a part of the log.
const SYSTEM_ERROR: u8 = 3;
/// Longest piece that is waited for. Engines cut at 16 KiB; a logging driver may not.
const LONGEST: usize = 4 << 20;

/// What an engine sends, until it is lines.
#[derive(Debug)]
pub(super) struct Pieces {
    /// What has come and is not taken yet.
    pub(super) body: BytesMut,
    /// Where the container has one.
    terminal: Option<Terminal>,
    assembler: Assembler,
}

impl Pieces {
    /// Nothing yet; where the container has a terminal, what comes is nothing but lines.
    pub(super) fn new(is_terminal: bool, assembler: Assembler) -> Self {
        Self {
            body: BytesMut::new(),
            terminal: is_terminal.then(Terminal::default),
            assembler,
        }
    }

    /// The engine is Podman.
    pub(super) const fn expect_podman(&mut self) {
        self.assembler.expect_podman();
    }

    /// Takes all pieces that are there as a whole.
    ///
    /// # Errors
    /// When it is no log.
    pub(super) fn put_together(
        &mut self,
        ready: &mut VecDeque<SourceLine>,
    ) -> Result<(), EngineError> {
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
                return Err(no_log());
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

    /// Takes what is left when no more comes.
    pub(super) fn finish(&mut self, ready: &mut VecDeque<SourceLine>) {
        if let Some(terminal) = &mut self.terminal {
            for record in terminal::records(&terminal.finish()) {
                self.assembler.push(LogStream::Stdout, record, ready);
            }
        }
        self.assembler.finish(ready);
    }
}

fn no_log() -> EngineError {
    EngineError::Failed("what the engine sends is no log".to_owned())
}
