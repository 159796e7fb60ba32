//! The present state, for scripts.

use super::HostQuery;
use crate::{
    model::{HISTORY, HostId, Update},
    protocol::{Channel, ServerMessage, Snapshot},
    server::{AppState, binary, config::HumanDuration, problem::Refusal},
};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::time::Duration;

/// Which figures.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsQuery {
    host: Option<HostId>,
    range: Option<HumanDuration>,
}

/// `GET /api/metrics`: hosts' newest figures; with `range` a host's last minutes.
///
/// # Errors
/// `invalid`.
pub async fn metrics(
    State(state): State<AppState>,
    headers: HeaderMap,
    query: Result<Query<MetricsQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|error| Refusal::invalid(error.body_text()))?;
    let Some(range) = query.range else {
        return Ok(newest(&state, Channel::METRICS, query.host).into_response());
    };
    let range = within_history(range)?;
    let host = query.host.unwrap_or_default();
    let mut history = state.viewer().metrics_history(&host);
    if let Some(last) = history.samples.last().map(|sample| sample.timestamp) {
        history
            .samples
            .retain(|sample| sample.timestamp.age(last) <= range);
    }
    Ok(binary::either(&headers, &history))
}

/// `GET /api/containers`: all containers.
///
/// # Errors
/// `invalid`.
pub async fn containers(
    State(state): State<AppState>,
    query: Result<Query<HostQuery>, QueryRejection>,
) -> Result<Json<Snapshot>, Refusal> {
    let Query(query) = query.map_err(|error| Refusal::invalid(error.body_text()))?;
    Ok(newest(&state, Channel::CONTAINERS, query.host))
}

/// A length of time, as far back as anything is remembered.
pub(super) fn within_history(HumanDuration(range): HumanDuration) -> Result<Duration, Refusal> {
    if range > HISTORY {
        let most = HumanDuration(HISTORY);
        return Err(Refusal::invalid(format!("range must be at most {most}")));
    }
    Ok(range)
}

fn newest(state: &AppState, channel: Channel, host: Option<HostId>) -> Json<Snapshot> {
    let (_, frames) = state.viewer().snapshot(&[channel]);
    let is_asked_for = |message: &&ServerMessage| {
        let of = message.update().map(Update::host);
        host.is_none() || host == of
    };
    Json(Snapshot {
        epoch: state.viewer().epoch().to_owned(),
        messages: frames
            .iter()
            .map(|frame| frame.message())
            .filter(is_asked_for)
            .cloned()
            .collect(),
    })
}
