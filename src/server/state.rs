//! The shared state of all request handlers.

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

/// The shared state of all request handlers. A handle: clones share everything.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The configuration.
    pub config: Arc<Config>,
    /// The workloads that a request may see, and their engines.
    pub(super) directory: Directory,
    /// Executes actions on containers.
    pub actions: Actions,
    /// The logs that are being followed.
    pub logs: Logs,
    /// Checks and limits connections.
    pub gate: Gate,
    /// The heartbeats of core tasks.
    pub health: Health,
    /// Ends all tasks.
    pub shutdown: Shutdown,
    /// Delivers publications to clients.
    pub delivery: Delivery,
    /// The heartbeats of connections.
    pub heartbeats: HeartbeatTimer,
    /// The embedded files of the built site.
    pub site: Site,
    /// The configuration of Leptos.
    pub leptos: LeptosOptions,
    /// Bytes sent and received over HTTP.
    pub traffic: Traffic,
    /// When the server started.
    pub started: Instant,
}

impl AppState {
    /// The workloads that a request may see, and their engines.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The viewer of the state that a request may see.
    pub const fn viewer(&self) -> &Viewer {
        self.directory.viewer()
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
