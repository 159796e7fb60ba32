//! Events of engines.

use super::{HostId, Timestamp, WorkloadId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

impl Event {
    /// The workload that the event is about, if it is about one.
    pub fn workload(&self) -> Option<WorkloadId> {
        let id = self.id.parse().ok()?;
        Some(WorkloadId::container(self.host, id))
    }
}

/// An event of an engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The host of the engine.
    pub host: HostId,
    /// The time, by the engine's clock.
    pub timestamp: Timestamp,
    /// The kind of the object, e.g. `container`.
    pub kind: String,
    /// The engine's name for the event, e.g. `die`.
    pub action: String,
    /// The id of the object.
    pub id: String,
    /// The name of the object.
    pub name: String,
    /// Details, e.g. `exitCode`; labels are omitted.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}
