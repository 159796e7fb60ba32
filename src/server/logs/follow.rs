//! Follows the log of one container across restarts of the container and failures of the engine.
//!
//! The last lines are read by a separate query, whose end shows that they are complete. After that, and
//! after every interruption, the engine's stream is opened at the last known line, and `Resumption` drops
//! the lines that are already known. Whether the container runs and the engine is reachable is read from
//! the hub, because a silent stream is not an error.

mod history;
mod probe;
mod reading;
mod situation;

use super::{
    position::{Step, Tracker},
    stream::Stream,
    trouble,
};
use crate::{
    model::LogEndReason,
    server::{
        backoff::Backoff,
        hub::Viewer,
        source::{EngineError, LogQuery, LogSource, SourceLine},
    },
};
use futures::{FutureExt, StreamExt};
use reading::Reading;
use situation::Situation;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout},
};

/// How long lines are gathered before readers are woken. The delay is not noticeable and halves the cost
/// of a busy container.
const GATHER: Duration = Duration::from_millis(10);
/// Bytes after which gathered lines are published at once.
const BATCH_BYTES: usize = 32 * 1024;
/// The same in lines; also the most lines that are taken before other events are handled.
const BATCH_LINES: usize = 500;
/// Records requested from the engine to resume: usually few were written in the meantime, and without a
/// limit an engine reads a long log from its beginning. If these are not enough, all are requested.
const RESUME_TAIL: u32 = 2_000;
/// How long to wait for the last known line once younger lines have arrived.
const HOLD: Duration = Duration::from_secs(1);
/// How long an engine may take to send a log's last lines.
const HISTORY: Duration = Duration::from_secs(30);
/// How long to keep reading the stream of a stopped container, because some of these streams never end.
const LEAVING: Duration = Duration::from_secs(3);

/// How long an engine may take to repeat the last known line if it is among the last records.
const REPEAT: Duration = Duration::from_secs(10);
/// How long a stream must last without a new line for the log to count as readable. The engine repeats the
/// last known line at once.
const CALM: Duration = Duration::from_secs(2);

/// Follows the log of one workload.
pub(super) struct Follower {
    viewer: Viewer,
    log: Arc<dyn LogSource>,
    stream: Arc<Stream>,
    changes: watch::Receiver<u64>,
    readers: watch::Receiver<()>,
    /// The position of the last published line.
    tracker: Tracker,
    /// Whether the last lines have been read.
    has_begun: bool,
    /// Whether readers were notified that the container has stopped, with no line since.
    has_stopped: bool,
    backoff: Backoff,
}

/// How the reading of a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    /// The stream ended, or the follower stopped waiting for its end.
    Ended,
    /// The last known line did not arrive.
    Lost,
}

impl Follower {
    pub(super) fn new(viewer: Viewer, log: Arc<dyn LogSource>, stream: Arc<Stream>) -> Self {
        Self {
            changes: viewer.changes(),
            readers: stream.readers.subscribe(),
            viewer,
            log,
            stream,
            tracker: Tracker::default(),
            has_begun: false,
            has_stopped: false,
            backoff: Backoff::default(),
        }
    }

    /// Follows until the container is removed.
    pub(super) async fn run(mut self) {
        loop {
            let situation = self.situation();
            match situation {
                Situation::Removed => {
                    return self
                        .stream
                        .publish_end(LogEndReason::ContainerRemoved, None);
                }
                Situation::EngineDown => {
                    let trouble = &self.stream.trouble;
                    trouble.begin("the engine cannot be reached", trouble::ENGINE);
                    self.until_other(situation).await;
                }
                Situation::Running(_) | Situation::Stopped(_) => self.pass(situation).await,
            }
        }
    }

    /// Reads the existing lines, and new ones while the container runs.
    async fn pass(&mut self, situation: Situation) {
        let is_running = matches!(situation, Situation::Running(_));
        self.has_stopped &= !is_running;
        let trouble = &self.stream.trouble;
        trouble.begin(&EngineError::Timeout.to_string(), trouble::ATTEMPT);
        let read = self.read(is_running).await;
        if read.is_ok() {
            self.stream.end_trouble();
        }
        match read {
            Ok(()) if is_running => self.pause(situation).await,
            Ok(()) => {
                if self.situation() == situation {
                    // The stop may be reported twice: by an event, and later with the exact time in the
                    // details.
                    if !std::mem::replace(&mut self.has_stopped, true) {
                        self.stream
                            .publish_end(LogEndReason::ContainerStopped, None);
                    }
                    self.until_other(situation).await;
                }
            }
            Err(EngineError::Unsupported(message) | EngineError::Forbidden(message)) => {
                self.stream.end_trouble();
                self.stream
                    .publish_end(LogEndReason::Unreadable, Some(message));
                self.until_other(situation).await;
            }
            Err(error) => {
                tracing::debug!(workload = %self.stream.id.key, %error, "log cut");
                let trouble = &self.stream.trouble;
                trouble.begin(&error.to_string(), trouble::ATTEMPT);
                self.pause(situation).await;
            }
        }
    }

    async fn read(&mut self, follow: bool) -> Result<(), EngineError> {
        self.deepen().await?;
        let position = self.tracker.position();
        // The start of an unfinished line may be far before the last known line.
        let is_near = position.is_some_and(|position| !position.has_open_line());
        let tail = is_near.then_some(RESUME_TAIL);
        if self.read_from(follow, tail).await? == Read::Lost {
            self.read_from(follow, None).await?;
        }
        Ok(())
    }

    /// Reads from the last known line on, which must be among the last `tail` records.
    async fn read_from(&mut self, follow: bool, tail: Option<u32>) -> Result<Read, EngineError> {
        let position = self.tracker.position();
        let query = LogQuery {
            tail,
            since: position.map(|position| position.since()),
            until: None,
            stdout: true,
            stderr: true,
            follow,
            ended: position.and_then(|position| position.ended()),
        };
        let opening = self.log.read(&query);
        let opened = timeout(HISTORY, opening).await;
        let lines = opened.map_err(|_| EngineError::Timeout)??;
        let mut reading = Reading::new(lines, position, tail.is_some());
        let mut leaving = None;
        let mut has_trouble = true;
        let unanswered = Instant::now() + tail.map_or(HISTORY, |_| REPEAT);
        loop {
            let end = leaving;
            let is_calm = position.is_none() || reading.has_answered;
            let is_holding = reading.resumption.is_holding();
            tokio::select! {
                line = reading.lines.next() => match self.take(&mut reading, line).await? {
                    Some(Read::Lost) if tail.is_some() => return Ok(Read::Lost),
                    Some(Read::Lost) => self.tell_gap(&mut reading).await,
                    Some(Read::Ended) => return self.finish(reading, tail).await,
                    None => {}
                },
                () = sleep_until(reading.since + GATHER), if !reading.batch.is_empty() => {
                    self.flush(&mut reading).await;
                }
                () = sleep_until(reading.since + HOLD), if is_holding => {
                    if tail.is_some() {
                        return Ok(Read::Lost);
                    }
                    self.tell_gap(&mut reading).await;
                }
                () = readers_changed(&mut self.readers) => {
                    self.flush(&mut reading).await;
                    self.deepen().await?;
                }
                () = sleep_until(unanswered), if !is_calm => return Err(EngineError::Timeout),
                () = sleep_until(reading.probe.due()), if follow && is_calm => {
                    self.flush(&mut reading).await;
                    self.ask_for_newer(&mut reading.probe).await?;
                }
                () = sleep_until(reading.opened + CALM), if has_trouble && is_calm => {
                    has_trouble = self.is_engine_silent();
                    if !has_trouble {
                        self.stream.end_trouble();
                    }
                    reading.opened = Instant::now();
                }
                () = hub_changed(&mut self.changes), if follow => {
                    if self.is_engine_silent() {
                        has_trouble = true;
                        self.stream.trouble.begin("the engine does not answer", trouble::ENGINE);
                    }
                    leaving = match self.situation() {
                        Situation::EngineDown => return self.finish(reading, tail).await,
                        Situation::Running(_) => None,
                        _ => leaving.or(Some(Instant::now() + LEAVING)),
                    };
                }
                () = sleep_until(end.unwrap_or(reading.since)), if end.is_some() => {
                    return self.finish(reading, tail).await;
                }
            }
        }
    }

    /// Takes a line and all further lines that are ready.
    async fn take(
        &mut self,
        reading: &mut Reading,
        line: Option<Result<SourceLine, EngineError>>,
    ) -> Result<Option<Read>, EngineError> {
        let mut next = line;
        let mut left = BATCH_LINES;
        loop {
            match next {
                None => return Ok(Some(Read::Ended)),
                Some(Err(error)) => {
                    self.flush(reading).await;
                    return Err(error);
                }
                Some(Ok(line)) => match reading.judge(line) {
                    Step::Nothing => {}
                    Step::New(line) => self.accept(reading, line),
                    Step::Lost => return Ok(Some(Read::Lost)),
                },
            }
            left -= 1;
            // Checked before the next line is taken from the stream, which would otherwise be lost.
            if left == 0 || reading.bytes >= BATCH_BYTES {
                break;
            }
            match reading.lines.next().now_or_never() {
                Some(more) => next = more,
                None => return Ok(None),
            }
        }
        self.flush(reading).await;
        Ok(None)
    }

    fn accept(&mut self, reading: &mut Reading, mut line: SourceLine) {
        self.backoff.reset();
        self.has_stopped = false;
        self.tracker.pass(&mut line);
        self.stream.end_trouble();
        reading.bytes += line.line.len();
        reading.batch.push(line);
    }

    /// Publishes the gathered lines.
    async fn flush(&self, reading: &mut Reading) {
        reading.bytes = 0;
        self.stream
            .publish(std::mem::take(&mut reading.batch))
            .await;
    }

    /// The last known line is gone: publishes a gap and then the lines that were held back.
    async fn tell_gap(&mut self, reading: &mut Reading) {
        let held = reading.resumption.give_up();
        let from = self.tracker.position().map(|position| position.timestamp());
        let to = held.first().and_then(SourceLine::timestamp);
        self.stream.publish_gap(from, to);
        for line in held {
            self.accept(reading, line);
        }
        self.flush(reading).await;
    }

    async fn finish(
        &mut self,
        mut reading: Reading,
        tail: Option<u32>,
    ) -> Result<Read, EngineError> {
        if reading.resumption.is_holding() {
            if tail.is_some() {
                return Ok(Read::Lost);
            }
            self.tell_gap(&mut reading).await;
        }
        self.flush(&mut reading).await;
        Ok(Read::Ended)
    }
}

/// Waits until the state changes. The hub outlives every follower.
async fn hub_changed(changes: &mut watch::Receiver<u64>) {
    if changes.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits until readers are added, removed, or want older lines.
async fn readers_changed(readers: &mut watch::Receiver<()>) {
    if readers.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
