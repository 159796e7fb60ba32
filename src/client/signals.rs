//! The signals behind single rows and hosts: a cell changes, not the table.

use crate::{
    model::{
        Action, AsOf, Container, ContainerStats, Figures, HostId, HostMetrics, Scope, SourceKind,
        SourceState, SourceStatus, Timestamp, Workload, WorkloadId,
    },
    protocol::ApiError,
};
use leptos::prelude::*;
use std::{collections::BTreeMap, sync::Arc};

/// What a page shows of one workload. Freed when the workload is gone.
#[derive(Clone, Debug)]
pub struct RowSignals {
    /// Its identity.
    pub id: WorkloadId,
    /// What is known of it.
    pub workload: ArcRwSignal<Workload>,
    /// What it uses, when it runs.
    pub figures: ArcRwSignal<Option<Figures>>,
    /// What is being done to it.
    pub action: ArcRwSignal<Option<ActionState>>,
    /// Of which moment what is known of it is: that of the containers of its host.
    pub as_of: ArcRwSignal<AsOf>,
    /// Of which moment its figures are.
    pub figures_as_of: ArcRwSignal<AsOf>,
}

impl RowSignals {
    /// Its name. Follows it.
    pub fn name(&self) -> String {
        self.workload.with(|workload| workload.name().to_owned())
    }

    /// The container that it is. Follows it.
    pub fn container(&self) -> Arc<Container> {
        let Workload::Container(container) = self.workload.get();
        container
    }

    /// The figures of the container that it is, when it runs. Follows them.
    pub fn stats(&self) -> Option<Arc<ContainerStats>> {
        let Figures::Container(stats) = self.figures.get()?;
        Some(stats)
    }

    /// The host it runs on.
    pub const fn host(&self) -> HostId {
        let Scope::Host(host) = self.id.scope;
        host
    }

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
    pub metrics: ArcRwSignal<Option<Arc<HostMetrics>>>,
    /// When they were read.
    pub metrics_at: ArcRwSignal<Option<Timestamp>>,
    /// Where its figures come from.
    pub sources: ArcRwSignal<BTreeMap<SourceKind, SourceStatus>>,
    /// Of which moment its containers are.
    pub as_of: ArcRwSignal<AsOf>,
    /// Of which moment the figures of its containers are.
    pub figures_as_of: ArcRwSignal<AsOf>,
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
