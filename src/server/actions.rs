//! Actions on workloads: each is checked, executed at most once per request id, and always completed.

mod client;
mod requests;
#[cfg(test)]
mod tests;

pub use client::Client;

use super::{
    access::{Actor, Audit},
    find::{Directory, Found},
    instruments::Instruments,
    shutdown::Shutdown,
    source::EngineError,
    storage::StorageError,
};
use crate::{
    model::{AuditOutcome, Right, Workload, WorkloadId},
    protocol::{ApiError, ContainerAck, ContainerAction, ErrorCode},
};
use client::Rates;
use requests::{Answer, Requests};
use std::{
    collections::BTreeSet,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// How long a shutdown waits for the answer of an action, from its start. The answer must still be sent
/// over a connection that closes two seconds before all tasks have to end.
const LAST_ANSWER: Duration = Duration::from_secs(6);

/// Executes actions on workloads. A handle: clones share the actions in flight.
#[derive(Clone, Debug)]
pub struct Actions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shutdown: Shutdown,
    instruments: Instruments,
    audit: Audit,
    requests: Mutex<Requests>,
    rates: Mutex<Rates>,
    in_flight: Mutex<BTreeSet<WorkloadId>>,
    /// The number of connections so far.
    sockets: AtomicU64,
}

/// Who requests an action, and through which connection.
#[derive(Clone, Debug)]
pub struct By {
    /// The client for which the action is counted.
    pub client: Client,
    /// The principal, for the audit log.
    pub actor: Actor,
    /// The workloads that the principal may see and act on.
    pub directory: Directory,
}

impl Actions {
    /// Without actions in flight. Actions that have begun are finished at `shutdown`, timed in `instruments`
    /// and recorded in `audit`.
    pub fn new(shutdown: Shutdown, instruments: Instruments, audit: Audit) -> Self {
        Self {
            inner: Arc::new(Inner {
                shutdown,
                instruments,
                audit,
                requests: Mutex::default(),
                rates: Mutex::default(),
                in_flight: Mutex::default(),
                sockets: AtomicU64::new(0),
            }),
        }
    }

    /// The identity of a new connection that may request actions.
    pub fn new_socket(&self) -> Client {
        Client::Socket(self.inner.sockets.fetch_add(1, Ordering::Relaxed))
    }

    /// Executes `request`; always returns an answer, at shutdown too.
    ///
    /// The action is finished even if its answer is no longer awaited. The same request within a minute is
    /// answered by the same action.
    pub fn perform(
        &self,
        by: By,
        request: ContainerAction,
    ) -> impl Future<Output = ContainerAck> + use<> {
        let answer = self.begin(&by, &request);
        let (shutdown, audit) = (self.inner.shutdown.token(), self.inner.audit.clone());
        async move {
            let result = match answer {
                Ok(answer) => tokio::select! {
                    biased;
                    result = answer => result,
                    () = last_moment(shutdown) => Err(ApiError::new(
                        ErrorCode::Timeout,
                        "the server ends and has no answer from the engine yet; the action may still be done",
                    )),
                },
                Err(error) => {
                    let outcome = (AuditOutcome::Refused, error.message.as_str());
                    let (did, target) = (request.action.as_str(), request.container_id.as_str());
                    // The request is refused in any case.
                    let _ = audit.record(&by.actor, did, target, outcome).await;
                    Err(error)
                }
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

    /// Begins the action of `request`, or returns the one that was begun before. Refusals are not
    /// remembered.
    fn begin(&self, by: &By, request: &ContainerAction) -> Result<Answer, ApiError> {
        request.validate()?;
        let (client, directory) = (by.client, &by.directory);
        let mut requests = lock(&self.inner.requests);
        if let Some(known) = requests.known(by, request) {
            self.count(client)?;
            return known;
        }
        // Before anything is counted: a request for an unknown container must not use up the client's
        // rate.
        let found = directory.find(&request.target(), Right::Act)?;
        self.count(client)?;
        check(&found.workload, request)?;
        requests.room_for(client)?;
        let Some(in_flight) = InFlight::enter(&self.inner, found.id) else {
            let name = found.workload.name();
            let message = format!("another action on {name} is still going on");
            return Err(ApiError::new(ErrorCode::Conflict, message));
        };
        // The action's log lines are in the client's span.
        let work = audited(by.actor.clone(), found, request.clone(), in_flight).in_current_span();
        let work = self.inner.shutdown.tracker().spawn(work);
        Ok(requests.remember(by, request, work))
    }

    fn count(&self, by: Client) -> Result<(), ApiError> {
        lock(&self.inner.rates)
            .count(by)
            .map_err(|_| ApiError::new(ErrorCode::RateLimited, "too many actions"))
    }
}

/// Checks that `request` is allowed and possible for `workload`.
fn check(workload: &Workload, request: &ContainerAction) -> Result<(), ApiError> {
    let (name, action) = (workload.name(), request.action);
    if workload.is_protected() {
        let message = format!("{name} is protected from actions");
        return Err(ApiError::new(ErrorCode::Protected, message));
    }
    if !action.allowed(workload.state()) {
        let state = workload.state().as_str();
        let message = format!("{action} is not possible while {name} is {state}");
        return Err(ApiError::new(ErrorCode::Conflict, message));
    }
    Ok(())
}

/// Executes an action, and records it before and after.
async fn audited(
    actor: Actor,
    found: Found,
    request: ContainerAction,
    one: InFlight,
) -> Result<(), ApiError> {
    let (audit, target) = (one.inner.audit.clone(), found.target());
    let begun = audit.begin(&actor, request.action.as_str(), &target).await;
    let begun = begun.map_err(|error| not_recorded(&error))?;
    let result = act(found, request, one).await;
    match &result {
        Ok(()) => begun.finish(AuditOutcome::Done, "").await,
        Err(error) => begun.finish(AuditOutcome::Failed, &error.message).await,
    }
    result
}

async fn act(found: Found, request: ContainerAction, one: InFlight) -> Result<(), ApiError> {
    let began = Instant::now();
    let (id, action) = (found.container().id, request.action);
    let done = found.engine.act(id, action, &request.options);
    let result = tokio::time::timeout(action.deadline(&request.options), done)
        .await
        .unwrap_or(Err(EngineError::Timeout));
    // The container is already in the wanted state; the `docker` command line treats this as success, too.
    let result = match result {
        Err(EngineError::NotModified) => Ok(()),
        result => result,
    };
    one.inner
        .instruments
        .acted(action, result.is_ok(), began.elapsed());
    match &result {
        Ok(()) => {
            tracing::info!(host = %found.id.scope, container = %id.short(), %action, "done");
        }
        Err(error) => {
            tracing::warn!(host = %found.id.scope, container = %id.short(), %action, %error, "failed");
        }
    }
    result.map_err(|error| engine_error(&error))
}

/// Waits until a shutdown leaves no more time for an answer.
async fn last_moment(shutdown: CancellationToken) {
    shutdown.cancelled_owned().await;
    tokio::time::sleep(LAST_ANSWER).await;
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The only action in progress on a workload, until dropped.
struct InFlight {
    inner: Arc<Inner>,
    id: WorkloadId,
}

impl InFlight {
    fn enter(inner: &Arc<Inner>, id: WorkloadId) -> Option<Self> {
        let is_new = lock(&inner.in_flight).insert(id);
        is_new.then(|| Self {
            inner: Arc::clone(inner),
            id,
        })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        lock(&self.inner.in_flight).remove(&self.id);
    }
}

/// The answer when the beginning of an act cannot be recorded, so that it is not done.
pub fn not_recorded(error: &StorageError) -> ApiError {
    let message = format!("not done, because it cannot be recorded: {error}");
    ApiError::new(ErrorCode::StorageUnavailable, message)
}

/// The part of an engine's failure that a client may see.
pub fn engine_error(error: &EngineError) -> ApiError {
    let code = match error {
        EngineError::NotFound => return ApiError::no_such_container(),
        EngineError::NotModified | EngineError::Conflict(_) | EngineError::Unsupported(_) => {
            ErrorCode::Conflict
        }
        EngineError::Invalid(_) => ErrorCode::Invalid,
        EngineError::Forbidden(_) => ErrorCode::Forbidden,
        EngineError::Unavailable(_) => ErrorCode::EngineUnavailable,
        EngineError::Timeout => ErrorCode::Timeout,
        EngineError::Failed(_) => ErrorCode::Internal,
    };
    ApiError::new(code, error.to_string())
}
