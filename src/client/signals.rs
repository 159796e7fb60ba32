//! The signals behind single rows and hosts: a cell changes, not the table.

use crate::{
    model::{
        Action, AsOf, Container, ContainerStats, HostId, HostMetrics, SourceKind, SourceState,
        SourceStatus, Timestamp,
    },
    protocol::ApiError,
};
use leptos::prelude::*;
use std::{collections::BTreeMap, sync::Arc};

/// What a page shows of one container. Freed when the container is gone.
#[derive(Clone, Debug)]
pub struct RowSignals {
    /// Where it runs.
    pub host: HostId,
    /// The container.
    pub container: ArcRwSignal<Arc<Container>>,
    /// Its figures, when it runs.
    pub stats: ArcRwSignal<Option<ContainerStats>>,
    /// What is being done to it.
    pub action: ArcRwSignal<Option<ActionState>>,
    /// Of which moment all this is: that of the containers of its host.
    pub as_of: ArcRwSignal<AsOf>,
}

impl RowSignals {
    /// The moment up to which its ages and uptimes count.
    pub fn moment(&self, now: Signal<Timestamp>) -> Timestamp {
        self.as_of.get().moment(|| now.get())
    }
}

/// Something done to a container from this page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionState {
    /// Under way.
    Running(Action),
    /// It failed; shown until dismissed.
    Failed {
        /// What was asked for.
        action: Action,
        /// Why not.
        error: ApiError,
    },
}

/// What a page shows of one host.
#[derive(Clone, Debug, Default)]
pub struct HostSignals {
    /// Its figures.
    pub metrics: ArcRwSignal<Option<HostMetrics>>,
    /// When they were read.
    pub metrics_at: ArcRwSignal<Option<Timestamp>>,
    /// When the figures of its containers were read.
    pub stats_at: ArcRwSignal<Option<Timestamp>>,
    /// Where its figures come from.
    pub sources: ArcRwSignal<BTreeMap<SourceKind, SourceStatus>>,
    /// Of which moment its containers are.
    pub as_of: ArcRwSignal<AsOf>,
    /// Of which moment its own figures are.
    pub metrics_as_of: ArcRwSignal<AsOf>,
}

impl HostSignals {
    /// Why its engine cannot be reached, when it cannot.
    pub fn engine_failure(&self) -> Option<String> {
        let sources = self.sources.read();
        let status = sources.get(&SourceKind::Docker)?;
        let is_down = status.state == SourceState::Down;
        is_down.then(|| status.message.clone().unwrap_or_default())
    }

    /// Where the host is reached, when it is not the machine of the server.
    pub fn address(&self) -> Option<String> {
        let sources = self.sources.read();
        let engine = sources.get(&SourceKind::Docker)?;
        engine.machine_address().map(str::to_owned)
    }

    /// What the host calls itself; before that is known, what `host` calls it.
    pub fn name(&self, host: &HostId) -> String {
        let metrics = self.metrics.read();
        metrics
            .as_ref()
            .map_or_else(|| host.to_string(), |metrics| metrics.hostname.clone())
    }
}
