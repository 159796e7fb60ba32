//! Events of engines.

use super::{HostId, Subject, Timestamp, WorkloadId};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// An event of an engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// The properties of the container by which access to the event is checked; `None` if the source does not
    /// know them. Only on the server: it is in no message.
    #[serde(skip)]
    pub subject: Option<Arc<EventSubject>>,
}

/// The properties of an event's container at the time of the event. The event has its own, because the
/// container may not be listed yet, or no longer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventSubject {
    /// The Compose project, if it belongs to one.
    pub project: Option<String>,
    /// The labels, with values that look like secrets masked, as in lists.
    pub labels: BTreeMap<String, String>,
}

static NO_LABELS: BTreeMap<String, String> = BTreeMap::new();

impl Event {
    /// The workload that the event is about, if it is about one.
    pub fn workload(&self) -> Option<WorkloadId> {
        let id = self.id.parse().ok()?;
        Some(WorkloadId::container(self.host, id))
    }

    /// The container by each name that the event contains: a renaming has the old name, too. Empty if the event
    /// is not about a container.
    pub fn subjects(&self) -> impl Iterator<Item = Subject<'_>> {
        let old_name = self.attributes.get("oldName");
        let old_name = old_name.map(|name| name.trim_start_matches('/'));
        let names = [Some(self.name.as_str()), old_name].into_iter().flatten();
        let subject = self.subject.as_deref();
        let labels = subject.map_or(&NO_LABELS, |subject| &subject.labels);
        let project = subject.and_then(|subject| subject.project.as_deref());
        names
            .filter(|_| self.kind == "container")
            .map(move |name| Subject {
                host: self.host,
                name,
                project,
                labels,
            })
    }
}
