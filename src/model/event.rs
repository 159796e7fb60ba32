//! Something that happened in an engine.

use super::{HostId, Timestamp, WorkloadId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

impl Event {
    /// The workload it is about, when it is about one.
    pub fn workload(&self) -> Option<WorkloadId> {
        let id = self.id.parse().ok()?;
        Some(WorkloadId::container(self.host, id))
    }
}

/// Something that happened in an engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// On which host.
    pub host: HostId,
    /// When, by the engine's clock.
    pub timestamp: Timestamp,
    /// To what kind of object, e.g. `container`.
    pub kind: String,
    /// What, in the engine's words, e.g. `die`.
    pub action: String,
    /// The object's id.
    pub id: String,
    /// The object's name.
    pub name: String,
    /// Details, e.g. `exitCode`; labels are left out.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}
