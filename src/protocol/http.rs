//! Bodies of HTTP answers that both sides know.

use super::{ErrorCode, ServerMessage};
use crate::model::{Timestamp, WorkloadId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The address of `part` of what the server knows of a workload, of all of it when that is empty;
/// below the base path. More parameters follow after `&`.
pub fn workload_path(id: WorkloadId, part: &str) -> String {
    let slash = if part.is_empty() { "" } else { "/" };
    format!("/api/containers/{}{slash}{part}?host={}", id.key, id.scope)
}

/// Answer of `GET /api/snapshot`, and the state inside the first HTML.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Snapshot {
    /// This run of the server.
    pub epoch: String,
    /// The same messages as on the socket.
    pub messages: Vec<ServerMessage>,
}

/// Answer of `GET /api/ws` without an upgrade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SocketStatus {
    /// Always `ok`.
    pub status: String,
    /// Open WebSocket and SSE connections.
    pub connected_clients: u32,
    /// Subscriptions by channel.
    pub subscriptions: BTreeMap<String, u32>,
    /// Seconds since the server started.
    pub uptime_seconds: u64,
    /// Version of the server.
    pub version: String,
}

/// A host's processor and memory over the last minutes, oldest first: `GET /api/metrics?range=5m`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MetricsHistory {
    /// One entry a sample.
    pub samples: Vec<MetricsSample>,
}

/// A few of a host's figures at one moment.
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

/// An error as `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Short name of the kind of problem, the same for all of its kind.
    pub title: String,
    /// What happened, for people.
    pub detail: String,
    /// The code the socket uses too.
    pub code: ErrorCode,
}
