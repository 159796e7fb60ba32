//! The present state, for scripts.

use super::{
    HostQuery,
    schema::{BinaryForm, InvalidRequest, MetricsAnswer},
};
use crate::{
    model::{HISTORY, HostId, Update},
    protocol::{Channel, ServerMessage, Snapshot, codec::MEDIA_TYPE},
    server::{
        access::Visitor, binary, config::HumanDuration, hub::Viewer, problem::Refusal, query::Query,
    },
};
use axum::{
    Json,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::time::Duration;

/// The query of `GET /api/metrics`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MetricsQuery {
    /// The host. When absent, all hosts, or the local one if there is a `range`.
    #[param(value_type = Option<HostId>)]
    host: Option<HostId>,
    /// How far back, at most `5m`: a number and `ms`, `s` or `m`.
    #[param(value_type = Option<String>, example = "5m", pattern = "^[0-9]{1,9}(ms|s|m)$")]
    range: Option<HumanDuration>,
}

/// `GET /api/metrics`: the newest metrics of hosts; with `range`, those of one host over the last minutes.
///
/// # Errors
/// `invalid`.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "hostMetrics",
    summary = "The newest figures of hosts; with `range` the last minutes of one.",
    params(MetricsQuery),
    responses(
        (status = 200, description = "Messages; with `range` samples, and only these in the binary form.", content((MetricsAnswer = "application/json"), (BinaryForm = MEDIA_TYPE))),
        InvalidRequest
    )
)]
pub async fn metrics(
    visitor: Visitor,
    headers: HeaderMap,
    Query(query): Query<MetricsQuery>,
) -> Result<Response, Refusal> {
    let Some(range) = query.range else {
        return Ok(newest(visitor.viewer(), Channel::METRICS, query.host).into_response());
    };
    let range = within_history(range)?;
    let host = query.host.unwrap_or_default();
    let mut history = visitor.viewer().metrics_history(&host);
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
#[utoipa::path(
    get,
    path = "/containers",
    operation_id = "containers",
    summary = "All containers.",
    params(HostQuery),
    responses((status = 200, description = "A message for each host.", body = Snapshot), InvalidRequest)
)]
pub async fn containers(
    visitor: Visitor,
    Query(query): Query<HostQuery>,
) -> Result<Json<Snapshot>, Refusal> {
    Ok(newest(visitor.viewer(), Channel::CONTAINERS, query.host))
}

/// A duration that is checked to be within the remembered history.
pub(super) fn within_history(HumanDuration(range): HumanDuration) -> Result<Duration, Refusal> {
    if range > HISTORY {
        let most = HumanDuration(HISTORY);
        return Err(Refusal::invalid(format!("range must be at most {most}")));
    }
    Ok(range)
}

fn newest(viewer: &Viewer, channel: Channel, host: Option<HostId>) -> Json<Snapshot> {
    let (_, frames) = viewer.snapshot(&[channel]);
    let is_asked_for = |message: &&ServerMessage| {
        let of = message.update().map(Update::host);
        host.is_none() || host == of
    };
    Json(Snapshot {
        epoch: viewer.epoch().to_owned(),
        messages: frames
            .iter()
            .map(|frame| frame.message())
            .filter(is_asked_for)
            .cloned()
            .collect(),
    })
}
