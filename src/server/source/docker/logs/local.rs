//! A log as a stream of lines, read from an engine on this machine over a connection of its own.

use super::{
    super::super::{EngineError, SourceLine},
    assemble::Assembler,
    pieces::Pieces,
    timer::FineTimer,
    wire::Response,
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

/// Lines that the kernel buffers of the engine's output in any case: it holds more than a hundred and fifty
/// …
const BUFFERED_LINES: f64 = 64.0;
/// … and two hundred thousand bytes, overhead per line included.
const BUFFERED_BYTES: f64 = 48.0 * 1024.0;
/// The longest pause between two reads. It is added to the latency of a line.
const MAX_PAUSE: Duration = Duration::from_millis(10);

/// The lines of a log as the engine writes them to a connection of its own.
///
/// Between two reads it pauses for as long as the kernel can buffer the engine's output: being woken per
/// line costs more than all processing of the line.
#[derive(Debug)]
pub(super) struct LocalLines {
    response: Response,
    pieces: Pieces,
    ready: VecDeque<SourceLine>,
    is_over: bool,
    /// The error that ended the stream, until it is returned after the last line.
    failure: Option<EngineError>,
    /// Lines and bytes read since the given time, to measure their rate.
    rate_window: (usize, usize, Instant),
    /// The current length of the pause.
    pause: Duration,
    /// Times the pause. `None` where the kernel provides no timer; then there are no pauses.
    timer: Option<FineTimer>,
}

impl LocalLines {
    /// The lines in `response`; with `is_terminal` its body is plain text without frames.
    pub(super) fn new(response: Response, is_terminal: bool, assembler: Assembler) -> Self {
        Self {
            response,
            pieces: Pieces::new(is_terminal, assembler),
            ready: VecDeque::new(),
            is_over: false,
            failure: None,
            rate_window: (0, 0, Instant::now()),
            pause: Duration::ZERO,
            timer: FineTimer::new().ok(),
        }
    }

    /// Waits until the engine begins to answer.
    ///
    /// # Errors
    /// Why there is no log.
    pub(super) async fn read_head(&mut self) -> Result<(), EngineError> {
        poll_fn(|cx| self.response.poll_head(cx, &mut self.pieces.body)).await?;
        self.decode()
    }

    fn decode(&mut self) -> Result<(), EngineError> {
        if self.response.is_podman() {
            self.pieces.expect_podman();
        }
        self.pieces.decode(&mut self.ready)
    }

    /// Pauses after `lines` and `bytes` were read, unless more is available.
    fn pause_after(&mut self, lines: usize, bytes: usize) {
        let now = Instant::now();
        let (lines_before, bytes_before, began) = self.rate_window;
        let (lines, bytes) = (lines_before + lines, bytes_before + bytes);
        self.rate_window = (lines, bytes, began);
        let time = now.duration_since(began);
        if time >= MAX_PAUSE {
            self.rate_window = (0, 0, now);
            // After a pause that was too long more has accumulated than allowed, and the next one is
            // shorter, until the engine is no longer blocked.
            let part =
                (BUFFERED_LINES / lines.max(1) as f64).min(BUFFERED_BYTES / bytes.max(1) as f64);
            self.pause = time.mul_f64(part).min(MAX_PAUSE);
        }
        let pause = self.pause;
        if self.response.is_drained() {
            self.timer.take_if(|timer| timer.start(pause).is_err());
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
            if let Some(timer) = &mut this.timer {
                ready!(timer.poll_elapsed(cx));
            }
            // An engine may write faster than this task can read; other tasks must run, too.
            let turn = ready!(poll_proceed(cx));
            let before = this.pieces.body.len();
            let read = ready!(this.response.poll_read(cx, &mut this.pieces.body));
            let bytes = this.pieces.body.len() - before;
            match read.and_then(|more| this.decode().map(|()| more)) {
                Ok(true) => {
                    turn.made_progress();
                    this.pause_after(this.ready.len(), bytes);
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
