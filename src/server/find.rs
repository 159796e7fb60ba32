//! The one door to workloads: what a client named is looked up here, among what it may see, before
//! anything is read, logged or acted on.
//!
//! A workload that does not exist and one that may not be seen get the same answer.

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

/// What one viewer can see and ask for. A handle: copies are the same.
#[derive(Clone, Debug)]
pub struct Directory {
    viewer: Viewer,
    engines: Arc<Engines>,
}

/// A workload that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its identity.
    pub id: WorkloadId,
    /// What is known of it.
    pub workload: Workload,
    /// What can be asked about it.
    pub engine: Arc<dyn Engine>,
}

impl Found {
    /// The container that it is.
    pub fn container(&self) -> &Arc<Container> {
        let Workload::Container(container) = &self.workload;
        container
    }

    /// Its log.
    pub fn log(&self) -> Arc<dyn LogSource> {
        Arc::new(ContainerLog {
            engine: Arc::clone(&self.engine),
            id: self.container().id,
        })
    }
}

impl Directory {
    /// What `viewer` sees, and the `engines` that can be asked about it.
    pub fn new(viewer: Viewer, engines: Engines) -> Self {
        Self {
            viewer,
            engines: Arc::new(engines),
        }
    }

    /// Reads the state.
    pub const fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// The one workload that `named` names.
    ///
    /// # Errors
    /// `not_found`, also when it names several; `engine_unavailable` when its host has no engine.
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

    /// Whether the containers of `host`, or of every host with an engine, were listed since the start.
    pub fn has_listed(&self, host: Option<HostId>) -> bool {
        let mut hosts = self.engines.keys();
        self.viewer.read(|dashboard| {
            hosts.all(|known| {
                let listed = dashboard.hosts.get(known);
                host.is_some_and(|host| host != *known)
                    || listed.is_some_and(|host| host.containers_at.is_some())
            })
        })
    }
}
