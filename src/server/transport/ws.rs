//! `GET /api/ws`, the multiplexed socket, and the single-purpose ones beside it.

use super::{
    client_id::ClientId,
    conversation::{Conversation, connected},
    forms::Form,
    socket::{OTHER_VERSION, end},
};
use crate::{
    protocol::{Channel, MAX_MESSAGE_BYTES, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON, SocketStatus},
    server::{
        AppState,
        api::schema::NoSocket,
        serve::{Connection, Peer},
        websocket::{NoUpgrade, Upgrade},
    },
};
use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};

/// The prefix of all names of our subprotocols.
const SUBPROTOCOLS: &str = "deckwatch.v";

/// The multiplexed socket; its status if no upgrade is requested.
#[utoipa::path(
    get,
    path = "/ws",
    operation_id = "socket",
    summary = "The multiplexed WebSocket; without an upgrade its status.",
    description = "`docs/PROTOCOL.md` describes the messages.",
    responses(
        (status = 101, description = "The socket is open."),
        (status = 200, description = "The status, when no upgrade is asked for.", body = SocketStatus),
        NoSocket
    )
)]
pub async fn multiplexed(
    State(state): State<AppState>,
    Extension(connection): Extension<Connection>,
    headers: HeaderMap,
    upgrade: Result<Upgrade, NoUpgrade>,
) -> Response {
    match upgrade {
        Ok(upgrade) => accept(upgrade, &state, connection.peer()),
        Err(rejection) if headers.contains_key(header::UPGRADE) => rejection.into_response(),
        Err(_) => Json(status(&state)).into_response(),
    }
}

/// `/ws/docker/stats`: container stats in the form of the `docker` command line.
#[utoipa::path(
    get,
    path = "/ws/docker/stats",
    operation_id = "statsSocket",
    summary = "A WebSocket with the figures of all containers.",
    responses((status = 101, description = "The socket is open."), NoSocket)
)]
pub async fn docker_stats(
    State(state): State<AppState>,
    Extension(connection): Extension<Connection>,
    upgrade: Upgrade,
) -> Response {
    let (form, peer) = (Form::DockerStats, connection.peer());
    talk(upgrade, &state, form, peer, |conversation, _, _| {
        conversation.follow(Channel::STATS);
    })
}

fn accept(mut upgrade: Upgrade, state: &AppState, peer: Peer) -> Response {
    let offered = |name: &str| upgrade.offered().iter().any(|offer| offer == name);
    let ours = [
        (SUBPROTOCOL_BINARY, Form::Binary),
        (SUBPROTOCOL_JSON, Form::Json),
    ];
    let agreed = ours.into_iter().find(|(name, _)| offered(name));
    let is_ours = |offer: &&HeaderValue| offer.as_bytes().starts_with(SUBPROTOCOLS.as_bytes());
    if agreed.is_none() && upgrade.offered().iter().any(|offer| is_ours(&offer)) {
        // Browsers fail a connection whose subprotocols are all refused, and never see the reason.
        if let Some(first) = upgrade.offered().first().cloned() {
            upgrade.select(first);
        }
        return refuse(upgrade, state, peer);
    }
    if let Some((name, _)) = agreed {
        upgrade.select(HeaderValue::from_static(name));
    }
    let form = agreed.map_or(Form::Json, |(_, form)| form);
    talk(upgrade, state, form, peer, |conversation, state, id| {
        conversation.send(&connected(state, id));
        conversation.follow(Channel::SOURCES);
    })
}

/// Upgrades the connection of a client of `peer`; `begin` makes the first subscriptions.
pub(super) fn talk(
    upgrade: Upgrade,
    state: &AppState,
    form: Form,
    peer: Peer,
    begin: impl FnOnce(&mut Conversation, &AppState, ClientId) + Send + 'static,
) -> Response {
    let permit = match state.gate.admit(peer) {
        Ok(permit) => permit,
        Err(refusal) => return refusal.into_response(),
    };
    let (token, state) = (state.shutdown.token(), state.clone());
    let tracker = state.shutdown.tracker().clone();
    let id = ClientId::new();
    let _span = id.span().entered();
    upgrade.accept(MAX_MESSAGE_BYTES, &tracker, move |socket| {
        let mut conversation = Conversation::new(socket, form, &state);
        begin(&mut conversation, &state, id);
        // Captures nothing else, because the future lives as long as the connection.
        async move {
            conversation.hold(token).await;
            drop(permit);
        }
    })
}

/// Accepts the upgrade only to close the connection with the reason.
fn refuse(upgrade: Upgrade, state: &AppState, peer: Peer) -> Response {
    let permit = match state.gate.admit(peer) {
        Ok(permit) => permit,
        Err(refusal) => return refusal.into_response(),
    };
    let (token, tracker) = (state.shutdown.token(), state.shutdown.tracker());
    let instruments = state.viewer().instruments().clone();
    let _span = ClientId::new().span().entered();
    upgrade.accept(MAX_MESSAGE_BYTES, tracker, |socket| async move {
        instruments.socket_opened();
        instruments.socket_closed(OTHER_VERSION.code());
        end(socket, OTHER_VERSION, &token).await;
        drop(permit);
    })
}

fn status(state: &AppState) -> SocketStatus {
    let demand = state.viewer().demand();
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
