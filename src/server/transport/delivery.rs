//! Delivers publications to all clients: one task writes what the hub publishes to all connections in
//! turn, without waking the clients' tasks. Waking and running a task costs about as much as the write
//! itself, and a tick is written to thousands of clients.

use super::outbox::Outbox;
use crate::server::{health::Heartbeat, hub::Hub, instruments::Instruments, shutdown::Shutdown};
use slab::Slab;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::{
    sync::watch,
    task::{coop::unconstrained, yield_now},
};
use tokio_util::sync::CancellationToken;

/// Number of clients after which the task yields: about two milliseconds of writing.
const TURN: usize = 256;

/// Delivers publications to all clients. A handle: clones are the same delivery.
#[derive(Clone, Debug)]
pub struct Delivery {
    clients: Clients,
}

type Clients = Arc<Mutex<Slab<Arc<Outbox>>>>;

/// Registers a client for delivery until dropped.
#[derive(Debug)]
pub(super) struct Registration {
    clients: Clients,
    key: usize,
}

impl Delivery {
    /// Starts a task that delivers what `hub` publishes until shutdown.
    pub fn start(hub: &Hub, heartbeat: Heartbeat, shutdown: &Shutdown) -> Self {
        let clients = Clients::default();
        let delivering = deliver(
            hub.changes(),
            Arc::clone(&clients),
            heartbeat,
            hub.instruments().clone(),
            shutdown.token(),
        );
        // The task yields by itself; a forced yield would leave the frames of some clients to their own
        // tasks.
        shutdown.spawn_core("delivery", unconstrained(delivering));
        Self { clients }
    }

    /// Number of open WebSockets.
    pub fn sockets(&self) -> usize {
        lock(&self.clients).len()
    }

    /// Registers `outbox` for delivery. No frame of its later subscriptions is missed.
    pub(super) fn join(&self, outbox: Arc<Outbox>) -> Registration {
        Registration {
            key: lock(&self.clients).insert(outbox),
            clients: Arc::clone(&self.clients),
        }
    }
}

async fn deliver(
    mut changes: watch::Receiver<u64>,
    clients: Clients,
    mut heartbeat: Heartbeat,
    instruments: Instruments,
    shutdown: CancellationToken,
) {
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = heartbeat.due() => {
                // Regularly, whether or not something is published.
                instruments.recent_sends();
                continue;
            }
            changed = changes.changed() => if changed.is_err() { return },
        }
        let delivery = instruments.begin_delivery();
        let mut next = 0;
        while let Some(turn) = turn(&clients, next) {
            turn.iter().for_each(|outbox| outbox.deliver());
            next += TURN;
            yield_now().await;
        }
        // Without clients there is no work after which to yield.
        if next > 0 {
            instruments.end_delivery(delivery);
        }
    }
}

/// The clients of the turn that starts at place `first`; `None` behind the last place.
fn turn(clients: &Clients, first: usize) -> Option<Vec<Arc<Outbox>>> {
    let clients = lock(clients);
    let places = first..clients.capacity().min(first + TURN);
    let here = |place| clients.get(place).map(Arc::clone);
    (!places.is_empty()).then(|| places.filter_map(here).collect())
}

fn lock(clients: &Clients) -> MutexGuard<'_, Slab<Arc<Outbox>>> {
    clients.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut clients = lock(&self.clients);
        clients.remove(self.key);
        if clients.is_empty() {
            // Frees the memory that thousands of clients took.
            *clients = Slab::new();
        }
    }
}
