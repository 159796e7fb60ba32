//! The engine's event stream, kept open for as long as there is a session.
//!
//! Lines go in, events come out. A line that cannot be read is skipped and the stream is kept; a
//! stream that is lost is opened again after a growing pause, from the newest line on, so that no
//! line is asked for twice because it was unreadable.

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

/// Longest event: the labels of one container and a few words.
const LONGEST_EVENT: usize = 1 << 20;
/// Bytes of one event after which its end is no longer waited for. To skip on costs a core for as
/// long as the engine writes.
const ENDLESS: usize = 16 << 20;
/// What one event may take from its first byte to its last. Engines write an event at once.
const EVENT_TIMEOUT: Duration = Duration::from_secs(5);
/// A stream that has lived for so long works: as long as the longest pause between two tries.
const SETTLED: Duration = Duration::from_secs(5);
/// Losses in a row from which on the stream does not work. An engine that restarts loses it once,
/// and a proxy in between once more.
const TOLERATED_LOSSES: u32 = 2;

/// What the stream brought.
#[derive(Debug)]
pub(super) enum Received {
    /// An event.
    Event(Message),
    /// A line that is no event; why not.
    Skipped(&'static str),
    /// The stream was lost and will be opened again after this pause.
    Lost(Duration),
    /// The stream works.
    Settled,
}

/// The engine's event stream.
pub(super) struct Events {
    api: Api,
    state: State,
    ready: VecDeque<Line>,
    /// From when on the stream is opened again, by the engine's clock.
    since: Timestamp,
    backoff: Backoff,
    losses: u32,
    /// Why the stream does not work.
    trouble: Option<ReadError>,
}

enum State {
    Waiting {
        until: Instant,
    },
    Opening {
        answer: BoxFuture<'static, Result<Incoming, ReadError>>,
        since: Instant,
        is_settled: bool,
    },
    Open {
        body: Incoming,
        lines: Lines,
        since: Instant,
        is_settled: bool,
        /// When the line that has no end yet began.
        begun: Option<Instant>,
    },
}

impl Events {
    /// The events from `since` on. Nothing is asked before the first [`Self::next`].
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
            trouble: None,
        }
    }

    /// Engine time of the newest line.
    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    /// Why events do not come, unless they do. Set while the stream cannot be opened or is lost again
    /// and again, until it works.
    pub(super) fn trouble(&self) -> Option<&ReadError> {
        self.trouble.as_ref()
    }

    /// Waits for what comes next. Cancel safe.
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
                        is_settled: false,
                    };
                }
                State::Opening {
                    answer,
                    since,
                    is_settled,
                } => {
                    let is_silent = self.api.sends_no_head();
                    let answer = tokio::select! {
                        answer = answer => answer,
                        () = settle(*since, *is_settled), if is_silent => {
                            *is_settled = true;
                            return self.settled();
                        }
                        () = sleep_until(*since + CALL_TIMEOUT), if !is_silent => {
                            Err(ReadError::Overdue(STREAM))
                        }
                    };
                    match answer {
                        Ok(body) => {
                            self.state = State::Open {
                                body,
                                lines: Lines::new(LONGEST_EVENT),
                                since: *since,
                                is_settled: *is_settled,
                                begun: None,
                            }
                        }
                        Err(error) => return self.lost(error),
                    }
                }
                State::Open {
                    body,
                    lines,
                    since,
                    is_settled,
                    begun,
                } => {
                    let piece = tokio::select! {
                        piece = api::frame(body) => piece,
                        () = settle(*since, *is_settled) => {
                            *is_settled = true;
                            return self.settled();
                        }
                        () = expire(*begun) => return self.lost(endless()),
                    };
                    let piece = match piece {
                        Some(Ok(piece)) => piece,
                        Some(Err(error)) => return self.lost(Error::from(error).into()),
                        None => return self.lost(ReadError::Unreadable(STREAM, "it has ended")),
                    };
                    if take(lines, &piece, &mut self.ready, begun) > ENDLESS {
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

    fn settled(&mut self) -> Received {
        self.backoff.reset();
        self.losses = 0;
        self.trouble = None;
        Received::Settled
    }

    fn lost(&mut self, error: ReadError) -> Received {
        if is_unfinished(&self.state) {
            // What cannot be read to its end is not asked for again.
            self.since = self.since.max(clock::now());
        }
        let pause = self.backoff.next(fastrand::f64());
        self.losses = self.losses.saturating_add(1);
        let is_refused = matches!(
            error,
            ReadError::Engine(Error::DockerResponseServerError { .. })
        );
        if is_refused || self.losses > TOLERATED_LOSSES {
            self.trouble = Some(error);
        }
        self.state = State::Waiting {
            until: Instant::now() + pause,
        };
        Received::Lost(pause)
    }
}

/// What the stream is called in errors.
const STREAM: &str = "the event stream";

fn endless() -> ReadError {
    ReadError::Unreadable(STREAM, "an event in it has no end")
}

/// Takes a piece of the stream; how many bytes the line that has no end yet has by now.
fn take(
    lines: &mut Lines,
    piece: &Bytes,
    ready: &mut VecDeque<Line>,
    begun: &mut Option<Instant>,
) -> usize {
    let before = ready.len();
    lines.push(piece, ready);
    let is_another = ready.len() > before;
    let unfinished = lines.unfinished();
    if unfinished == 0 {
        *begun = None;
    } else if is_another || begun.is_none() {
        *begun = Some(Instant::now());
    }
    unfinished
}

fn is_unfinished(state: &State) -> bool {
    matches!(state, State::Open { begun: Some(_), .. })
}

/// Until a stream asked for at `since` has lived long enough; never when that is known already.
async fn settle(since: Instant, is_settled: bool) {
    if is_settled {
        return std::future::pending().await;
    }
    sleep_until(since + SETTLED).await;
}

async fn expire(begun: Option<Instant>) {
    match begun {
        Some(begun) => sleep_until(begun + EVENT_TIMEOUT).await,
        None => std::future::pending().await,
    }
}
