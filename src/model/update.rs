//! Changes of the dashboard's state. Sources publish them, the collector drops those without news, the
//! reducer applies them on both sides, and messages carry them.

use super::{
    Container, ContainerStats, Containers, ContainersDelta, Event, HostId, HostMetrics,
    SourceStatus, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A change of the dashboard's state. The data is shared: a copy only increments counters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Update {
    /// The complete list of a host's containers.
    Containers {
        /// When the list was correct.
        timestamp: Timestamp,
        /// The host they run on.
        host: HostId,
        /// The list.
        data: Vec<Arc<Container>>,
    },
    /// Changes of a host's list of containers.
    ContainersDelta {
        /// When the list was correct.
        timestamp: Timestamp,
        /// The host they run on.
        host: HostId,
        /// The changes.
        #[serde(flatten)]
        delta: ContainersDelta,
    },
    /// Figures of all running containers of a host.
    Stats {
        /// When they were read.
        timestamp: Timestamp,
        /// The host they run on.
        host: HostId,
        /// The figures.
        data: Vec<Arc<ContainerStats>>,
    },
    /// A host's own figures.
    Metrics {
        /// When they were read.
        timestamp: Timestamp,
        /// The host.
        host: HostId,
        /// The figures.
        data: Arc<HostMetrics>,
    },
    /// An event of an engine.
    Event(Arc<Event>),
    /// The status of a source.
    Source(SourceStatus),
}

impl Update {
    /// The host that the update is about.
    pub fn host(&self) -> HostId {
        match self {
            Self::Containers { host, .. }
            | Self::ContainersDelta { host, .. }
            | Self::Stats { host, .. }
            | Self::Metrics { host, .. } => *host,
            Self::Event(event) => event.host,
            Self::Source(status) => status.host,
        }
    }

    /// The complete list of the containers of `host`.
    pub fn containers(host: HostId, timestamp: Timestamp, containers: &Containers) -> Self {
        Self::Containers {
            timestamp,
            host,
            data: containers.values().cloned().collect(),
        }
    }
}
