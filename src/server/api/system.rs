//! The state of the server itself, for administrators.

use super::schema::{BinaryForm, NoAdmin};
use crate::{
    protocol::{StorageStatus, StorageWord, SystemStatus, codec::MEDIA_TYPE},
    server::{AppState, alarms, binary, storage::StorageState},
};
use axum::{extract::State, http::HeaderMap, response::Response};

/// `GET /api/system`: the state of the server.
#[utoipa::path(
    get,
    path = "/system",
    operation_id = "system",
    summary = "The state of the server itself.",
    responses((status = 200, description = "The state.", content((SystemStatus = "application/json"), (BinaryForm = MEDIA_TYPE))), NoAdmin)
)]
pub async fn status(State(state): State<AppState>, headers: HeaderMap) -> Response {
    binary::either(&headers, &of(&state))
}

/// The state of the server.
pub(in crate::server) fn of(state: &AppState) -> SystemStatus {
    SystemStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_ms: u64::try_from(state.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        clients: state.gate.connections(),
        max_clients: state.config.max_clients,
        storage: storage(state),
        alarms: alarms::present(state),
    }
}

fn storage(state: &AppState) -> StorageStatus {
    let present = state
        .storage
        .as_ref()
        .map(|storage| storage.state().borrow().clone());
    let is_writable = present.as_ref().is_none_or(StorageState::is_writable);
    StorageStatus {
        state: match is_writable {
            true => StorageWord::Ready,
            false => StorageWord::Failing,
        },
        reason: present.and_then(|state| state.alarm().map(str::to_owned)),
    }
}
