//! The only lookup of workloads: a client's reference is resolved among the workloads that the client may
//! see, before anything is read, logged or executed.
//!
//! A workload that does not exist and one that the client may not see get the same answer.

use super::{
    hub::Viewer,
    source::{ContainerLog, Engine, LogSource},
};
use crate::{
    model::{Container, HostId, Scope, Workload, WorkloadId, WorkloadRef},
    protocol::{ApiError, ErrorCode},
};
use std::{collections::BTreeMap, sync::Arc};

/// The engines, by host.
pub type Engines = BTreeMap<HostId, Arc<dyn Engine>>;

/// The workloads of one viewer, and their engines. A handle: clones are the same.
#[derive(Clone, Debug)]
pub struct Directory {
    viewer: Viewer,
    engines: Arc<Engines>,
}

/// A workload that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The id of the workload.
    pub id: WorkloadId,
    /// The known state of the workload.
    pub workload: Workload,
    /// The engine of the workload.
    pub engine: Arc<dyn Engine>,
}

impl Found {
    /// The container of the workload.
    pub fn container(&self) -> &Arc<Container> {
        let Workload::Container(container) = &self.workload;
        container
    }

    /// The log of the workload.
    pub fn log(&self) -> Arc<dyn LogSource> {
        Arc::new(ContainerLog {
            engine: Arc::clone(&self.engine),
            id: self.container().id,
        })
    }
}

impl Directory {
    /// A directory of what `viewer` sees, and of the `engines` by host.
    pub fn new(viewer: Viewer, engines: Engines) -> Self {
        Self {
            viewer,
            engines: Arc::new(engines),
        }
    }

    /// The viewer that reads the state.
    pub const fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// The only workload that `named` matches.
    ///
    /// # Errors
    /// `not_found`, also if it matches several; `engine_unavailable` if its host has no engine.
    pub fn find(&self, named: &WorkloadRef) -> Result<Found, ApiError> {
        let found = self.viewer.read(|dashboard| {
            let id = dashboard.find(named)?;
            Some((id, dashboard.workload(id)?))
        });
        let (id, workload) = found.ok_or_else(ApiError::no_such_container)?;
        let Scope::Host(host) = id.scope;
        match self.engines.get(&host) {
            Some(engine) => Ok(Found {
                id,
                workload,
                engine: Arc::clone(engine),
            }),
            None => Err(ApiError::new(
                ErrorCode::EngineUnavailable,
                format!("no engine is connected for host {host}"),
            )),
        }
    }

    /// Whether the containers of `host`, or of every host with an engine, have been listed since the
    /// start. A `host` that the viewer does not see counts as not named.
    pub fn has_listed(&self, host: Option<HostId>) -> bool {
        self.viewer.has_listed(host, self.engines.keys().copied())
    }
}
