//! The container stats of the last minutes.

use super::{
    find,
    schema::{
        BinaryForm, ContainerPath, InvalidRequest, SparklinesAnswer, StatsColumns, UnknownContainer,
    },
    state::within_history,
};
use crate::{
    model::{HISTORY, HostId, NotAContainerId, Right, WorkloadRef},
    protocol::{MAX_SPARKLINES, codec::MEDIA_TYPE},
    server::{
        access::Visitor, binary, clock, config::HumanDuration, problem::Refusal, query::Query,
    },
};
use axum::{extract::Path, http::HeaderMap, response::Response};
use serde::Deserialize;

/// The query of `GET /api/containers/{id}/stats`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// The container's host; any when absent.
    #[param(value_type = Option<HostId>)]
    host: Option<HostId>,
    /// How far back, at most `5m`, which is the default: a number and `ms`, `s` or `m`.
    #[param(value_type = Option<String>, example = "5m", pattern = "^[0-9]{1,9}(ms|s|m)$")]
    range: Option<HumanDuration>,
}

/// The query of `GET /api/stats/sparklines`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SparklinesQuery {
    /// Up to 250 containers, separated by commas: the beginnings of their ids (`<id>` or `<host>/<id>`).
    #[param(
        pattern = "^(([A-Za-z0-9_-]{1,64}/)?[0-9a-f]{12,64},){0,249}([A-Za-z0-9_-]{1,64}/)?[0-9a-f]{12,64}$"
    )]
    ids: String,
}

/// `GET /api/containers/{id}/stats?range=5m`: the stats of the container over the last minutes.
///
/// # Errors
/// `invalid` and `not_found`.
#[utoipa::path(
    get,
    path = "/containers/{id}/stats",
    operation_id = "stats",
    summary = "The last minutes of a container's figures.",
    params(ContainerPath, HistoryQuery),
    responses(
        (status = 200, description = "Columns of figures.", content((StatsColumns = "application/json"), (BinaryForm = MEDIA_TYPE))),
        UnknownContainer
    )
)]
pub async fn history(
    visitor: Visitor,
    Path(id): Path<String>,
    headers: HeaderMap,
    Query(query): Query<HistoryQuery>,
) -> Result<Response, Refusal> {
    let range = query.range.unwrap_or(HumanDuration(HISTORY));
    let range = within_history(range)?;
    let found = find(&visitor, query.host, &id, Right::See)?;
    let viewer = visitor.viewer();
    let history = viewer.stats_history(found.id, range, clock::now());
    Ok(binary::either(&headers, &history))
}

/// `GET /api/stats/sparklines?ids=…`: the CPU of several containers over the last minutes. Unknown
/// containers and containers that never ran are omitted.
///
/// # Errors
/// `invalid`.
#[utoipa::path(
    get,
    path = "/stats/sparklines",
    operation_id = "sparklines",
    summary = "The CPU of several containers over the last minutes.",
    description = "Unknown containers and containers that never ran are omitted.",
    params(SparklinesQuery),
    responses(
        (status = 200, description = "Values by container.", content((SparklinesAnswer = "application/json"), (BinaryForm = MEDIA_TYPE))),
        InvalidRequest
    )
)]
pub async fn sparklines(
    visitor: Visitor,
    headers: HeaderMap,
    Query(query): Query<SparklinesQuery>,
) -> Result<Response, Refusal> {
    if query.ids.split(',').count() > MAX_SPARKLINES {
        return Err(Refusal::invalid(format!("at most {MAX_SPARKLINES} ids")));
    }
    let ids: Result<Vec<WorkloadRef>, NotAContainerId> =
        query.ids.split(',').map(str::parse).collect();
    let ids = ids.map_err(|error| Refusal::invalid(error.to_string()))?;
    Ok(binary::either(&headers, &visitor.viewer().sparklines(&ids)))
}
