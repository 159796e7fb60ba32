//! `GET /api/ws`, the multiplexed socket, and the single-purpose ones beside it.

use super::{
    client_id::ClientId,
    conversation::Conversation,
    forms::Form,
    greeting::connected,
    socket::{OTHER_VERSION, end},
};
use crate::{
    model::Right,
    protocol::{
        Channel, MAX_MESSAGE_BYTES, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON, SocketStatus, close_code,
    },
    server::{
        AppState,
        access::{Visitor, guard::Need},
        api::schema::NoSocket,
        websocket::{NoUpgrade, Upgrade},
    },
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use std::time::Duration;

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
    visitor: Visitor,
    headers: HeaderMap,
    upgrade: Result<Upgrade, NoUpgrade>,
) -> Response {
    match upgrade {
        Ok(upgrade) => accept(upgrade, &state, &visitor),
        Err(rejection) if headers.contains_key(header::UPGRADE) => rejection.into_response(),
        // It counts the connections of all principals.
        Err(_) => match Need::Everywhere(Right::See).check(&visitor) {
            Ok(()) => Json(status(&state, &visitor)).into_response(),
            Err(refusal) => refusal.into_response(),
        },
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
    visitor: Visitor,
    upgrade: Upgrade,
) -> Response {
    talk(
        upgrade,
        &state,
        &visitor,
        Form::DockerStats,
        |conversation, _| {
            conversation.follow(Channel::STATS);
        },
    )
}

fn accept(mut upgrade: Upgrade, state: &AppState, visitor: &Visitor) -> Response {
    let offered = |name: &str| upgrade.offered().iter().any(|offer| offer == name);
    let ours = [
        (SUBPROTOCOL_BINARY, Form::Binary),
        (SUBPROTOCOL_JSON, Form::Json),
    ];
    let agreed = ours.into_iter().find(|(name, _)| offered(name));
    let is_ours = |offer: &&HeaderValue| offer.as_bytes().starts_with(SUBPROTOCOLS.as_bytes());
    if agreed.is_none() && upgrade.offered().iter().any(|offer| is_ours(&offer)) {
        // Browsers fail a connection whose subprotocols are all refused, and never see the reason.
        let first = upgrade.offered().iter().find(is_ours).cloned();
        if let Some(first) = first {
            upgrade.select(first);
        }
        return refuse(upgrade, state, visitor);
    }
    if let Some((name, _)) = agreed {
        upgrade.select(HeaderValue::from_static(name));
    }
    let form = agreed.map_or(Form::Json, |(_, form)| form);
    let (welcoming, viewer) = (state.clone(), visitor.viewer().clone());
    let principal = visitor.digest();
    talk(upgrade, state, visitor, form, move |conversation, id| {
        conversation.send(&connected(&welcoming, &viewer, principal, id));
        conversation.follow(Channel::SOURCES);
    })
}

/// Upgrades the connection of `visitor`; `begin` makes the first subscriptions.
pub(super) fn talk(
    upgrade: Upgrade,
    state: &AppState,
    visitor: &Visitor,
    form: Form,
    begin: impl FnOnce(&mut Conversation, ClientId) + Send + 'static,
) -> Response {
    let mut permit = match state.gate.admit(visitor) {
        Ok(permit) => permit.of_live(),
        Err(refusal) => return refusal.into_response(),
    };
    let (token, state, visitor) = (state.shutdown.token(), state.clone(), visitor.clone());
    let tracker = state.shutdown.tracker().clone();
    let id = ClientId::new();
    let _span = id.span().entered();
    upgrade.accept(MAX_MESSAGE_BYTES, &tracker, move |socket| {
        let mut conversation = Box::new(Conversation::new(socket, form, (&state, &visitor), id));
        begin(&mut conversation, id);
        // Captures nothing else, because the future lives as long as the connection.
        async move {
            if conversation.hold(token).await == Some(close_code::LEAVING) {
                permit.left();
            }
            drop(permit);
        }
    })
}

/// Accepts the upgrade only to close the connection with the reason.
fn refuse(upgrade: Upgrade, state: &AppState, visitor: &Visitor) -> Response {
    let permit = match state.gate.admit(visitor) {
        Ok(permit) => permit.of_live(),
        Err(refusal) => return refusal.into_response(),
    };
    let (token, tracker) = (state.shutdown.token(), state.shutdown.tracker());
    let instruments = visitor.viewer().instruments().clone();
    let _span = ClientId::new().span().entered();
    upgrade.accept(MAX_MESSAGE_BYTES, tracker, |socket| async move {
        instruments.socket_opened();
        instruments.socket_closed(OTHER_VERSION.code(), Duration::ZERO);
        end(socket, OTHER_VERSION, &token).await;
        drop(permit);
    })
}

fn status(state: &AppState, visitor: &Visitor) -> SocketStatus {
    let demand = visitor.viewer().demand();
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
