//! Actions on containers: checked, done once, and never half.

mod requests;
#[cfg(test)]
mod tests;

use super::{
    hub::Hub,
    source::{Engine, EngineError},
};
use crate::{
    model::{Container, ContainerId, ContainerPrefix, Dashboard, HostId},
    protocol::{ApiError, ContainerAck, ContainerAction, ErrorCode},
};
use requests::Requests;
use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};
use tokio_util::task::TaskTracker;

/// Does actions on containers. A handle: copies share what is in flight.
#[derive(Clone, Debug)]
pub struct Actions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    hub: Hub,
    engines: BTreeMap<HostId, Arc<dyn Engine>>,
    tracker: TaskTracker,
    requests: Mutex<Requests>,
    in_flight: Mutex<BTreeSet<ContainerId>>,
}

/// A container found in the inventory.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it runs.
    pub host: HostId,
    /// It.
    pub container: Arc<Container>,
    /// What can be asked about it.
    pub engine: Arc<dyn Engine>,
}

impl Actions {
    /// Asks `engines`, by host, about the containers in `hub`. Work runs on `tracker`.
    pub fn new(hub: Hub, engines: BTreeMap<HostId, Arc<dyn Engine>>, tracker: TaskTracker) -> Self {
        Self {
            inner: Arc::new(Inner {
                hub,
                engines,
                tracker,
                requests: Mutex::default(),
                in_flight: Mutex::default(),
            }),
        }
    }

    /// The one container in the inventory that `prefix` names, on `host` if that is given.
    ///
    /// # Errors
    /// `not_found`, also when several match; `engine_unavailable` when its host has no engine.
    pub fn find(&self, host: Option<&HostId>, prefix: &ContainerPrefix) -> Result<Found, ApiError> {
        let (host, container) = self
            .inner
            .hub
            .read(|dashboard| resolve(dashboard, host, prefix))
            .ok_or_else(ApiError::no_such_container)?;
        let engine = self.inner.engines.get(&host).map(Arc::clone);
        match engine {
            Some(engine) => Ok(Found {
                host,
                container,
                engine,
            }),
            None => Err(ApiError::new(
                ErrorCode::EngineUnavailable,
                format!("no engine is connected for host {host}"),
            )),
        }
    }

    /// Does what `request` asks for and says what became of it; an answer always comes.
    ///
    /// The work begins at once and is finished even when nobody waits for the answer any more. The
    /// same request again within a minute is answered by the same work.
    pub fn perform(&self, request: ContainerAction) -> impl Future<Output = ContainerAck> + use<> {
        let answer = self
            .inner
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .begin(&request, || {
                let (actions, request) = (self.clone(), request.clone());
                self.inner
                    .tracker
                    .spawn(async move { actions.act(&request).await })
            });
        async move {
            let result = match answer {
                Ok(answer) => answer.await,
                Err(error) => Err(error),
            };
            ContainerAck {
                request_id: request.request_id,
                container_id: request.container_id,
                action: request.action,
                success: result.is_ok(),
                error: result.err(),
            }
        }
    }

    async fn act(&self, request: &ContainerAction) -> Result<(), ApiError> {
        request.validate()?;
        let found = self.find(request.host.as_ref(), &request.container_id)?;
        let (container, action) = (&found.container, request.action);
        if container.protected {
            return Err(ApiError::new(
                ErrorCode::Protected,
                format!("{} is protected from actions", container.name),
            ));
        }
        if !action.allowed(container.state) {
            return Err(ApiError::new(
                ErrorCode::Conflict,
                format!(
                    "{action} is not possible while {} is {}",
                    container.name,
                    container.state.as_str()
                ),
            ));
        }
        let Some(_in_flight) = InFlight::enter(&self.inner, container.id) else {
            return Err(ApiError::new(
                ErrorCode::Conflict,
                format!("another action on {} is still going on", container.name),
            ));
        };
        let done = found.engine.act(container.id, action, &request.options);
        let result = tokio::time::timeout(action.deadline(&request.options), done)
            .await
            .unwrap_or(Err(EngineError::Timeout));
        // What was asked for is so, as the `docker` command line sees it too.
        let result = match result {
            Err(EngineError::NotModified) => Ok(()),
            result => result,
        };
        match &result {
            Ok(()) => {
                tracing::info!(host = %found.host, container = %container.id.short(), %action, "done")
            }
            Err(error) => tracing::warn!(
                host = %found.host, container = %container.id.short(), %action, %error, "failed"
            ),
        }
        result.map_err(|error| engine_error(&error))
    }
}

fn resolve(
    dashboard: &Dashboard,
    host: Option<&HostId>,
    prefix: &ContainerPrefix,
) -> Option<(HostId, Arc<Container>)> {
    let mut found = dashboard.containers().filter(|(of, container)| {
        host.is_none_or(|host| host == *of) && prefix.matches(&container.id)
    });
    let (host, container) = found.next()?;
    found
        .next()
        .is_none()
        .then(|| (host.clone(), Arc::clone(container)))
}

/// The one action on a container that is going on, until dropped.
struct InFlight<'a> {
    inner: &'a Inner,
    id: ContainerId,
}

impl<'a> InFlight<'a> {
    fn enter(inner: &'a Inner, id: ContainerId) -> Option<Self> {
        let mut in_flight = inner
            .in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        in_flight.insert(id).then(|| Self { inner, id })
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut in_flight = self
            .inner
            .in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        in_flight.remove(&self.id);
    }
}

/// What a peer may learn of an engine's failure.
pub fn engine_error(error: &EngineError) -> ApiError {
    let code = match error {
        EngineError::NotFound => return ApiError::no_such_container(),
        EngineError::NotModified | EngineError::Conflict(_) | EngineError::Unsupported(_) => {
            ErrorCode::Conflict
        }
        EngineError::Invalid(_) => ErrorCode::Invalid,
        EngineError::Unavailable(_) => ErrorCode::EngineUnavailable,
        EngineError::Timeout => ErrorCode::Timeout,
        EngineError::Failed(_) => ErrorCode::Internal,
    };
    ApiError::new(code, error.to_string())
}
