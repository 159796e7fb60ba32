//! Changes of what the dashboard shows. A source publishes them, the collector drops what is not new,
//! the reducer applies them on both sides, and on the wire they are messages.

use super::{
    Container, ContainerStats, Containers, ContainersDelta, Event, HostId, HostMetrics,
    SourceStatus, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A change of what the dashboard shows. What it carries is shared: a copy costs a few counters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(
    tag = "type",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Update {
    /// The whole list of a host's containers.
    Containers {
        /// When the list was right.
        timestamp: Timestamp,
        /// The host they run on.
        host: HostId,
        /// The list.
        data: Vec<Arc<Container>>,
    },
    /// What changed in a host's list of containers.
    ContainersDelta {
        /// When the list was right.
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
    /// Something happened in an engine.
    Event(Arc<Event>),
    /// Whether a source answers.
    Source(SourceStatus),
}

impl Update {
    /// The host it is about.
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

    /// The whole list of the containers of `host`.
    pub fn containers(host: HostId, timestamp: Timestamp, containers: &Containers) -> Self {
        Self::Containers {
            timestamp,
            host,
            data: containers.values().cloned().collect(),
        }
    }
}
