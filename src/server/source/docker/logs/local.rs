//! Lines that follow one another, from an engine on this machine.

use super::{
    super::super::{EngineError, SourceLine},
    assemble::Assembler,
    rest::Rest,
    terminal::{self, Terminal},
    wire::Answer,
};
use crate::model::LogStream;
use bytes::{Buf, BytesMut};
use futures::Stream;
use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};
use tokio::task::coop::poll_proceed;

/// Bytes of what stands before each piece: the stream's number, three zeroes, its length.
const HEADER: usize = 8;
/// The number of standard error.
const STDERR: u8 = 2;
/// That of the engine's own words, when it cannot read a part of the log.
const SYSTEM_ERROR: u8 = 3;
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
            pieces: Pieces {
                body: BytesMut::new(),
                terminal: is_terminal.then(Terminal::default),
                assembler,
            },
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
            self.pieces.assembler.expect_podman();
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

/// What an engine sends, until it is lines.
#[derive(Debug)]
struct Pieces {
    body: BytesMut,
    /// Where the container has one.
    terminal: Option<Terminal>,
    assembler: Assembler,
}

impl Pieces {
    /// Takes all pieces that are there as a whole.
    fn put_together(&mut self, ready: &mut VecDeque<SourceLine>) -> Result<(), EngineError> {
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
                return Err(super::no_log());
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
    fn finish(&mut self, ready: &mut VecDeque<SourceLine>) {
        if let Some(terminal) = &mut self.terminal {
            for record in terminal::records(&terminal.finish()) {
                self.assembler.push(LogStream::Stdout, record, ready);
            }
        }
        self.assembler.finish(ready);
    }
}

#[cfg(test)]
mod tests {
    use super::super::local_lines;
    use super::*;
    use crate::{
        model::ContainerId,
        server::source::{LogQuery, secrets::Secrets},
    };
    use futures::StreamExt;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::UnixListener,
    };

    const TIME: &str = "2026-01-02T03:04:05.678901234Z";

    fn piece(stream: u8, text: &str) -> Vec<u8> {
        let text = format!("{TIME} {text}");
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&[stream, 0, 0, 0], &length, text.as_bytes()].concat()
    }

    fn chunks(pieces: &[Vec<u8>]) -> Vec<u8> {
        let chunk = |piece: &Vec<u8>| {
            let size = format!("{:x}\r\n", piece.len());
            [size.as_bytes(), piece, b"\r\n"].concat()
        };
        pieces.iter().flat_map(chunk).collect()
    }

    /// What is read of an engine that says `body` in pieces of `cut` bytes and then hangs up: the
    /// lines, a word for each stream before them, and what ended it.
    async fn read(
        body: &[u8],
        cut: usize,
        is_terminal: bool,
    ) -> (Vec<String>, Option<EngineError>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let engine = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let asked = socket.read(&mut [0; 4_096]).await.unwrap();
            assert!(asked > 0);
            let head = &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..];
            for piece in [head, body].concat().chunks(cut) {
                if socket.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let query = LogQuery {
            follow: true,
            stdout: true,
            stderr: true,
            ..LogQuery::default()
        };
        let id = ContainerId::default();
        let client = async {
            let lines = local_lines(&path, id, &query, is_terminal, Secrets::default()).await;
            let all: Vec<_> = lines.unwrap().collect().await;
            let (mut lines, mut failure) = (Vec::new(), None);
            for line in all {
                assert_eq!(failure, None, "nothing follows a failure");
                match line {
                    Ok(line) => lines.push(format!("{:?} {}", line.stream, line.line)),
                    Err(error) => failure = Some(error),
                }
            }
            (lines, failure)
        };
        tokio::join!(engine, client).1
    }

    #[tokio::test]
    async fn lines_are_the_same_however_they_come() {
        let part = "3".repeat(16 * 1024);
        let pieces = [
            piece(1, "one\n"),
            piece(2, "two\n"),
            piece(1, &part),
            piece(1, "ee\n"),
        ];
        let ends = [&chunks(&pieces)[..], b"0\r\n\r\n"].concat();
        // The border of a chunk may be anywhere.
        let whole = pieces.concat();
        let (first, second) = whole.split_at(5);
        let elsewhere = chunks(&[first.to_vec(), second.to_vec()]);
        let elsewhere = [&elsewhere[..], b"0\r\n\r\n"].concat();
        for cut in [1, 7, 1_000] {
            for body in [&ends, &elsewhere] {
                let (lines, failure) = read(body, cut, false).await;
                let three = format!("Stdout {part}ee");
                assert_eq!(lines, ["Stdout one", "Stderr two", &three], "{cut}");
                assert_eq!(failure, None);
            }
        }
    }

    #[tokio::test]
    async fn a_cut_leaves_no_half_line_and_comes_after_the_lines() {
        let half = "h".repeat(16 * 1024);
        let body = chunks(&[piece(1, "one\n"), piece(1, &half)]);
        for cut in [1, 1_000] {
            let (lines, failure) = read(&body, cut, false).await;
            assert_eq!(lines, ["Stdout one"]);
            assert!(matches!(failure, Some(EngineError::Unavailable(_))));
        }
    }

    #[tokio::test]
    async fn what_the_engine_says_of_a_damaged_log_is_a_line_and_what_is_no_log_ends_it() {
        let damaged = chunks(&[
            piece(1, "one\n"),
            piece(3, "Error grabbing logs\n"),
            piece(1, "two\n"),
        ]);
        let (lines, _) = read(&damaged, 1_000, false).await;
        assert_eq!(
            lines,
            ["Stdout one", "Stderr Error grabbing logs", "Stdout two"]
        );
        let nonsense = chunks(&[piece(1, "one\n"), piece(9, "x\n")]);
        let (lines, failure) = read(&nonsense, 1_000, false).await;
        assert_eq!(lines, ["Stdout one"]);
        assert!(matches!(failure, Some(EngineError::Failed(_))));
    }

    #[tokio::test]
    async fn a_terminal_s_last_words_need_no_line_end() {
        let text = format!("{TIME} one\r\n{TIME} two").into_bytes();
        let body = [&chunks(&[text])[..], b"0\r\n\r\n"].concat();
        for cut in [1, 1_000] {
            let (lines, _) = read(&body, cut, true).await;
            assert_eq!(lines, ["Stdout one", "Stdout two"]);
        }
    }
}
