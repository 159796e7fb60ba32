//! What every request handler can reach.

use super::{
    actions::Actions,
    assets::Site,
    config::Config,
    gate::Gate,
    health::Health,
    hub::Hub,
    logs::Logs,
    serve::Traffic,
    shutdown::Shutdown,
    transport::{Delivery, HeartbeatTimer},
};
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use std::{sync::Arc, time::Instant};

/// What every request handler can reach. A handle: copies share everything.
#[derive(Clone, Debug)]
pub struct AppState {
    /// How we are configured.
    pub config: Arc<Config>,
    /// The state of everything.
    pub hub: Hub,
    /// What can be done to containers.
    pub actions: Actions,
    /// Logs that are followed.
    pub logs: Logs,
    /// Who may connect.
    pub gate: Gate,
    /// Which tasks make progress.
    pub health: Health,
    /// How everything ends.
    pub shutdown: Shutdown,
    /// Brings news to clients.
    pub delivery: Delivery,
    /// The heartbeats of connections.
    pub heartbeats: HeartbeatTimer,
    /// The built site.
    pub site: Site,
    /// What Leptos wants to know.
    pub leptos: LeptosOptions,
    /// How many bytes went over HTTP.
    pub traffic: Traffic,
    /// When the server started.
    pub started: Instant,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
