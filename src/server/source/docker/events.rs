//! The engine's event stream, kept open during a session. Lines come in, events go out. A line that cannot
//! be read is skipped and the stream is kept; a lost stream is reopened with backoff, from the newest line
//! on, so that an unreadable line is not requested again.

use super::{
    api::{self, Api, CALL_TIMEOUT, Line, Lines, ReadError},
    event::{self, Message},
};
use crate::{
    model::Timestamp,
    server::{backoff::Backoff, clock},
};
use bollard::errors::Error;
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use hyper::body::Incoming;
use std::{collections::VecDeque, time::Duration};
use tokio::time::{Instant, sleep_until};

/// Longest event in bytes: the labels of one container and a few words.
const LONGEST_EVENT: usize = 1 << 20;
/// Length of an event, in bytes, after which the stream is given up. Skipping it takes CPU time for as long
/// as the engine writes.
const MAX_EVENT_SKIPPED: usize = 16 << 20;
/// Timeout from the first to the last byte of an event; engines write an event at once.
const EVENT_TIMEOUT: Duration = Duration::from_secs(5);
/// A stream open for this long is stable: as long as the longest backoff pause.
const STABLE_AFTER: Duration = Duration::from_secs(5);
/// Consecutive losses after which the stream counts as failing. An engine that restarts loses it once, and
/// a proxy in between once more.
const TOLERATED_LOSSES: u32 = 2;

/// The next result of the stream.
#[derive(Debug)]
pub(super) enum Received {
    /// An event.
    Event(Message),
    /// A line that is not an event, with the reason.
    Skipped(&'static str),
    /// The stream was lost and will be reopened after this pause.
    Lost(Duration),
    /// The stream has become stable.
    Stable,
}

/// The engine's event stream.
pub(super) struct Events {
    api: Api,
    state: State,
    ready: VecDeque<Line>,
    /// Engine time from which the stream is reopened.
    since: Timestamp,
    backoff: Backoff,
    losses: u32,
    /// Why the stream is failing.
    failure: Option<ReadError>,
}

enum State {
    Waiting {
        until: Instant,
    },
    Opening {
        answer: BoxFuture<'static, Result<Incoming, ReadError>>,
        since: Instant,
        is_stable: bool,
    },
    Open {
        body: Incoming,
        lines: Lines,
        since: Instant,
        is_stable: bool,
        /// When the incomplete line began.
        line_started: Option<Instant>,
    },
}

impl Events {
    /// The events from `since` on. Nothing is requested before the first [`Self::next`].
    pub(super) fn after(api: Api, since: Timestamp) -> Self {
        Self {
            api,
            state: State::Waiting {
                until: Instant::now(),
            },
            ready: VecDeque::new(),
            since,
            backoff: Backoff::default(),
            losses: 0,
            failure: None,
        }
    }

    /// Engine time of the newest line.
    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    /// Why no events arrive: set while the stream cannot be opened or is lost again and again, until it is
    /// stable.
    pub(super) fn failure(&self) -> Option<&ReadError> {
        self.failure.as_ref()
    }

    /// Waits for the next result. Cancel safe.
    pub(super) async fn next(&mut self) -> Received {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return self.read(line);
            }
            match &mut self.state {
                State::Waiting { until } => {
                    sleep_until(*until).await;
                    let api = self.api.clone();
                    let from = self.since;
                    self.state = State::Opening {
                        answer: async move { api.events(from).await }.boxed(),
                        since: Instant::now(),
                        is_stable: false,
                    };
                }
                State::Opening {
                    answer,
                    since,
                    is_stable,
                } => {
                    let is_silent = self.api.has_delayed_head();
                    let answer = tokio::select! {
                        answer = answer => answer,
                        () = until_stable(*since, *is_stable), if is_silent => {
                            *is_stable = true;
                            return self.stable();
                        }
                        () = sleep_until(*since + CALL_TIMEOUT), if !is_silent => {
                            Err(ReadError::TimedOut(STREAM))
                        }
                    };
                    match answer {
                        Ok(body) => {
                            self.state = State::Open {
                                body,
                                lines: Lines::new(LONGEST_EVENT),
                                since: *since,
                                is_stable: *is_stable,
                                line_started: None,
                            }
                        }
                        Err(error) => return self.lost(error),
                    }
                }
                State::Open {
                    body,
                    lines,
                    since,
                    is_stable,
                    line_started,
                } => {
                    let piece = tokio::select! {
                        piece = api::frame(body) => piece,
                        () = until_stable(*since, *is_stable) => {
                            *is_stable = true;
                            return self.stable();
                        }
                        () = line_timeout(*line_started) => return self.lost(endless()),
                    };
                    let piece = match piece {
                        Some(Ok(piece)) => piece,
                        Some(Err(error)) => return self.lost(Error::from(error).into()),
                        None => return self.lost(ReadError::Unreadable(STREAM, "it has ended")),
                    };
                    if take(lines, &piece, &mut self.ready, line_started) > MAX_EVENT_SKIPPED {
                        return self.lost(endless());
                    }
                }
            }
        }
    }

    fn read(&mut self, line: Line) -> Received {
        let now = clock::now();
        let message = match &line {
            Line::Text(text) => event::read(&String::from_utf8_lossy(text), now),
            Line::TooLong => None,
        };
        let at = message.as_ref().map_or(now, |message| message.at);
        self.since = self.since.max(at);
        match message {
            Some(message) => Received::Event(message),
            None if line == Line::TooLong => Received::Skipped("it is too long"),
            None => Received::Skipped("it is not an event"),
        }
    }

    fn stable(&mut self) -> Received {
        self.backoff.reset();
        self.losses = 0;
        self.failure = None;
        Received::Stable
    }

    fn lost(&mut self, error: ReadError) -> Received {
        if is_unfinished(&self.state) {
            // An incomplete line that never ended is not requested again.
            self.since = self.since.max(clock::now());
        }
        let pause = self.backoff.next(fastrand::f64());
        self.losses = self.losses.saturating_add(1);
        let is_refused = matches!(
            error,
            ReadError::Engine(Error::DockerResponseServerError { .. })
        );
        if is_refused || self.losses > TOLERATED_LOSSES {
            self.failure = Some(error);
        }
        self.state = State::Waiting {
            until: Instant::now() + pause,
        };
        Received::Lost(pause)
    }
}

/// Name of the stream in errors.
const STREAM: &str = "the event stream";

fn endless() -> ReadError {
    ReadError::Unreadable(STREAM, "an event in it has no end")
}

/// Adds a chunk of the stream; returns the length of the incomplete line in bytes.
fn take(
    lines: &mut Lines,
    piece: &Bytes,
    ready: &mut VecDeque<Line>,
    line_started: &mut Option<Instant>,
) -> usize {
    let before = ready.len();
    lines.push(piece, ready);
    let is_another = ready.len() > before;
    let unfinished = lines.unfinished();
    if unfinished == 0 {
        *line_started = None;
    } else if is_another || line_started.is_none() {
        *line_started = Some(Instant::now());
    }
    unfinished
}

fn is_unfinished(state: &State) -> bool {
    matches!(
        state,
        State::Open {
            line_started: Some(_),
            ..
        }
    )
}

/// Waits until a stream requested at `since` has been open long enough; forever when it is already stable.
async fn until_stable(since: Instant, is_stable: bool) {
    if is_stable {
        return std::future::pending().await;
    }
    sleep_until(since + STABLE_AFTER).await;
}

async fn line_timeout(line_started: Option<Instant>) {
    match line_started {
        Some(line_started) => sleep_until(line_started + EVENT_TIMEOUT).await,
        None => std::future::pending().await,
    }
}
