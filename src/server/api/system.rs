//! The state of the server itself, for administrators.

use super::schema::{BinaryForm, NoAdmin};
use crate::{
    model::{DashboardCost, HostId, SourceStatus},
    protocol::{
        RecentFigures, SocketFigures, StorageStatus, StorageWord, SystemStatus, codec::MEDIA_TYPE,
    },
    server::{AppState, alarms, binary, recent::WINDOW, storage::StorageState},
};
use axum::{extract::State, http::HeaderMap, response::Response};
use std::time::Duration;

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
    let cost = own_cost(state);
    SystemStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_ms: millis(state.started.elapsed()),
        cpu_percent: cost.map(|cost| cost.cpu_percent),
        memory: cost.map(|cost| cost.memory),
        clients: state.gate.connections(),
        max_clients: state.config.max_clients,
        sockets: sockets(state),
        recent: recent(state),
        sources: sources(state),
        storage: storage(state),
        alarms: alarms::present(state),
    }
}

/// What the server itself uses; `None` until it was measured.
pub(in crate::server) fn own_cost(state: &AppState) -> Option<DashboardCost> {
    state.directory.viewer().read(|dashboard| {
        let host = dashboard.hosts.get(&HostId::local())?;
        host.metrics.as_ref()?.dashboard
    })
}

fn sockets(state: &AppState) -> SocketFigures {
    let totals = state.directory.viewer().instruments().totals();
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    SocketFigures {
        open: u32::try_from(state.delivery.sockets()).unwrap_or(u32::MAX),
        opened: totals.opened,
        closed: totals.closed,
        sent_messages: totals.sent_messages,
        failed_messages: totals.failed_messages,
        sent_bytes: totals.sent_bytes,
        reconnects: state.gate.reconnects(),
        resyncs: totals.resyncs,
        log_gaps: totals.log_gaps,
        mean_duration_ms: totals.mean_connection.map(millis),
        mean_delivery_us: totals.mean_delivery.map(micros),
    }
}

fn recent(state: &AppState) -> RecentFigures {
    let sends = state.directory.viewer().instruments().recent_sends();
    RecentFigures {
        window_ms: millis(WINDOW),
        sent_messages: sends.sent,
        failed_messages: sends.failed,
        reconnects: state.gate.recent_reconnects(),
    }
}

fn sources(state: &AppState) -> Vec<SourceStatus> {
    state.directory.viewer().read(|dashboard| {
        let hosts = dashboard.hosts.values();
        hosts
            .flat_map(|host| host.sources.values().cloned())
            .collect()
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
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
