//! Lines that follow one another, from an engine on this machine.

use super::{
    super::super::{EngineError, SourceLine},
    assemble::Assembler,
    pieces::Pieces,
    rest::Rest,
    wire::Answer,
};
use futures::Stream;
use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};
use tokio::task::coop::poll_proceed;

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
    /// What ended it, until that is told after the last line.
    failure: Option<EngineError>,
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
            pieces: Pieces::new(is_terminal, assembler),
            ready: VecDeque::new(),
            is_over: false,
            failure: None,
            pace: (0, 0, Instant::now()),
            pause: Duration::ZERO,
            rest: Rest::new().ok(),
        }
    }

    /// Waits until the engine has begun to answer.
    ///
    /// # Errors
    /// Why there is no log.
    pub(super) async fn begin(&mut self) -> Result<(), EngineError> {
        poll_fn(|cx| self.answer.poll_begin(cx, &mut self.pieces.body)).await?;
        self.put_together()
    }

    fn put_together(&mut self) -> Result<(), EngineError> {
        if self.answer.is_podman() {
            self.pieces.expect_podman();
        }
        self.pieces.put_together(&mut self.ready)
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
                return Poll::Ready(this.failure.take().map(Err));
            }
            if let Some(rest) = &mut this.rest {
                ready!(rest.poll_over(cx));
            }
            // An engine may have more than can be read, and others want to run as well.
            let turn = ready!(poll_proceed(cx));
            let before = this.pieces.body.len();
            let read = ready!(this.answer.poll_read(cx, &mut this.pieces.body));
            let bytes = this.pieces.body.len() - before;
            match read.and_then(|more| this.put_together().map(|()| more)) {
                Ok(true) => {
                    turn.made_progress();
                    this.rest_after(this.ready.len(), bytes);
                }
                Ok(false) => {
                    this.is_over = true;
                    this.pieces.finish(&mut this.ready);
                }
                Err(error) => {
                    this.is_over = true;
                    this.failure = Some(error);
                }
            }
        }
    }
}
