//! What the server says.

use super::{ApiError, Channel, ErrorCode};
use crate::model::{
    Action, ContainerPrefix, Event, Intervals, LogEndReason, LogLine, LogPosition, Timestamp,
    Update,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A message from the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum ServerMessage {
    /// The first message on every connection.
    #[serde(rename_all = "camelCase")]
    Connected {
        /// This connection.
        client_id: String,
        /// Version of the protocol.
        protocol: u32,
        /// This run of the server.
        epoch: String,
        /// Version of the server.
        version: String,
        /// Milliseconds between heartbeats.
        heartbeat_interval_ms: u64,
        /// What can be subscribed to.
        channels: Vec<Channel>,
        /// How often figures come.
        intervals: Intervals,
    },
    /// The channel's messages follow.
    Subscribed {
        /// The channel.
        channel: Channel,
    },
    /// No more messages of the channel follow.
    Unsubscribed {
        /// The channel.
        channel: Channel,
        /// Why, when the client did not ask for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Lines of a container's log, as many as were written together.
    Log {
        /// The log.
        channel: Channel,
        /// The lines, oldest first, with consecutive numbers. Never empty.
        lines: Vec<LogLine>,
        /// Where the last of them is, to go on after it; absent when that is not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<LogPosition>,
    },
    /// Lines of a container's log are missing here.
    LogGap {
        /// The log.
        channel: Channel,
        /// How many, when that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<u64>,
        /// When the last line before the gap was written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Timestamp>,
        /// When the first line after the gap was written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Timestamp>,
    },
    /// No more lines of a container's log follow for now.
    LogEnd {
        /// The log.
        channel: Channel,
        /// Why.
        reason: LogEndReason,
        /// What the engine says, for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// What became of an action.
    ContainerAck(ContainerAck),
    /// The connection lives.
    Heartbeat {
        /// The server's clock.
        timestamp: Timestamp,
    },
    /// A message could not be heeded. The connection stays.
    Error {
        /// What kind of failure.
        code: ErrorCode,
        /// What happened, for people.
        message: String,
        /// The request it answers.
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "requestId")]
        request_id: Option<String>,
        /// Milliseconds after which another try makes sense.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            rename = "retryAfterMs"
        )]
        retry_after_ms: Option<u64>,
    },
    /// A change of what the dashboard shows.
    #[serde(untagged)]
    Update(Sequenced),
}

/// An [`Update`] with its number in its channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Sequenced {
    /// The change.
    #[serde(flatten)]
    pub update: Update,
    /// Its number in the channel.
    pub seq: u64,
}

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContainerAck {
    /// The request it answers.
    pub request_id: String,
    /// The container as the request named it.
    pub container_id: ContainerPrefix,
    /// What was asked for.
    pub action: Action,
    /// Whether the engine did it.
    pub success: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ApiError>,
}

impl ServerMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// When it is none.
    pub fn decode(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// An error that answers no particular request.
    pub fn error(error: ApiError) -> Self {
        Self::Error {
            code: error.code,
            message: error.message,
            request_id: None,
            retry_after_ms: None,
        }
    }

    /// The message that carries `update` as number `seq` of its channel.
    pub const fn numbered(seq: u64, update: Update) -> Self {
        Self::Update(Sequenced { update, seq })
    }

    /// The change it carries, when it carries one.
    pub const fn update(&self) -> Option<&Update> {
        match self {
            Self::Update(Sequenced { update, .. }) => Some(update),
            _ => None,
        }
    }

    /// The event it carries, when it carries one.
    pub const fn event(&self) -> Option<&Arc<Event>> {
        match self.update() {
            Some(Update::Event(event)) => Some(event),
            _ => None,
        }
    }

    /// Channel and number of a message that can be resumed after.
    pub fn position(&self) -> Option<(Channel, u64)> {
        let Self::Update(Sequenced { update, seq }) = self else {
            return None;
        };
        let channel = Channel::carrying(update);
        channel.policy().is_subscribable.then_some((channel, *seq))
    }
}
