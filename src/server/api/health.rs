//! Liveness and readiness of the server, for process supervisors and load balancers.

use super::schema::NothingObserved;
use crate::{
    protocol::{ApiError, ErrorCode},
    server::{
        AppState,
        health::{Report, Verdict},
        problem::Refusal,
    },
};
use axum::{Json, extract::State, http::StatusCode};

/// `GET /healthz`: time since the last heartbeat of each core task; `503` if one is stalled. Unreachable
/// engines do not count: the server works without them.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "alive",
    summary = "Which parts of the process make progress.",
    description = "An engine that is away stalls no task. Where `base-path` is set it answers at the root too.",
    responses(
        (status = 200, description = "Every core task makes progress.", body = Report),
        (status = 503, description = "At least one core task has made none for a minute.", body = Report)
    )
)]
pub async fn alive(State(state): State<AppState>) -> (StatusCode, Json<Report>) {
    let report = state.health.report();
    let status = match report.status {
        Verdict::Ok => StatusCode::OK,
        Verdict::Degraded => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(report))
}

/// `GET /readyz`: whether there is data to show.
///
/// # Errors
/// `503` until the first sample has arrived.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "ready",
    summary = "Whether there is something to show.",
    responses((status = 200, description = "`ready`", body = String), NothingObserved)
)]
pub async fn ready(State(state): State<AppState>) -> Result<&'static str, Refusal> {
    let ready = state.viewer().read(|dashboard| {
        dashboard
            .hosts
            .values()
            .any(|host| host.containers_at.is_some() || host.metrics_at.is_some())
    });
    if ready {
        return Ok("ready\n");
    }
    let error = ApiError::new(ErrorCode::EngineUnavailable, "nothing was observed yet");
    Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error))
}
