//! Lines of container logs.

use super::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A stream of a container's output.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// The sequence number. Consecutive while the server follows the container's log without interruption; a
    /// line keeps its number as long as the server keeps the line.
    pub seq: u64,
    /// When it was written, by the engine's clock; absent when the engine does not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// The stream that it was written to.
    pub stream: LogStream,
    /// The text, without its line end, at most 64 KiB and a mark that it was longer. Invalid UTF-8 is
    /// replaced; control characters, also `\r` within the line, are kept.
    pub line: String,
    /// The position in the log, if the server knows it. A message contains that of its last line only.
    #[serde(skip)]
    pub position: Option<LogPosition>,
}

/// The position of a line in its container's log. Reading can continue after it, also from another run of the
/// server.
///
/// Written as the nanoseconds, `o` or `e` for the stream, and the ordinal: `1763687885042678901o1`.
/// Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogPosition {
    /// The line's time by the engine's clock, in nanoseconds since the Unix epoch.
    pub nanos: i64,
    /// Its stream.
    pub stream: LogStream,
    /// The number of the line among those with the same stream and time, from 1.
    pub ordinal: u32,
}

impl LogPosition {
    /// The time of the line, in milliseconds.
    pub fn timestamp(&self) -> Timestamp {
        Timestamp::from_millis(self.nanos.div_euclid(1_000_000))
    }
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stream = match self.stream {
            LogStream::Stdout => 'o',
            LogStream::Stderr => 'e',
        };
        write!(f, "{}{stream}{}", self.nanos, self.ordinal)
    }
}

impl From<LogPosition> for String {
    fn from(position: LogPosition) -> Self {
        position.to_string()
    }
}

/// The error for text that is not a [`LogPosition`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotALogPosition;

impl fmt::Display for NotALogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a position in a log")
    }
}

impl std::error::Error for NotALogPosition {}

impl FromStr for LogPosition {
    type Err = NotALogPosition;

    fn from_str(text: &str) -> Result<Self, NotALogPosition> {
        let read = || {
            let at = text.find(['o', 'e'])?;
            let (nanos, rest) = text.split_at_checked(at)?;
            let stream = if rest.starts_with('e') {
                LogStream::Stderr
            } else {
                LogStream::Stdout
            };
            Some(Self {
                nanos: nanos.parse().ok()?,
                stream,
                ordinal: rest.get(1..)?.parse().ok()?,
            })
        };
        read().ok_or(NotALogPosition)
    }
}

impl TryFrom<String> for LogPosition {
    type Error = NotALogPosition;

    fn try_from(text: String) -> Result<Self, NotALogPosition> {
        text.parse()
    }
}

/// The reason why no more lines of a log follow for now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LogEndReason {
    /// The container does not run. Lines follow when it starts again.
    #[default]
    ContainerStopped,
    /// The container was removed. No lines follow.
    ContainerRemoved,
    /// The engine cannot read the log of this container, possibly only for now. The server retries, and lines
    /// continue without another subscription.
    Unreadable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_is_written_and_nothing_else_is() {
        for (stream, text) in [
            (LogStream::Stdout, "1763687885042678901o1"),
            (LogStream::Stderr, "-5e4294967295"),
        ] {
            let position: LogPosition = text.parse().unwrap();
            assert_eq!((position.stream, &*position.to_string()), (stream, text));
        }
        for text in [
            "",
            "o",
            "1",
            "1o",
            "o1",
            "1x1",
            "1o-1",
            "1o1o1",
            "9223372036854775808o1",
        ] {
            assert_eq!(text.parse::<LogPosition>(), Err(NotALogPosition), "{text}");
        }
    }
}
