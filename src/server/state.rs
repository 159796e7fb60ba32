//! What every request handler can reach.

use super::{
    actions::Actions,
    assets::Site,
    config::Config,
    find::Directory,
    gate::Gate,
    health::Health,
    hub::Viewer,
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
    /// What a request may see and ask for.
    pub(super) directory: Directory,
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

impl AppState {
    /// What a request may see and ask for.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The state that a request may see.
    pub const fn viewer(&self) -> &Viewer {
        self.directory.viewer()
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
