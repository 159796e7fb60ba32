//! The forms in which frames are sent: the two of the protocol, and those of the single-purpose sockets.

mod docker_logs;
mod docker_stats;

pub use docker_logs::LogForm;

use crate::{
    protocol::{ServerMessage, codec},
    server::{
        hub::{Frame, encode},
        websocket::Message,
    },
};
use bytestring::ByteString;
use docker_logs::docker_logs;
use docker_stats::docker_stats;

/// The encoding of frames for one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The public form: `docs/PROTOCOL.md`.
    Json,
    /// The form of the built-in pages: see [`crate::protocol::codec`].
    Binary,
    /// The form of `/ws/docker/stats`, which exists for container stats only.
    DockerStats,
    /// The form of `/ws/docker/{id}/logs`, which exists for messages about logs only.
    DockerLogs(LogForm),
}

impl Form {
    /// Whether this is the form of a single-purpose socket, which ignores client messages.
    pub(super) const fn is_single_purpose(self) -> bool {
        matches!(self, Self::DockerStats | Self::DockerLogs(_))
    }

    /// `frame` in this form: usually one message, none if the form does not have it, one per line for
    /// logs.
    pub(super) fn of(self, frame: &Frame) -> Vec<Message> {
        match self {
            Self::Json => vec![Message::Text(frame.json())],
            Self::Binary => vec![Message::Binary(frame.binary())],
            Self::DockerStats => {
                texts(&frame.shared_form(|message| docker_stats(message).into_iter().collect()))
            }
            Self::DockerLogs(LogForm::ALL) => {
                texts(&frame.shared_form(|message| docker_logs(message, LogForm::ALL)))
            }
            Self::DockerLogs(form) => texts(&docker_logs(frame.message(), form)),
        }
    }

    /// `message`, which is for one client only; `None` if the form does not have it.
    pub(super) fn of_one(self, message: &ServerMessage) -> Option<Message> {
        match self {
            Self::Json => Some(Message::Text(encode(message))),
            Self::Binary => Some(Message::Binary(codec::encode(message).into())),
            Self::DockerStats | Self::DockerLogs(_) => None,
        }
    }
}

fn texts(texts: &[ByteString]) -> Vec<Message> {
    texts.iter().cloned().map(Message::Text).collect()
}
