//! Lines of a container's log.

use super::Timestamp;
use serde::{Deserialize, Serialize};

/// A stream of a container's output.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum LogStream {
    /// Standard output.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
}

/// One line of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// Its number. Consecutive within one following of a container's log by the server; the same
    /// line keeps its number as long as the server keeps the line.
    pub seq: u64,
    /// When it was written, by the engine's clock; absent when the engine does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// Where it was written.
    pub stream: LogStream,
    /// The text, without its line end, at most 64 KiB and a mark that it was longer. What is not
    /// UTF-8 is replaced; control characters, also `\r` within the line, are kept.
    pub line: String,
}

/// Why no more lines of a log follow for now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogEndReason {
    /// The container does not run. Its lines go on when it starts again.
    #[default]
    ContainerStopped,
    /// The container is gone. Nothing follows.
    ContainerRemoved,
    /// The engine cannot read this container's log. It is tried again when the container starts.
    Unreadable,
}
