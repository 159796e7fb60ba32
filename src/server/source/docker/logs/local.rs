//! Lines that follow one another, from an engine on this machine.

use super::{
    super::super::{EngineError, SourceLine},
    assemble::Assembler,
    wire::Answer,
};
use crate::model::LogStream;
use bytes::{Buf, BytesMut};
use futures::Stream;
use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Bytes of what stands before each piece: the stream's number, three zeroes, its length.
const HEADER: usize = 8;
/// Longest piece that is waited for. Engines cut at 16 KiB; a logging driver may not.
const LONGEST: usize = 4 << 20;

/// Lines as an engine writes them to a connection of its own.
#[derive(Debug)]
pub(super) struct LocalLines {
    answer: Answer,
    pieces: Pieces,
    ready: VecDeque<SourceLine>,
    is_over: bool,
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
            let read = ready!(this.answer.poll_read(cx, &mut this.pieces.body));
            // What came before it was cut came all the same.
            let put = this.pieces.put_together(&mut this.ready);
            match read.and_then(|more| put.map(|()| more)) {
                Ok(true) => {}
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
