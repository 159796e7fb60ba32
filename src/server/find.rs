//! The only lookup of workloads: a client's reference is resolved among the workloads that the client may
//! see, before anything is read, logged or executed.
//!
//! A workload that does not exist and one that the client may not see get the same answer.

use super::{
    hub::Viewer,
    source::{ContainerLog, Engine, LogSource},
};
use crate::{
    model::{
        Container, Grants, HostId, Right, Role, Scope, Subject, Workload, WorkloadId, WorkloadRef,
    },
    protocol::{ApiError, ErrorCode},
};
use std::{collections::BTreeMap, sync::Arc};

/// The engines, by host.
pub type Engines = BTreeMap<HostId, Arc<dyn Engine>>;

/// The workloads of one principal, and their engines. A handle: clones are the same.
#[derive(Clone, Debug)]
pub struct Directory {
    viewer: Viewer,
    grants: Arc<Grants>,
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

    /// The workload as the audit log names it.
    pub fn target(&self) -> String {
        format!("{} · {}", self.workload.name(), self.id.scope)
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
    /// A directory of what `viewer` sees, with every right, and of the `engines` by host.
    pub fn new(viewer: Viewer, engines: Engines) -> Self {
        Self {
            viewer,
            grants: Arc::new(Grants::everything(Role::Admin)),
            engines: Arc::new(engines),
        }
    }

    /// The directory of a principal who sees what `viewer` sees, and has `grants`.
    #[must_use]
    pub fn limited(&self, viewer: Viewer, grants: Arc<Grants>) -> Self {
        Self {
            viewer,
            grants,
            engines: Arc::clone(&self.engines),
        }
    }

    /// The viewer that reads the state.
    pub const fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Whether `right` is held in any scope.
    pub fn has(&self, right: Right) -> bool {
        self.grants.anywhere(right)
    }

    /// Whether `right` is held on a workload.
    pub fn allows(&self, right: Right, scope: Scope, workload: &Workload) -> bool {
        let subject = Subject::of_workload(scope, workload);
        self.grants.allows(right, &subject)
    }

    /// The only visible workload that `named` matches, if `right` is held on it.
    ///
    /// # Errors
    /// `not_found`, also if it matches several; `forbidden` without the right; `engine_unavailable` if its
    /// host has no engine.
    pub fn find(&self, named: &WorkloadRef, right: Right) -> Result<Found, ApiError> {
        let found = self.viewer.read(|dashboard| {
            let id = dashboard.find(named)?;
            Some((id, dashboard.workload(id)?))
        });
        let (id, workload) = found.ok_or_else(ApiError::no_such_container)?;
        if !self.allows(right, id.scope, &workload) {
            let name = workload.name();
            let message = format!("you have no right to do this to {name}");
            return Err(ApiError::new(ErrorCode::Forbidden, message));
        }
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
