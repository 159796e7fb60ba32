//! The details on a container's own page that are not part of the list.

use super::{Event, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The result of inspecting a container, with every secret masked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerDetails {
    /// Resource limits.
    pub limits: Limits,
    /// The restart policy, e.g. `always`, `on-failure:5`, `no`.
    pub restart_policy: String,
    /// The first part of the command line, if set by the image or the creator.
    pub entrypoint: Vec<String>,
    /// The rest of the command line.
    pub command: Vec<String>,
    /// Working directory of the first process; empty for the root.
    pub working_dir: String,
    /// The user that it runs as; empty for root.
    pub user: String,
    /// Environment variables. Values are always masked.
    pub env: Vec<Variable>,
    /// Mounted parts of the host, and volumes.
    pub mounts: Vec<Mount>,
    /// Attached networks.
    pub networks: Vec<Attachment>,
    /// The health check; absent when there is none.
    pub health_check: Option<HealthCheck>,
    /// Whether its last run was ended for lack of memory.
    pub oom_killed: bool,
    /// Why the engine could not start it; empty when there was no error.
    pub error: String,
}

/// The resource limits of a container; absent means unlimited.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// CPU limit in cores, e.g. 1.5.
    pub cpus: Option<f32>,
    /// Memory limit in bytes.
    pub memory: Option<u64>,
    /// Most processes and threads.
    pub pids: Option<u64>,
}

/// An environment variable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Variable {
    /// The name.
    pub name: String,
    /// The value, masked; empty when it has none.
    pub value: String,
}

/// A mount of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Mount {
    /// `bind`, `volume`, `tmpfs` …
    pub kind: String,
    /// Name of the volume, or path on the host; empty for other kinds.
    pub source: String,
    /// Path inside the container.
    pub target: String,
    /// Whether it is writable.
    pub writable: bool,
}

/// The attachment of a container to a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Attachment {
    /// Name of the network.
    pub network: String,
    /// Addresses of the container in the network.
    pub addresses: Vec<String>,
}

/// The health check of a container, and its last results.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct HealthCheck {
    /// The command.
    pub command: Vec<String>,
    /// Milliseconds between checks; zero for the engine's default.
    pub interval_ms: u64,
    /// Number of consecutive failures.
    pub failing_streak: u32,
    /// The last results, newest first.
    pub results: Vec<CheckResult>,
}

/// The result of one check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct CheckResult {
    /// When the check began.
    pub at: Timestamp,
    /// The exit code; zero for healthy.
    pub exit_code: i32,
    /// The output, cut to a readable length.
    pub output: String,
}

/// The processes of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Processes {
    /// Column titles, as named by the engine.
    pub titles: Vec<String>,
    /// One row per process.
    pub processes: Vec<Vec<String>>,
}

/// Recent events of a container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ContainerEvents {
    /// The events, newest first.
    pub events: Vec<Arc<Event>>,
}
