//! What a container's own page shows beside the list's entry.

use super::{Event, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What inspecting a container tells, with every secret masked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerDetails {
    /// What it may use.
    pub limits: Limits,
    /// When the engine starts it again, e.g. `always`, `on-failure:5`, `no`.
    pub restart_policy: String,
    /// What begins its command line, when the image or its creator set it.
    pub entrypoint: Vec<String>,
    /// The rest of its command line.
    pub command: Vec<String>,
    /// Where its first process starts; empty for the root.
    pub working_dir: String,
    /// As whom it runs; empty for root.
    pub user: String,
    /// Environment variables. Values are masked, whatever the name.
    pub env: Vec<Variable>,
    /// What of the host it sees.
    pub mounts: Vec<Mount>,
    /// Networks it is in.
    pub networks: Vec<Attachment>,
    /// How its health is checked; absent when it is not.
    pub health_check: Option<HealthCheck>,
    /// Whether its last run was ended for want of memory.
    pub oom_killed: bool,
    /// Why the engine could not start it; empty when it could.
    pub error: String,
}

/// What a container may use; what is absent is unlimited.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// Cores, e.g. 1.5.
    pub cpus: Option<f32>,
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
}

/// An environment variable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, masked; empty when it has none.
    pub value: String,
}

/// Something mounted into a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Mount {
    /// `bind`, `volume`, `tmpfs` …
    pub kind: String,
    /// Name of the volume, or path on the host; empty for what has neither.
    pub source: String,
    /// Path inside.
    pub target: String,
    /// Whether it can be written to.
    pub writable: bool,
}

/// A container's place in a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Attachment {
    /// Name of the network.
    pub network: String,
    /// Its addresses in it.
    pub addresses: Vec<String>,
}

/// How a container's health is checked, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct HealthCheck {
    /// What is run.
    pub command: Vec<String>,
    /// Milliseconds between checks; zero when the engine's default holds.
    pub interval_ms: u64,
    /// Checks that failed in a row.
    pub failing_streak: u32,
    /// The last results, newest first.
    pub results: Vec<CheckResult>,
}

/// What came of one check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct CheckResult {
    /// When it began.
    pub at: Timestamp,
    /// Zero for healthy.
    pub exit_code: i32,
    /// What it said, cut to what can be read.
    pub output: String,
}

/// The processes of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Processes {
    /// Titles of the columns, as the engine names them.
    pub titles: Vec<String>,
    /// One row a process.
    pub processes: Vec<Vec<String>>,
}

/// What lately happened to a container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ContainerEvents {
    /// Newest first.
    pub events: Vec<Arc<Event>>,
}
