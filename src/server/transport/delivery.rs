//! Brings news to all clients: one task writes what the hub publishes to one connection after the
//! other, without waking the tasks of the clients. To wake a task and to let it run costs about as
//! much as what it then writes, and a tick is written to thousands.

use super::outbox::Outbox;
use crate::server::{health::Heartbeat, hub::Hub, instruments::Instruments, shutdown::Shutdown};
use slab::Slab;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::{
    sync::watch,
    task::{coop::unconstrained, yield_now},
};
use tokio_util::sync::CancellationToken;

/// Clients after which others have their turn: two milliseconds, as writing goes.
const TURN: usize = 256;

/// Brings news to all clients. A handle: copies are the same delivery.
#[derive(Clone, Debug)]
pub struct Delivery {
    clients: Clients,
}

type Clients = Arc<Mutex<Slab<Arc<Outbox>>>>;

/// A client's place among those who are brought news, until dropped.
#[derive(Debug)]
pub(super) struct Registration {
    clients: Clients,
    key: usize,
}

impl Delivery {
    /// Brings what `hub` publishes until shutdown.
    pub fn start(hub: &Hub, heartbeat: Heartbeat, shutdown: &Shutdown) -> Self {
        let clients = Clients::default();
        let delivering = deliver(
            hub.changes(),
            Arc::clone(&clients),
            heartbeat,
            hub.instruments().clone(),
            shutdown.token(),
        );
        // It gives way by itself; to be made to would leave some clients' news to their own tasks.
        shutdown.spawn_core("delivery", unconstrained(delivering));
        Self { clients }
    }

    /// Brings news to `outbox` as well. What it follows from now on is not missed.
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
            () = heartbeat.due() => continue,
            changed = changes.changed() => if changed.is_err() { return },
        }
        let delivery = instruments.begin_delivery();
        let mut next = 0;
        while let Some(turn) = turn(&clients, next) {
            turn.iter().for_each(|outbox| outbox.deliver());
            next += TURN;
            yield_now().await;
        }
        // Without clients there is nothing that could take time.
        if next > 0 {
            instruments.end_delivery(delivery);
        }
    }
}

/// Those in the places from `first` on whose turn it is; absent behind the last place.
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
            // What thousands took is given back.
            *clients = Slab::new();
        }
    }
}
