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

/// How frames are sent to one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The public form: `docs/PROTOCOL.md`.
    Json,
    /// The form our own pages speak: see [`crate::protocol::codec`].
    Binary,
    /// The form of `/ws/docker/stats`, which only figures of containers have.
    DockerStats,
    /// The form of `/ws/docker/{id}/logs`, which only messages about logs have.
    DockerLogs(LogForm),
}

impl Form {
    /// Whether a client in this form gets one thing only, and sends nothing.
    pub(super) const fn is_single_purpose(self) -> bool {
        matches!(self, Self::DockerStats | Self::DockerLogs(_))
    }

    /// `frame` in this form: one message, none if the form does not have it, and of logs one per line.
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

    /// `message`, which is for one client alone; `None` if the form does not have it.
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
