//! Lines that follow one another, from an engine on this machine.

use super::{
    super::super::{EngineError, SourceLine},
    assemble::Assembler,
    rest::Rest,
    wire::Answer,
};
use crate::model::LogStream;
use bytes::{Buf, BytesMut};
use futures::Stream;
use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

/// Bytes of what stands before each piece: the stream's number, three zeroes, its length.
const HEADER: usize = 8;
/// Longest piece that is waited for. Engines cut at 16 KiB; a logging driver may not.
const LONGEST: usize = 4 << 20;

/// Lines an engine may say while nobody listens: the kernel holds more than a hundred and fifty …
const UNHEARD_LINES: f64 = 64.0;
/// … and two hundred thousand bytes, with what it needs itself for each line.
const UNHEARD_BYTES: f64 = 48.0 * 1024.0;
/// The longest time for which nobody does. It is added to the time a line takes to its reader.
const LONGEST_REST: Duration = Duration::from_millis(10);

/// Lines as an engine writes them to a connection of its own.
///
/// Between two looks at it the engine is left to itself, for as long as the kernel can hold what it
/// says meanwhile: to be woken by every line costs more than all that is done with it.
#[derive(Debug)]
pub(super) struct LocalLines {
    answer: Answer,
    pieces: Pieces,
    ready: VecDeque<SourceLine>,
    is_over: bool,
    /// Lines and bytes since a moment, by which it is judged how fast they come.
    pace: (usize, usize, Instant),
    /// For how long the engine is left to itself.
    pause: Duration,
    /// While it is. Absent where the kernel has no timer for us: then it is not.
    rest: Option<Rest>,
}

impl LocalLines {
    /// The lines in `answer`; where the container has a terminal, it is nothing but them.
    pub(super) fn new(answer: Answer, is_terminal: bool, assembler: Assembler) -> Self {
        Self {
            answer,
            pieces: Pieces {
                body: BytesMut::new(),
                is_terminal,
                assembler,
            },
            ready: VecDeque::new(),
            is_over: false,
            pace: (0, 0, Instant::now()),
            pause: Duration::ZERO,
            rest: Rest::new().ok(),
        }
    }

    /// Leaves the engine to itself after so many lines and bytes were read, unless there is more.
    fn rest_after(&mut self, lines: usize, bytes: usize) {
        let now = Instant::now();
        let (lines_before, bytes_before, began) = self.pace;
        let (lines, bytes) = (lines_before + lines, bytes_before + bytes);
        self.pace = (lines, bytes, began);
        let time = now.duration_since(began);
        if time >= LONGEST_REST {
            self.pace = (0, 0, now);
            // After a rest that was too long there is more than should have been, and the next one
            // is shorter, until the engine is no longer held up.
            let part =
                (UNHEARD_LINES / lines.max(1) as f64).min(UNHEARD_BYTES / bytes.max(1) as f64);
            self.pause = time.mul_f64(part).min(LONGEST_REST);
        }
        let pause = self.pause;
        if self.answer.is_drained() {
            self.rest.take_if(|rest| rest.begin(pause).is_err());
        }
    }
}

impl Stream for LocalLines {
    type Item = Result<SourceLine, EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(line) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(line)));
            }
            if this.is_over {
                return Poll::Ready(None);
            }
            if let Some(rest) = &mut this.rest {
                ready!(rest.poll_over(cx));
            }
            let before = this.pieces.body.len();
            let read = ready!(this.answer.poll_read(cx, &mut this.pieces.body));
            let bytes = this.pieces.body.len() - before;
            let put = |more| this.pieces.put_together(&mut this.ready).map(|()| more);
            match read.and_then(put) {
                Ok(true) => this.rest_after(this.ready.len(), bytes),
                Ok(false) => {
                    this.is_over = true;
                    this.pieces.finish(&mut this.ready);
                }
                Err(error) => {
                    this.is_over = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

/// What an engine sends, until it is lines.
#[derive(Debug)]
struct Pieces {
    body: BytesMut,
    is_terminal: bool,
    assembler: Assembler,
}

impl Pieces {
    /// Takes all pieces that are there as a whole.
    fn put_together(&mut self, ready: &mut VecDeque<SourceLine>) -> Result<(), EngineError> {
        if self.is_terminal {
            let end = memchr::memrchr(b'\n', &self.body).map_or(0, |at| at + 1);
            let end = if self.body.len() > LONGEST {
                self.body.len()
            } else {
                end
            };
            self.assembler
                .push_terminal(&self.body.split_to(end), ready);
            return Ok(());
        }
        while let Some((header, rest)) = self.body.split_first_chunk::<HEADER>() {
            let [stream, _, _, _, length @ ..] = *header;
            let length = u32::from_be_bytes(length) as usize;
            if stream > 2 || length > LONGEST {
                return Err(EngineError::Failed(
                    "what the engine sends is no log".to_owned(),
                ));
            }
            let Some(piece) = rest.get(..length) else {
                return Ok(());
            };
            let stream = if stream == 2 {
                LogStream::Stderr
            } else {
                LogStream::Stdout
            };
            self.assembler.push(stream, piece, ready);
            self.body.advance(HEADER + length);
        }
        Ok(())
    }

    /// Takes what is left when no more comes.
    fn finish(&mut self, ready: &mut VecDeque<SourceLine>) {
        if self.is_terminal {
            self.assembler.push_terminal(&self.body.split(), ready);
        }
        self.assembler.finish(ready);
    }
}
