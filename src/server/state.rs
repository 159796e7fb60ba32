//! The shared state of all request handlers.

use super::{
    access::Access,
    actions::Actions,
    assets::Site,
    config::Config,
    find::Directory,
    gate::Gate,
    health::Health,
    hub::{Audience, Hub},
    logs::Logs,
    serve::Traffic,
    shutdown::Shutdown,
    storage::Storage,
    transport::{Delivery, HeartbeatTimer},
};
use crate::model::Grants;
use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use std::{sync::Arc, time::Instant};

/// The shared state of all request handlers. A handle: clones share everything.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The configuration.
    pub config: Arc<Config>,
    /// Everything; requests see the part that their principal may see.
    pub(super) hub: Hub,
    /// All workloads and their engines; requests get the part that their principal may see.
    pub(super) directory: Directory,
    /// Users, tokens and sessions.
    pub access: Access,
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
    /// The database; `None` when no folder for one is configured.
    pub storage: Option<Storage>,
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
    /// The directory of a principal with `grants`.
    pub(super) fn directory_of(&self, grants: &Arc<Grants>) -> Directory {
        let viewer = self.hub.viewer(Audience::of(grants));
        self.directory.limited(viewer, Arc::clone(grants))
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
