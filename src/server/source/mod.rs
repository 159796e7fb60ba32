//! Sources: where figures come from. The only modules that name an engine's or a vendor's types.
//!
//! A source runs as a task, tells what it sees through its [`Observer`], and never ends on its own
//! account: when it loses what it observes, it says so and tries again.

mod cgroup;
mod counters;
pub mod demo;
mod details;
pub mod docker;
mod inspect;
pub(in crate::server) mod redact;
mod sampler;
mod secrets;
pub mod system;

use super::clock;
use crate::model::{
    Action, ActionOptions, Container, ContainerDetails, ContainerId, ContainerStats,
    ContainersDelta, HostId, HostMetrics, LogPosition, LogStream, Machine, Processes, SourceKind,
    SourceState, SourceStatus, Timestamp, Update,
};
use async_trait::async_trait;
use futures::stream::BoxStream;
use std::{fmt, sync::Arc};
use thiserror::Error;
use tokio::sync::mpsc;

/// Whether a source answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Which source.
    pub source: SourceKind,
    /// Whether it answers.
    pub state: SourceState,
    /// Why not and what to do, for people.
    pub message: Option<String>,
    /// Where it is reached.
    pub endpoint: Option<String>,
    /// What answers there, e.g. `Docker 27.3.1`.
    pub version: Option<String>,
    /// The machine it runs on, when it describes it.
    pub machine: Option<Machine>,
}

/// Updates that may wait for the collector. It only computes, so a backlog this long means that the
/// machine is overloaded; sources then wait, which is what they should do.
pub const UPDATE_BACKLOG: usize = 256;

/// Where a source publishes what it observes of its host.
#[derive(Clone, Debug)]
pub struct Observer {
    host: HostId,
    collector: mpsc::Sender<Update>,
}

impl Observer {
    /// Sends what is observed of `host` to `collector`.
    pub const fn new(host: HostId, collector: mpsc::Sender<Update>) -> Self {
        Self { host, collector }
    }

    /// The host whose source this is.
    pub const fn host(&self) -> HostId {
        self.host
    }

    /// These are all containers that there are.
    pub fn containers(&self, list: Vec<Container>) -> Update {
        Update::Containers {
            timestamp: clock::now(),
            host: self.host,
            data: list.into_iter().map(Arc::new).collect(),
        }
    }

    /// These containers changed or are gone.
    pub fn changed(&self, delta: ContainersDelta) -> Update {
        Update::ContainersDelta {
            timestamp: clock::now(),
            host: self.host,
            delta,
        }
    }

    /// Figures of all running containers, read at `timestamp`.
    pub fn stats(&self, timestamp: Timestamp, stats: Vec<ContainerStats>) -> Update {
        Update::Stats {
            timestamp,
            host: self.host,
            data: stats.into_iter().map(Arc::new).collect(),
        }
    }

    /// The host's own figures, read now.
    pub fn metrics(&self, metrics: HostMetrics) -> Update {
        Update::Metrics {
            timestamp: clock::now(),
            host: self.host,
            data: Arc::new(metrics),
        }
    }

    /// Whether the source answers.
    pub fn status(&self, status: Status) -> Update {
        Update::Source(SourceStatus {
            host: self.host,
            source: status.source,
            state: status.state,
            since: clock::now(),
            last_seen: None,
            message: status.message,
            endpoint: status.endpoint,
            version: status.version,
            machine: status.machine,
        })
    }

    /// Sends `update` to the collector, waiting while it is busy. After shutdown nothing receives it,
    /// which is fine.
    pub async fn observe(&self, update: Update) {
        let _ = self.collector.send(update).await;
    }
}

/// What can be asked of an engine about one container.
#[async_trait]
pub trait Engine: fmt::Debug + Send + Sync {
    /// Does `action` and returns when the engine has said that it is done.
    async fn act(
        &self,
        id: ContainerId,
        action: Action,
        options: &ActionOptions,
    ) -> Result<(), EngineError>;

    /// Everything the engine knows of the container, with secrets masked.
    async fn inspect(&self, id: ContainerId) -> Result<serde_json::Value, EngineError>;

    /// What of that its page shows.
    async fn details(&self, id: ContainerId) -> Result<ContainerDetails, EngineError> {
        Ok(details::read(&self.inspect(id).await?))
    }

    /// Its processes: titles of the columns and rows of text.
    async fn top(&self, id: ContainerId) -> Result<Processes, EngineError>;

    /// Its log, oldest line first. The stream ends with the log, or never when `query.follow`.
    async fn logs(&self, id: ContainerId, query: &LogQuery) -> Result<LogLines, EngineError>;
}

/// A log that can be read, of one workload.
#[async_trait]
pub trait LogSource: fmt::Debug + Send + Sync {
    /// The log, oldest line first. The stream ends with the log, or never when `query.follow`.
    async fn read(&self, query: &LogQuery) -> Result<LogLines, EngineError>;
}

/// The log of a container.
#[derive(Debug)]
pub struct ContainerLog {
    /// The engine that keeps it.
    pub engine: Arc<dyn Engine>,
    /// The container.
    pub id: ContainerId,
}

#[async_trait]
impl LogSource for ContainerLog {
    async fn read(&self, query: &LogQuery) -> Result<LogLines, EngineError> {
        self.engine.logs(self.id, query).await
    }
}

/// Lines as the engine tells them. After an error nothing follows.
pub type LogLines = BoxStream<'static, Result<SourceLine, EngineError>>;

/// Which part of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Only this many of the last records, of which a long line has several: the first line may
    /// lack its beginning.
    pub tail: Option<u32>,
    /// Only lines written at or after this time.
    pub since: Option<Timestamp>,
    /// Only lines written before this time.
    pub until: Option<Timestamp>,
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
    /// Go on with new lines as they are written.
    pub follow: bool,
    /// A line that was passed on though it had no end, as its run ended there.
    pub ended: Option<EndedLine>,
}

/// A line that was passed on without an end: with engines that do not say where a run ends, the next
/// run's first line would seem to go on with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedLine {
    /// Where it is.
    pub position: LogPosition,
    /// How many records it has.
    pub records: u32,
}

impl LogQuery {
    /// Whether it asks for `line`, by its stream and its time. A line without a time is asked for.
    pub fn is_of_interest(&self, line: &SourceLine) -> bool {
        let is_of_stream = match line.stream {
            LogStream::Stdout => self.stdout,
            LogStream::Stderr => self.stderr,
        };
        is_of_stream
            && line.timestamp().is_none_or(|at| {
                self.since.is_none_or(|since| at >= since)
                    && self.until.is_none_or(|until| at < until)
            })
    }
}

/// One line of a log as the engine tells it, without its line end; what is not UTF-8 is replaced,
/// and secrets are masked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceLine {
    /// When it was written, in nanoseconds since the Unix epoch by the engine's clock; absent when
    /// the engine does not tell. Engines do not name lines otherwise.
    pub nanos: Option<i64>,
    /// Where it was written.
    pub stream: LogStream,
    /// The text.
    pub line: String,
    /// What it was put together from.
    pub assembly: Assembly,
    /// Which line of its stream and time it is, from 1; 0 where that is not known, as with an engine.
    pub ordinal: u32,
}

/// What a line was put together from. Engines store a long line as several records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assembly {
    /// How many records, which is what engines count in [`LogQuery::tail`].
    pub records: u32,
    /// The log ended before the line did: it may go on once more is written.
    pub is_open: bool,
    /// The time, in nanoseconds, of the oldest line that had begun by then and had not ended: what
    /// comes of it later has that time.
    pub open_since: Option<i64>,
}

impl Default for Assembly {
    /// One record, which is the whole line.
    fn default() -> Self {
        Self {
            records: 1,
            is_open: false,
            open_since: None,
        }
    }
}

impl SourceLine {
    /// Where it is in the log, if that is known.
    pub fn position(&self) -> Option<LogPosition> {
        let nanos = self.nanos.filter(|_| self.ordinal > 0)?;
        Some(LogPosition {
            nanos,
            stream: self.stream,
            ordinal: self.ordinal,
        })
    }

    /// When it was written, as far as the wire knows times.
    pub fn timestamp(&self) -> Option<Timestamp> {
        let ms = |nanos: i64| Timestamp::from_millis(nanos.div_euclid(NANOS_PER_MS));
        self.nanos.map(ms)
    }
}

/// Nanoseconds of a millisecond.
pub const NANOS_PER_MS: i64 = 1_000_000;

/// Why an engine did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Everything is already as it was asked for.
    #[error("nothing to do")]
    NotModified,
    /// It has no such container.
    #[error("no such container")]
    NotFound,
    /// The container's state stands against it.
    #[error("{0}")]
    Conflict(String),
    /// It did not understand.
    #[error("{0}")]
    Invalid(String),
    /// It, or a proxy in front of it, does not allow this call, which is named.
    #[error("{0}")]
    Forbidden(String),
    /// It cannot be reached.
    #[error("the engine cannot be reached: {0}")]
    Unavailable(String),
    /// It took too long.
    #[error("the engine did not answer in time")]
    Timeout,
    /// It cannot do that for this container, whenever it is asked.
    #[error("{0}")]
    Unsupported(String),
    /// It failed, or answered what it should not.
    #[error("{0}")]
    Failed(String),
}

impl EngineError {
    /// The engine's own words, where there are any.
    fn message(&self) -> Option<&str> {
        match self {
            Self::Conflict(message)
            | Self::Invalid(message)
            | Self::Forbidden(message)
            | Self::Unavailable(message)
            | Self::Unsupported(message)
            | Self::Failed(message) => Some(message),
            Self::NotModified | Self::NotFound | Self::Timeout => None,
        }
    }

    /// The same with other words.
    fn map_message(mut self, map: impl FnOnce(&str) -> String) -> Self {
        match &mut self {
            Self::Conflict(message)
            | Self::Invalid(message)
            | Self::Forbidden(message)
            | Self::Unavailable(message)
            | Self::Unsupported(message)
            | Self::Failed(message) => *message = map(message),
            Self::NotModified | Self::NotFound | Self::Timeout => {}
        }
        self
    }
}
