//! Whether the server runs, for those who run it.

use crate::{
    protocol::{ApiError, ErrorCode},
    server::{AppState, problem::Refusal},
};
use axum::{extract::State, http::StatusCode};

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: there is something to show.
///
/// # Errors
/// `503` until the first figures have come.
pub async fn ready(State(state): State<AppState>) -> Result<&'static str, Refusal> {
    let ready = state.hub.read(|dashboard| {
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
