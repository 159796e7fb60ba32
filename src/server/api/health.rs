//! Liveness and readiness of the server, for process supervisors and load balancers.

use super::schema::NothingObserved;
use crate::{
    model::Right,
    protocol::{ApiError, ErrorCode},
    server::{
        AppState,
        access::{Visitor, guard::Need},
        alarms,
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
pub async fn alive(State(state): State<AppState>, visitor: Visitor) -> (StatusCode, Json<Report>) {
    let mut report = state.health.report();
    if Need::Everywhere(Right::See).check(&visitor).is_err() {
        // The names of tasks contain those of hosts.
        report.stalled.clear();
        report.idle_ms.clear();
    }
    let status = match report.status {
        Verdict::Ok => StatusCode::OK,
        Verdict::Degraded => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(report))
}

/// `GET /readyz`: whether there is data to show. An alarm does not change the status: the dashboard works
/// meanwhile.
///
/// Alarms name hosts, users and addresses, so that only administrators of everything get them.
///
/// # Errors
/// `503` until the first sample has arrived.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "ready",
    summary = "Whether there is something to show.",
    responses(
        (
            status = 200,
            description = "`ready`, and for `admin` on `*` one more line per alarm, such as `storage: The disk is full: …`.",
            body = String
        ),
        NothingObserved
    )
)]
pub async fn ready(State(state): State<AppState>, visitor: Visitor) -> Result<String, Refusal> {
    let ready = state.directory.viewer().read(|dashboard| {
        dashboard
            .hosts
            .values()
            .any(|host| host.containers_at.is_some() || host.metrics_at.is_some())
    });
    if ready {
        let is_admin = Need::Everywhere(Right::Admin).check(&visitor).is_ok();
        let lines = match is_admin {
            true => alarms(&state),
            false => String::new(),
        };
        return Ok(format!("ready\n{lines}"));
    }
    let error = ApiError::new(ErrorCode::EngineUnavailable, "nothing was observed yet");
    Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error))
}

/// One line per alarm.
fn alarms(state: &AppState) -> String {
    let alarms = alarms::present(state).into_iter();
    alarms
        .map(|alarm| format!("{}: {}\n", alarm.name, alarm.text))
        .collect()
}
