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
use std::{ops::Deref, sync::Arc, time::Instant};

/// The shared state of all request handlers. A handle of one pointer, because every connection keeps one.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Shared>);

/// The state that all request handlers share.
#[derive(Debug)]
pub struct Shared {
    /// The configuration.
    pub config: Config,
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

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl AppState {
    pub(super) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

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
