//! The signals of single rows and hosts: a change redraws a cell, not the table.

use crate::{
    model::{
        Action, AsOf, Container, ContainerStats, Figures, HostId, HostMetrics, Scope, SourceKind,
        SourceState, SourceStatus, Timestamp, Workload, WorkloadId,
    },
    protocol::ApiError,
};
use leptos::prelude::*;
use std::{collections::BTreeMap, sync::Arc};

/// The signals of one workload. Disposed when the workload is removed.
#[derive(Clone, Debug)]
pub struct RowSignals {
    /// The id.
    pub id: WorkloadId,
    /// The state.
    pub workload: ArcRwSignal<Workload>,
    /// The figures, when it runs.
    pub figures: ArcRwSignal<Option<Figures>>,
    /// The action in progress, or its failure.
    pub action: ArcRwSignal<Option<ActionState>>,
    /// The freshness of the state: that of its host's containers.
    pub as_of: ArcRwSignal<AsOf>,
    /// The freshness of its figures.
    pub figures_as_of: ArcRwSignal<AsOf>,
}

impl RowSignals {
    /// The name. Tracks it.
    pub fn name(&self) -> String {
        self.workload.with(|workload| workload.name().to_owned())
    }

    /// The container. Tracks it.
    pub fn container(&self) -> Arc<Container> {
        let Workload::Container(container) = self.workload.get();
        container
    }

    /// The figures of the container, when it runs. Tracks them.
    pub fn stats(&self) -> Option<Arc<ContainerStats>> {
        let Figures::Container(stats) = self.figures.get()?;
        Some(stats)
    }

    /// The host it runs on.
    pub const fn host(&self) -> HostId {
        let Scope::Host(host) = self.id.scope;
        host
    }

    /// The time up to which its ages and uptimes count.
    pub fn moment(&self, now: Signal<Timestamp>) -> Timestamp {
        self.as_of.get().moment(|| now.get())
    }
}

/// The state of an action that this page has requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionState {
    /// In progress.
    Running(Action),
    /// It failed; shown until dismissed.
    Failed {
        /// The action.
        action: Action,
        /// The error.
        error: ApiError,
    },
}

/// The signals of one host.
#[derive(Clone, Debug, Default)]
pub struct HostSignals {
    /// The host's own figures.
    pub metrics: ArcRwSignal<Option<Arc<HostMetrics>>>,
    /// When the host's own figures were read.
    pub metrics_at: ArcRwSignal<Option<Timestamp>>,
    /// The sources of its figures.
    pub sources: ArcRwSignal<BTreeMap<SourceKind, SourceStatus>>,
    /// The freshness of its containers.
    pub as_of: ArcRwSignal<AsOf>,
    /// The freshness of its containers' figures.
    pub figures_as_of: ArcRwSignal<AsOf>,
    /// The freshness of its own figures.
    pub metrics_as_of: ArcRwSignal<AsOf>,
}

impl HostSignals {
    /// Why its engine is unreachable, if it is.
    pub fn engine_failure(&self) -> Option<String> {
        let sources = self.sources.read();
        let status = sources.get(&SourceKind::Docker)?;
        let is_down = status.state == SourceState::Down;
        is_down.then(|| status.message.clone().unwrap_or_default())
    }

    /// The address of the host, if it is not the machine of the server.
    pub fn address(&self) -> Option<String> {
        let sources = self.sources.read();
        let engine = sources.get(&SourceKind::Docker)?;
        engine.machine_address().map(str::to_owned)
    }

    /// Whether the address of the engine of `host` is unknown, so that it may be another machine than the
    /// server's: users without access to the whole host do not get it.
    pub fn is_address_hidden(&self, host: HostId) -> bool {
        let sources = self.sources.read();
        let engine = sources.get(&SourceKind::Docker);
        !host.is_local() && engine.is_some_and(|engine| engine.endpoint.is_none())
    }

    /// The host name that the host reports; until it is known, the name `host`.
    pub fn name(&self, host: &HostId) -> String {
        let metrics = self.metrics.read();
        metrics
            .as_ref()
            .map_or_else(|| host.to_string(), |metrics| metrics.hostname.clone())
    }
}
