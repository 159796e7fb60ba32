//! Sources of observations: a Docker or Podman engine, the demo, and the host itself.
//!
//! The only modules that use an engine's or a vendor's types. A source runs as a task, sends what
//! it observes through its [`Observer`], and never ends on its own: when it loses what it observes,
//! it reports that and retries.

mod cgroup;
mod counters;
pub mod demo;
mod details;
pub mod docker;
mod inspect;
pub mod redact;
pub mod redactor;
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
use redactor::Redactor;
use std::{fmt, sync::Arc};
use thiserror::Error;
use tokio::sync::mpsc;

/// The state of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The kind of the source.
    pub source: SourceKind,
    /// Whether it is reachable.
    pub state: SourceState,
    /// A user-facing message: why it is not reachable and what to do about it.
    pub message: Option<String>,
    /// Its address.
    pub endpoint: Option<String>,
    /// Name and version, e.g. `Docker 27.3.1`.
    pub version: Option<String>,
    /// The machine that it runs on, if known.
    pub machine: Option<Machine>,
}

/// Updates that may wait for the collector. The collector only computes, so a backlog of this length means
/// that the machine is overloaded; sources then wait, which is intended backpressure.
pub const UPDATE_BACKLOG: usize = 256;

/// Sends the updates of a source about its host to the collector.
#[derive(Clone, Debug)]
pub struct Observer {
    host: HostId,
    collector: mpsc::Sender<Update>,
    redactor: Redactor,
}

impl Observer {
    /// An observer of `host` that sends to `collector`.
    pub fn new(host: HostId, collector: mpsc::Sender<Update>) -> Self {
        Self {
            host,
            collector,
            redactor: Redactor::default(),
        }
    }

    /// The source masks secrets with `redactor`.
    #[must_use]
    pub(in crate::server) fn masked_by(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// Masks secrets in what the source receives.
    const fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The host of the source.
    pub const fn host(&self) -> HostId {
        self.host
    }

    /// An update with the complete list of containers.
    pub fn containers(&self, list: Vec<Container>) -> Update {
        Update::Containers {
            timestamp: clock::now(),
            host: self.host,
            data: list.into_iter().map(Arc::new).collect(),
        }
    }

    /// An update with changed and removed containers.
    pub fn changed(&self, delta: ContainersDelta) -> Update {
        Update::ContainersDelta {
            timestamp: clock::now(),
            host: self.host,
            delta,
        }
    }

    /// An update with the stats of all running containers, read at `timestamp`.
    pub fn stats(&self, timestamp: Timestamp, stats: Vec<ContainerStats>) -> Update {
        Update::Stats {
            timestamp,
            host: self.host,
            data: stats.into_iter().map(Arc::new).collect(),
        }
    }

    /// An update with the host's metrics, read now.
    pub fn metrics(&self, metrics: HostMetrics) -> Update {
        Update::Metrics {
            timestamp: clock::now(),
            host: self.host,
            data: Arc::new(metrics),
        }
    }

    /// An update with the state of the source. Secrets in its message are masked.
    pub fn status(&self, status: Status) -> Update {
        let masked = |message: String| self.redactor.mask_text(&message).into_owned();
        Update::Source(SourceStatus {
            host: self.host,
            source: status.source,
            state: status.state,
            since: clock::now(),
            last_seen: None,
            message: status.message.map(masked),
            endpoint: status.endpoint,
            version: status.version,
            machine: status.machine,
        })
    }

    /// Sends `update` to the collector, and waits while its backlog is full. After shutdown the update is
    /// dropped.
    pub async fn observe(&self, update: Update) {
        let _ = self.collector.send(update).await;
    }
}

/// Requests to an engine about single containers.
#[async_trait]
pub trait Engine: fmt::Debug + Send + Sync {
    /// Performs `action`; returns when the engine has completed it.
    async fn act(
        &self,
        id: ContainerId,
        action: Action,
        options: &ActionOptions,
    ) -> Result<(), EngineError>;

    /// The engine's complete description of the container, with secrets masked.
    async fn inspect(&self, id: ContainerId) -> Result<serde_json::Value, EngineError>;

    /// The same description with the secrets of these `fields` ([`inspect::revealed`]), or with all secrets.
    /// The caller checks the right to it, and records it before.
    async fn reveal(
        &self,
        id: ContainerId,
        fields: Option<&[String]>,
    ) -> Result<serde_json::Value, EngineError>;

    /// The part of the description that the container's page shows.
    async fn details(&self, id: ContainerId) -> Result<ContainerDetails, EngineError> {
        Ok(details::read(&self.inspect(id).await?))
    }

    /// The processes of the container: column titles and rows of text.
    async fn top(&self, id: ContainerId) -> Result<Processes, EngineError>;

    /// The log of the container, oldest line first. The stream ends with the log, or never with
    /// `query.follow`.
    async fn logs(&self, id: ContainerId, query: &LogQuery) -> Result<LogLines, EngineError>;
}

/// The readable log of one workload.
#[async_trait]
pub trait LogSource: fmt::Debug + Send + Sync {
    /// The log, oldest line first. The stream ends with the log, or never with `query.follow`.
    async fn read(&self, query: &LogQuery) -> Result<LogLines, EngineError>;
}

/// The log of a container.
#[derive(Debug)]
pub struct ContainerLog {
    /// The engine of the container.
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

/// Lines of a log. Nothing follows after an error.
pub type LogLines = BoxStream<'static, Result<SourceLine, EngineError>>;

/// The part of a log that is requested.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Only this many of the last records. A long line has several, so the first line may lack its
    /// beginning.
    pub tail: Option<u32>,
    /// Only lines written at or after this time.
    pub since: Option<Timestamp>,
    /// Only lines written before this time.
    pub until: Option<Timestamp>,
    /// Whether to include standard output.
    pub stdout: bool,
    /// Whether to include standard error.
    pub stderr: bool,
    /// Whether to continue with new lines as they are written.
    pub follow: bool,
    /// A line that was returned without a line end, because its run ended there.
    pub ended: Option<EndedLine>,
}

/// A line that was returned without a line end. With engines that do not mark the end of a run, the first
/// line of the next run would otherwise be joined to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedLine {
    /// The position of the line.
    pub position: LogPosition,
    /// Number of its records.
    pub records: u32,
}

impl LogQuery {
    /// Whether `line` is within the requested streams and times. A line without a time always is.
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

/// One line of a log, without its line end, with invalid UTF-8 replaced and secrets masked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceLine {
    /// When it was written, in nanoseconds since the Unix epoch by the engine's clock; `None` when the
    /// engine reports no time. Engines have no other identity for lines.
    pub nanos: Option<i64>,
    /// The stream it was written to.
    pub stream: LogStream,
    /// The text.
    pub line: String,
    /// The records that it was assembled from.
    pub assembly: Assembly,
    /// Its number, from 1, among the lines of its stream and time; 0 while unknown, as from an engine.
    pub ordinal: u32,
}

/// How a line was assembled. Engines store a long line as several records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assembly {
    /// Number of records, which is what engines count for [`LogQuery::tail`].
    pub records: u32,
    /// Whether the log ended before the line did, so that the line may continue once more is written.
    pub is_open: bool,
    /// The time, in nanoseconds, of the oldest other line that had begun and was incomplete; its later
    /// records have that time.
    pub open_since: Option<i64>,
}

impl Default for Assembly {
    /// One record, which is the complete line.
    fn default() -> Self {
        Self {
            records: 1,
            is_open: false,
            open_since: None,
        }
    }
}

impl SourceLine {
    /// Its position in the log, if known.
    pub fn position(&self) -> Option<LogPosition> {
        let nanos = self.nanos.filter(|_| self.ordinal > 0)?;
        Some(LogPosition {
            nanos,
            stream: self.stream,
            ordinal: self.ordinal,
        })
    }

    /// When it was written, in milliseconds.
    pub fn timestamp(&self) -> Option<Timestamp> {
        let ms = |nanos: i64| Timestamp::from_millis(nanos.div_euclid(NANOS_PER_MS));
        self.nanos.map(ms)
    }
}

/// Nanoseconds per millisecond.
pub const NANOS_PER_MS: i64 = 1_000_000;

/// Why a request to an engine failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The container is already in the requested state.
    #[error("nothing to do")]
    NotModified,
    /// The engine has no such container.
    #[error("no such container")]
    NotFound,
    /// The container's state does not allow the request.
    #[error("{0}")]
    Conflict(String),
    /// The engine rejected the request as malformed.
    #[error("{0}")]
    Invalid(String),
    /// The engine, or a proxy in front of it, forbids the call, which the message names.
    #[error("{0}")]
    Forbidden(String),
    /// The engine cannot be reached.
    #[error("the engine cannot be reached: {0}")]
    Unavailable(String),
    /// The engine did not answer in time.
    #[error("the engine did not answer in time")]
    Timeout,
    /// The engine does not support this for the container.
    #[error("{0}")]
    Unsupported(String),
    /// The engine failed, or its answer was invalid.
    #[error("{0}")]
    Failed(String),
}

impl EngineError {
    /// The engine's message, if there is one.
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

    /// The same error with another message.
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
