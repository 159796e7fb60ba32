//! What the server says.

use super::{ApiError, Channel, ErrorCode};
use crate::model::{
    Action, Container, ContainerId, ContainerPrefix, ContainerStats, ContainersDelta, Event,
    HostId, HostMetrics, LogEndReason, LogLine, LogPosition, SourceStatus, Timestamp, Update,
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
    },
    /// The channel's messages follow.
    Subscribed {
        /// Which channel.
        channel: Channel,
    },
    /// No more messages of the channel follow.
    Unsubscribed {
        /// Which channel.
        channel: Channel,
        /// Why, when the client did not ask for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// A host's own figures.
    Metrics {
        /// Number in the channel.
        seq: u64,
        /// When they were read.
        timestamp: Timestamp,
        /// Whose.
        host: HostId,
        /// The figures.
        data: Box<HostMetrics>,
    },
    /// All containers of a host.
    Containers {
        /// Number in the channel.
        seq: u64,
        /// When the list was right.
        timestamp: Timestamp,
        /// Whose.
        host: HostId,
        /// The list.
        data: Vec<Arc<Container>>,
    },
    /// What changed in a host's list of containers.
    ContainersDelta {
        /// Number in the channel.
        seq: u64,
        /// When the list was right.
        timestamp: Timestamp,
        /// Whose.
        host: HostId,
        /// New and changed containers.
        upserts: Vec<Arc<Container>>,
        /// Containers that are gone.
        removed: Vec<ContainerId>,
    },
    /// Figures of all running containers of a host.
    Stats {
        /// Number in the channel.
        seq: u64,
        /// When they were read.
        timestamp: Timestamp,
        /// Whose.
        host: HostId,
        /// The figures.
        data: Vec<ContainerStats>,
    },
    /// Something happened in an engine.
    Event(SequencedEvent),
    /// Lines of a container's log, as many as were written together.
    Log {
        /// Which log.
        channel: Channel,
        /// The lines, oldest first, with consecutive numbers. Never empty.
        lines: Vec<LogLine>,
        /// Where the last of them is, to go on after it; absent when that is not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<LogPosition>,
    },
    /// Lines of a container's log are missing here.
    LogGap {
        /// Which log.
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
        /// Which log.
        channel: Channel,
        /// Why.
        reason: LogEndReason,
        /// What the engine says, for people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// What became of an action.
    ContainerAck(ContainerAck),
    /// Whether a source answers.
    Source(SourceStatus),
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
}

/// An [`Event`] with its number in the channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SequencedEvent {
    /// Number in the channel.
    pub seq: u64,
    /// The event.
    #[serde(flatten)]
    pub event: Arc<Event>,
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

    /// Channel and number of a message that belongs to a channel.
    pub fn position(&self) -> Option<(Channel, u64)> {
        match self {
            Self::Metrics { seq, .. } => Some((Channel::Metrics, *seq)),
            Self::Containers { seq, .. } | Self::ContainersDelta { seq, .. } => {
                Some((Channel::Containers, *seq))
            }
            Self::Stats { seq, .. } => Some((Channel::Stats, *seq)),
            Self::Event(event) => Some((Channel::Events, event.seq)),
            _ => None,
        }
    }

    /// The message that carries `update` as number `seq` of its channel.
    pub fn from_update(update: Update, seq: u64) -> Self {
        match update {
            Update::Containers {
                host,
                at,
                containers,
            } => Self::Containers {
                seq,
                timestamp: at,
                host,
                data: containers,
            },
            Update::ContainersDelta { host, at, delta } => Self::ContainersDelta {
                seq,
                timestamp: at,
                host,
                upserts: delta.upserts,
                removed: delta.removed,
            },
            Update::Stats { host, at, stats } => Self::Stats {
                seq,
                timestamp: at,
                host,
                data: stats,
            },
            Update::Metrics { host, at, metrics } => Self::Metrics {
                seq,
                timestamp: at,
                host,
                data: metrics,
            },
            Update::Event(event) => Self::Event(SequencedEvent { seq, event }),
            Update::Source(status) => Self::Source(status),
        }
    }

    /// What the message changes, when it carries state.
    pub fn into_update(self) -> Option<Update> {
        Some(match self {
            Self::Containers {
                timestamp: at,
                host,
                data: containers,
                ..
            } => Update::Containers {
                host,
                at,
                containers,
            },
            Self::ContainersDelta {
                timestamp: at,
                host,
                upserts,
                removed,
                ..
            } => Update::ContainersDelta {
                host,
                at,
                delta: ContainersDelta { upserts, removed },
            },
            Self::Stats {
                timestamp: at,
                host,
                data: stats,
                ..
            } => Update::Stats { host, at, stats },
            Self::Metrics {
                timestamp: at,
                host,
                data: metrics,
                ..
            } => Update::Metrics { host, at, metrics },
            Self::Event(event) => Update::Event(event.event),
            Self::Source(status) => Update::Source(status),
            _ => return None,
        })
    }
}

impl Update {
    /// The channel it belongs to.
    pub fn channel(&self) -> Channel {
        match self {
            Self::Containers { .. } | Self::ContainersDelta { .. } => Channel::Containers,
            Self::Stats { .. } => Channel::Stats,
            Self::Metrics { .. } => Channel::Metrics,
            Self::Event(_) => Channel::Events,
            Self::Source(_) => Channel::Sources,
        }
    }
}
