//! The message with which a connection begins, and begins again after its rights have changed.

use super::client_id::ClientId;
use crate::{
    protocol::{Channel, PROTOCOL_VERSION, ServerMessage},
    server::{AppState, hub::Viewer},
};

/// The first message on the connection `id`. `principal` is the digest of the principal.
pub(super) fn connected(
    state: &AppState,
    viewer: &Viewer,
    principal: String,
    id: ClientId,
) -> ServerMessage {
    ServerMessage::Connected {
        client_id: id.to_string(),
        protocol: PROTOCOL_VERSION,
        epoch: viewer.epoch().to_owned(),
        principal,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        heartbeat_interval_ms: u64::try_from(state.config.heartbeat.as_millis())
            .unwrap_or(u64::MAX),
        channels: Channel::SUBSCRIBABLE.to_vec(),
        intervals: state.config.intervals(),
    }
}
