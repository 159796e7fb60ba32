//! The form of `/ws/docker/{id}/logs`: one message per line, in `snake_case`.

use crate::{
    model::{LogEndReason, LogLine, LogPosition, LogStream, Timestamp},
    protocol::ServerMessage,
    server::hub::encode,
};
use bytestring::ByteString;
use serde::Serialize;

/// Which parts of a log a client of `/ws/docker/{id}/logs` gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogForm {
    /// Include times.
    pub timestamps: bool,
    /// Include lines of standard output.
    pub stdout: bool,
    /// Include lines of standard error.
    pub stderr: bool,
}

impl LogForm {
    /// Everything: what nearly every client requests.
    pub const ALL: Self = Self {
        timestamps: true,
        stdout: true,
        stderr: true,
    };
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum DockerLog<'a> {
    Log {
        #[serde(skip_serializing_if = "Option::is_none")]
        timestamp: Option<Timestamp>,
        stream: LogStream,
        line: &'a str,
        seq: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        cursor: Option<LogPosition>,
    },
    LogGap {
        missing: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<Timestamp>,
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<Timestamp>,
    },
    LogEnd {
        reason: LogEndReason,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a str>,
    },
}

/// `message` in this form; empty if it is not about a log.
pub(super) fn docker_logs(message: &ServerMessage, form: LogForm) -> Vec<ByteString> {
    let one = match message {
        ServerMessage::Log { lines, .. } => {
            let is_wanted = |line: &&LogLine| match line.stream {
                LogStream::Stdout => form.stdout,
                LogStream::Stderr => form.stderr,
            };
            let write = |line: &LogLine| {
                encode(&DockerLog::Log {
                    timestamp: line.timestamp.filter(|_| form.timestamps),
                    stream: line.stream,
                    line: &line.line,
                    seq: line.seq,
                    cursor: line.position,
                })
            };
            return lines.iter().filter(is_wanted).map(write).collect();
        }
        ServerMessage::LogGap {
            missing, from, to, ..
        } => DockerLog::LogGap {
            missing: *missing,
            from: *from,
            to: *to,
        },
        ServerMessage::LogEnd {
            reason, message, ..
        } => DockerLog::LogEnd {
            reason: *reason,
            message: message.as_deref(),
        },
        _ => return Vec::new(),
    };
    vec![encode(&one)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{ContainerId, WorkloadKey},
        protocol::Channel,
    };

    const CHANNEL: Channel =
        Channel::logs(WorkloadKey::Container(ContainerId::from_bytes([7; 32])));

    fn written(message: &ServerMessage, form: LogForm) -> Vec<String> {
        let messages = docker_logs(message, form);
        messages.iter().map(|text| text.to_string()).collect()
    }

    #[test]
    fn a_line_is_a_message_of_its_own() {
        let line = |seq, stream| LogLine {
            seq,
            timestamp: Some(Timestamp::from_millis(0)),
            stream,
            line: "a \"b\"".into(),
            position: (stream == LogStream::Stderr).then_some(LogPosition {
                nanos: 1,
                stream,
                ordinal: 2,
            }),
        };
        let message = ServerMessage::Log {
            channel: CHANNEL,
            lines: vec![line(1, LogStream::Stdout), line(2, LogStream::Stderr)],
            cursor: None,
        };
        assert_eq!(
            written(&message, LogForm::ALL),
            [
                r#"{"type":"log","timestamp":"1970-01-01T00:00:00.000Z","stream":"stdout","line":"a \"b\"","seq":1}"#,
                r#"{"type":"log","timestamp":"1970-01-01T00:00:00.000Z","stream":"stderr","line":"a \"b\"","seq":2,"cursor":"1e2"}"#,
            ]
        );
        let form = LogForm {
            timestamps: false,
            stdout: false,
            stderr: true,
        };
        assert_eq!(
            written(&message, form),
            [r#"{"type":"log","stream":"stderr","line":"a \"b\"","seq":2,"cursor":"1e2"}"#]
        );
    }

    #[test]
    fn gaps_and_ends_are_told() {
        let gap = |missing| ServerMessage::LogGap {
            channel: CHANNEL,
            missing,
            from: Some(Timestamp::from_millis(0)),
            to: None,
        };
        let end = ServerMessage::LogEnd {
            channel: CHANNEL,
            reason: LogEndReason::Unreadable,
            message: Some("no".into()),
        };
        for (message, text) in [
            (
                gap(Some(3)),
                r#"{"type":"log_gap","missing":3,"from":"1970-01-01T00:00:00.000Z"}"#,
            ),
            (
                gap(None),
                r#"{"type":"log_gap","missing":null,"from":"1970-01-01T00:00:00.000Z"}"#,
            ),
            (
                end,
                r#"{"type":"log_end","reason":"unreadable","message":"no"}"#,
            ),
        ] {
            assert_eq!(written(&message, LogForm::ALL), [text]);
        }
    }
}
