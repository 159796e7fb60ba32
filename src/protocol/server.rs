//! The messages from the server.

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
        /// The id of this connection.
        client_id: String,
        /// The version of the protocol.
        protocol: u32,
        /// The epoch of the server, which changes with every start.
        epoch: String,
        /// A digest of the principal and its grants.
        principal: String,
        /// The version of the server.
        version: String,
        /// The heartbeat interval in milliseconds.
        heartbeat_interval_ms: u64,
        /// The channels that clients can subscribe to.
        channels: Vec<Channel>,
        /// The intervals at which figures are read.
        intervals: Intervals,
    },
    /// A subscription was accepted; messages of the channel follow.
    Subscribed {
        /// The channel.
        channel: Channel,
    },
    /// A subscription has ended; no more messages of the channel follow.
    Unsubscribed {
        /// The channel.
        channel: Channel,
        /// The reason, unless the client has unsubscribed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Lines of a container's log, batched.
    Log {
        /// The log's channel.
        channel: Channel,
        /// The lines, oldest first, with consecutive numbers. Never empty.
        lines: Vec<LogLine>,
        /// The position of the last line, from which to continue; absent when unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<LogPosition>,
    },
    /// Lines of a container's log are missing at this point.
    LogGap {
        /// The log's channel.
        channel: Channel,
        /// Number of missing lines, if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<u64>,
        /// The time of the last line before the gap.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Timestamp>,
        /// The time of the first line after the gap.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Timestamp>,
    },
    /// No more lines of a container's log follow for now.
    LogEnd {
        /// The log's channel.
        channel: Channel,
        /// The reason.
        reason: LogEndReason,
        /// The engine's message, for users.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// The result of an action.
    ContainerAck(ContainerAck),
    /// A sign that the connection is alive.
    Heartbeat {
        /// The time of the server's clock.
        timestamp: Timestamp,
    },
    /// A message was rejected. The connection stays open.
    Error {
        /// The kind of error.
        code: ErrorCode,
        /// What happened, for users.
        message: String,
        /// The id of the rejected request, if it has one.
        #[serde(default, skip_serializing_if = "Option::is_none", rename = "requestId")]
        request_id: Option<String>,
        /// Milliseconds after which to retry.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            rename = "retryAfterMs"
        )]
        retry_after_ms: Option<u64>,
    },
    /// A change of the dashboard's state.
    #[serde(untagged)]
    Update(Sequenced),
}

/// An [`Update`] with its sequence number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Sequenced {
    /// The update.
    #[serde(flatten)]
    pub update: Update,
    /// The sequence number within the channel.
    pub seq: u64,
}

/// The result of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ContainerAck {
    /// The id of the request.
    pub request_id: String,
    /// The container as named by the request.
    pub container_id: ContainerPrefix,
    /// The action.
    pub action: Action,
    /// Whether the engine has carried it out.
    pub success: bool,
    /// The error, if it has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ApiError>,
}

impl ServerMessage {
    /// Decodes a JSON message.
    ///
    /// # Errors
    /// When it is not a valid message.
    pub fn decode(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// An error without a request id.
    pub fn error(error: ApiError) -> Self {
        Self::Error {
            code: error.code,
            message: error.message,
            request_id: None,
            retry_after_ms: None,
        }
    }

    /// A message with `update`, as number `seq` of its channel.
    pub const fn numbered(seq: u64, update: Update) -> Self {
        Self::Update(Sequenced { update, seq })
    }

    /// The update in the message, if there is one.
    pub const fn update(&self) -> Option<&Update> {
        match self {
            Self::Update(Sequenced { update, .. }) => Some(update),
            _ => None,
        }
    }

    /// The event in the message, if there is one.
    pub const fn event(&self) -> Option<&Arc<Event>> {
        match self.update() {
            Some(Update::Event(event)) => Some(event),
            _ => None,
        }
    }

    /// The channel and sequence number of a message from which a client can resume.
    pub fn position(&self) -> Option<(Channel, u64)> {
        let Self::Update(Sequenced { update, seq }) = self else {
            return None;
        };
        let channel = Channel::carrying(update);
        channel.policy().is_subscribable.then_some((channel, *seq))
    }
}
