//! Bodies and URLs of HTTP requests that both sides use.

use super::{ErrorCode, ServerMessage};
use crate::model::{Timestamp, WorkloadId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The path for `part` of a workload's data, or for all of it when `part` is empty; below the base path. More
/// parameters can be appended after `&`.
pub fn workload_path(id: WorkloadId, part: &str) -> String {
    let slash = if part.is_empty() { "" } else { "/" };
    format!("/api/containers/{}{slash}{part}?host={}", id.key, id.scope)
}

/// The response of `GET /api/snapshot`, and the state in the first HTML.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Snapshot {
    /// The epoch of the server.
    pub epoch: String,
    /// The same messages as on the socket.
    pub messages: Vec<ServerMessage>,
}

/// The response of `GET /api/ws` without an upgrade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SocketStatus {
    /// Always `ok`.
    pub status: String,
    /// Number of open WebSocket and SSE connections.
    pub connected_clients: u32,
    /// Number of subscriptions per channel.
    pub subscriptions: BTreeMap<String, u32>,
    /// Seconds since the server started.
    pub uptime_seconds: u64,
    /// The version of the server.
    pub version: String,
}

/// The recent CPU and memory use of a host, oldest first: `GET /api/metrics?range=5m`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MetricsHistory {
    /// One entry per sample.
    pub samples: Vec<MetricsSample>,
}

/// Some of a host's figures at one time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MetricsSample {
    /// When they were read.
    pub timestamp: Timestamp,
    /// CPU in use, 0–100.
    pub cpu: f32,
    /// Memory in use, 0–100.
    pub memory: f32,
    /// Disk in use, 0–100; absent when unknown.
    #[serde(default)]
    pub disk: Option<f32>,
    /// Bytes received per second; absent when unknown.
    #[serde(default)]
    pub rx_rate: Option<u64>,
    /// Bytes sent per second; absent when unknown.
    #[serde(default)]
    pub tx_rate: Option<u64>,
}

/// An error response, `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The kind of problem, the same text for all problems of the kind.
    pub title: String,
    /// What happened, in a sentence for users.
    pub detail: String,
    /// The error code, the same as on the socket.
    pub code: ErrorCode,
}
