//! `GET /api/ws`, the multiplexed socket, and the single-purpose ones beside it.

use super::{
    conversation::{Conversation, connected},
    socket::{OTHER_VERSION, Socket},
};
use crate::{
    protocol::{Channel, MAX_MESSAGE_BYTES, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON, SocketStatus},
    server::{AppState, hub::Codec},
};
use axum::{
    Json,
    extract::{
        State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

/// Bytes read at once. Clients say little, and the default of 128 KiB is allocated for each.
const READ_BUFFER: usize = 1024;
/// Bytes that may wait to be written: more than the longest message, a snapshot of some ten thousand
/// containers.
const MAX_WRITE_BUFFER: usize = 64 * 1024 * 1024;
/// What all names of our subprotocols begin with.
const SUBPROTOCOLS: &str = "deckwatch.v";

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// The multiplexed socket; its status when no upgrade is asked for.
pub async fn multiplexed(
    State(state): State<AppState>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    match upgrade {
        Ok(upgrade) => accept(upgrade, state),
        Err(rejection) if headers.contains_key(header::UPGRADE) => rejection.into_response(),
        Err(_) => Json(status(&state)).into_response(),
    }
}

/// `/ws/docker/stats`: figures of containers in the form of the `docker` command line.
pub async fn docker_stats(State(state): State<AppState>, upgrade: WebSocketUpgrade) -> Response {
    let place = match state.gate.admit() {
        Ok(place) => place,
        Err(refusal) => return refusal.into_response(),
    };
    let token = state.shutdown.token();
    frugal(upgrade).on_upgrade(move |socket| {
        state.shutdown.tracker().clone().track_future(async move {
            let socket = Socket::new(socket);
            Conversation::new(socket, Codec::DockerStats, &state)
                .hold(None, &[Channel::Stats], token)
                .await;
            drop(place);
        })
    })
}

fn accept(upgrade: WebSocketUpgrade, state: AppState) -> Response {
    let place = match state.gate.admit() {
        Ok(place) => place,
        Err(refusal) => return refusal.into_response(),
    };
    let mut upgrade = frugal(upgrade).protocols([SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON]);
    let codec = match upgrade.selected_protocol() {
        Some(name) if name == SUBPROTOCOL_BINARY => Codec::Binary,
        _ => Codec::Json,
    };
    let other_version = upgrade.selected_protocol().is_none()
        && upgrade
            .requested_protocols()
            .any(|name| name.as_bytes().starts_with(SUBPROTOCOLS.as_bytes()));
    if other_version {
        // Browsers fail a connection whose subprotocols are all refused, and never see the reason.
        let asked = upgrade.requested_protocols().next().cloned();
        if let Some(asked) = asked {
            upgrade.set_selected_protocol(asked);
        }
    }
    let token = state.shutdown.token();
    upgrade.on_upgrade(move |socket| {
        state.shutdown.tracker().clone().track_future(async move {
            let socket = Socket::new(socket);
            if other_version {
                return socket.end(OTHER_VERSION).await;
            }
            Conversation::new(socket, codec, &state)
                .hold(Some(connected(&state)), &[Channel::Sources], token)
                .await;
            drop(place);
        })
    })
}

/// With small buffers: an idle client costs 3 KiB instead of 134.
fn frugal(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
}

fn status(state: &AppState) -> SocketStatus {
    let demand = state.hub.demand();
    SocketStatus {
        status: "ok".into(),
        connected_clients: state.gate.connections(),
        subscriptions: Channel::SUBSCRIBABLE
            .into_iter()
            .map(|channel| (channel.to_string(), demand.viewers(channel)))
            .collect(),
        uptime_seconds: state.started.elapsed().as_secs(),
        version: env!("CARGO_PKG_VERSION").into(),
    }
}
