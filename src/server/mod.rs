//! The server: sources send observations to the collector, which keeps the state in the hub, which sends
//! it to clients.
//!
//! [`start`] assembles all parts; no part reads the environment or has global state.

pub mod access;
pub mod actions;
pub mod alarms;
pub mod api;
pub mod assets;
pub mod authority;
mod backoff;
pub mod base;
pub mod binary;
pub mod clock;
pub mod collector;
pub mod config;
pub mod duration;
pub mod find;
mod first_lines;
#[cfg(test)]
mod fuzz;
pub mod gate;
pub mod headers;
pub mod health;
pub mod hub;
pub mod instruments;
pub mod logs;
pub mod pages;
pub mod problem;
mod query;
mod rate;
pub mod recent;
pub mod router;
pub mod serve;
pub mod shutdown;
pub mod source;
mod sources;
mod state;
pub mod storage;
pub mod telemetry;
pub mod transport;
pub mod websocket;

pub use config::Config;
pub use state::{AppState, Shared};

use access::Access;
use actions::Actions;
use assets::Site;
use find::Directory;
use gate::Gate;
use health::Health;
use hub::{Audience, Hub, Viewer};
use logs::Logs;
use serve::Traffic;
use shutdown::Shutdown;
use source::UPDATE_BACKLOG;
use std::{net::SocketAddr, time::Instant};
use storage::Storage;
use thiserror::Error;
use tokio::sync::mpsc;
use transport::{Delivery, HeartbeatTimer};

/// Why the server did not start, or ended without a signal.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The I/O error.
        error: std::io::Error,
    },
    /// Signals cannot be handled.
    #[error("cannot handle signals: {0}")]
    Signals(std::io::Error),
    /// A core task has failed.
    #[error("the task `{0}` broke down; the message before this one says why")]
    Broken(&'static str),
}

/// A running server.
#[derive(Debug)]
pub struct Running {
    /// The address that it listens on.
    pub addr: SocketAddr,
    /// The state of everything.
    pub hub: Hub,
    shutdown: Shutdown,
}

impl Running {
    /// A viewer of the whole state.
    pub fn viewer(&self) -> Viewer {
        self.hub.viewer(Audience::Unrestricted)
    }

    /// Waits until a core task has failed and returns its name. The server is then shutting down.
    pub async fn broken(&self) -> &'static str {
        self.shutdown.token().cancelled().await;
        match self.shutdown.broken() {
            Some(name) => name,
            // It ends because of a shutdown.
            None => std::future::pending().await,
        }
    }

    /// Shuts down: closes sockets with a reason, finishes requests and actions. Returns whether everything
    /// ended in time.
    pub async fn shutdown(self) -> bool {
        self.shutdown.finish().await
    }
}

/// Starts a server and returns once it listens.
///
/// # Errors
/// When it cannot listen.
pub async fn start(config: Config) -> Result<Running, ServerError> {
    start_with(config, Health::default(), Shutdown::default()).await
}

/// Like [`start`], with the heartbeats of tasks in `health`, and shut down by `shutdown`.
async fn start_with(
    config: Config,
    health: Health,
    shutdown: Shutdown,
) -> Result<Running, ServerError> {
    let address = config.site_addr;
    let failed = |error| ServerError::Listen { address, error };
    let listener = serve::listen(address).map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;

    let hub = Hub::with_paces(config.channel_buffer as usize, sources::paces(&config));
    let (observer, observations) = mpsc::channel(UPDATE_BACKLOG);
    shutdown.spawn_core(
        "collector",
        collector::run(
            hub.clone(),
            observations,
            health.watch("collector"),
            shutdown.token(),
        ),
    );
    shutdown.spawn_core(
        "demand",
        hub.demand().clone().forget_pollers(shutdown.token()),
    );
    let engines = sources::spawn(&config, &hub, &observer, &health, &shutdown);

    let (storage, access) = accounts(&config, addr, &shutdown).await;
    let traffic = Traffic::default();
    let state = AppState::new(Shared {
        actions: Actions::new(
            shutdown.clone(),
            hub.instruments().clone(),
            access.audit().clone(),
        ),
        access,
        hub: hub.clone(),
        directory: Directory::new(hub.viewer(Audience::Unrestricted), engines),
        gate: Gate::new(addr, &config.allowed_hosts, config.max_clients),
        delivery: Delivery::start(&hub, health.watch("delivery"), &shutdown),
        health: health.clone(),
        logs: Logs::new(hub.viewer(Audience::Unrestricted), shutdown.clone()),
        leptos: config.leptos_options(),
        heartbeats: HeartbeatTimer::start(config.heartbeat, &shutdown),
        site: Site::embedded(),
        shutdown: shutdown.clone(),
        started: Instant::now(),
        storage,
        traffic: traffic.clone(),
        config,
    });
    let router = router::router(state);
    shutdown.spawn_core(
        "http",
        serve::serve(
            listener,
            router,
            traffic,
            health.watch("http"),
            shutdown.clone(),
        ),
    );
    tracing::info!("Deckwatch is at http://{}", reachable(addr));
    Ok(Running {
        addr,
        hub,
        shutdown,
    })
}

/// Opens the storage, and loads the accounts in it.
async fn accounts(
    config: &Config,
    addr: SocketAddr,
    shutdown: &Shutdown,
) -> (Option<Storage>, Access) {
    let folder = config.data_dir.as_deref();
    let storage = folder.map(|folder| Storage::open(folder, shutdown));
    let setup_url = format!("http://{}{}/setup", reachable(addr), config.base());
    let auth = config.auth.clone();
    let access = Access::start(auth, storage.clone(), folder, setup_url, shutdown).await;
    if config.auth.is_exposed {
        tracing::warn!("everybody who reaches {addr} can act on the containers: auth.mode is none");
    }
    (storage, access)
}

/// Runs a server until SIGINT or SIGTERM.
///
/// # Errors
/// When it cannot start, or a core task fails.
pub async fn run(config: Config) -> Result<(), ServerError> {
    let running = start(config).await?;
    let broken = tokio::select! {
        signalled = shutdown::signalled() => signalled.map(|()| None).map_err(ServerError::Signals)?,
        name = running.broken() => Some(name),
    };
    tracing::info!("ending");
    running.shutdown().await;
    broken.map_or(Ok(()), |name| Err(ServerError::Broken(name)))
}

/// The address for a browser on this machine.
fn reachable(addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() {
        return (std::net::Ipv4Addr::LOCALHOST, addr.port()).into();
    }
    addr
}

#[cfg(test)]
mod tests;
