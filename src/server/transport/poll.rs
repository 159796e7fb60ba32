//! `GET /api/snapshot`: the socket's messages, for clients that cannot keep a connection open.

use crate::{
    protocol::{
        ApiError, Channel, ErrorCode, Snapshot,
        codec::{self, Bundle, MEDIA_TYPE},
    },
    server::{
        access::Visitor,
        api::schema::{BinaryForm, InvalidSnapshot},
        binary,
        problem::Refusal,
        query::Query,
    },
};
use axum::{
    Json,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The query of `GET /api/snapshot`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SnapshotQuery {
    /// Names of channels, separated by commas; all when absent.
    channels: Option<String>,
    /// The id of the server's run to which `seq` belongs.
    epoch: Option<String>,
    /// The sequence numbers of the client's last messages: `41` for one channel, or
    /// `metrics:7,containers:41`.
    seq: Option<String>,
}

/// The present state, or the messages after `seq`; `304` if there are none.
///
/// # Errors
/// `unknown_channel` or `invalid`.
#[utoipa::path(
    get,
    path = "/snapshot",
    operation_id = "snapshot",
    summary = "The present state, or what came after a number: the polling fallback.",
    params(SnapshotQuery),
    responses(
        (status = 200, description = "The messages of the socket.", content((Snapshot = "application/json"), (BinaryForm = MEDIA_TYPE))),
        (status = 304, description = "The state is that of `If-None-Match`."),
        InvalidSnapshot
    )
)]
pub async fn snapshot(
    visitor: Visitor,
    headers: HeaderMap,
    Query(query): Query<SnapshotQuery>,
) -> Result<Response, Refusal> {
    let asked = channels(query.channels.as_deref())?;
    let seen = positions(query.seq.as_deref(), &asked)?;
    let viewer = visitor.viewer();
    if asked.iter().any(|channel| channel.policy().has_demand) {
        viewer.polled_stats();
    }
    // As on the socket, every client gets the state of the sources.
    let all: Vec<Channel> = [Channel::SOURCES].into_iter().chain(asked).collect();
    let (heads, frames) = viewer.poll(&all, query.epoch.as_deref(), &seen);
    let is_binary = binary::is_accepted(&headers);
    let tag = etag(viewer.epoch(), &all, &heads, is_binary);
    let caching = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "no-cache".into()),
    ];
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().trim_start_matches("W/") == tag);
    if known {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let epoch = viewer.epoch().to_owned();
    if is_binary {
        let frames = frames.iter().map(|frame| frame.binary().to_vec()).collect();
        let bundle = codec::encode(&Bundle { epoch, frames });
        return Ok((caching, binary::answer(bundle)).into_response());
    }
    let messages = frames.iter().map(|frame| frame.message().clone()).collect();
    Ok((caching, Json(Snapshot { epoch, messages })).into_response())
}

fn channels(names: Option<&str>) -> Result<BTreeSet<Channel>, ApiError> {
    let Some(names) = names else {
        return Ok(Channel::SUBSCRIBABLE.into());
    };
    names
        .split(',')
        .map(|name| {
            name.trim()
                .parse()
                .ok()
                .filter(|channel| Channel::SUBSCRIBABLE.contains(channel))
                .ok_or_else(|| {
                    let error = "the channels are metrics, containers, stats and events";
                    ApiError::new(ErrorCode::UnknownChannel, error)
                })
        })
        .collect()
}

fn positions(
    seq: Option<&str>,
    asked: &BTreeSet<Channel>,
) -> Result<BTreeMap<Channel, u64>, Refusal> {
    let position = |text: &str| -> Option<(Channel, u64)> {
        match text.split_once(':') {
            Some((channel, seq)) => Some((channel.trim().parse().ok()?, seq.trim().parse().ok()?)),
            None if asked.len() == 1 => Some((*asked.first()?, text.trim().parse().ok()?)),
            None => None,
        }
    };
    seq.map(|seq| seq.split(',').map(position).collect())
        .unwrap_or_else(|| Some(BTreeMap::new()))
        .ok_or_else(|| {
            Refusal::invalid("seq must be a number, or with several channels metrics:7,stats:3")
        })
}

/// Identifies one form of one state.
fn etag(epoch: &str, channels: &[Channel], heads: &[u64], is_binary: bool) -> String {
    let positions = channels.iter().zip(heads);
    let parts: Vec<_> = positions
        .map(|(channel, head)| format!("{channel}:{head}"))
        .collect();
    let form = if is_binary { "-bin" } else { "" };
    format!("\"{epoch}-{}{form}\"", parts.join("-"))
}
