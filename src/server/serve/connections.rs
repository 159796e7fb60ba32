//! The open HTTP connections, and which of them is closed when a new one needs its slot.
//!
//! A new connection is served as long as another can be closed for it. Connections of peers that hold more
//! than a fair share of all slots are closed first; among those, connections that wait for their client
//! (idle, or with an incomplete request), oldest first. So the share is not a fixed number: a proxy may use
//! every slot while no other peer needs one, and another peer finds a slot however many the proxy holds
//! open.
//!
//! Connections that became WebSockets are removed; those that serve a stream are counted by the
//! [gate](crate::server::gate) instead, which bounds them.

use super::Peer;
use slab::Slab;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// How long a request that is being answered is protected from eviction. Nearly every answer takes
/// milliseconds; actions that wait for an engine are still completed there if their connection is closed.
const ANSWER_GRACE: Duration = Duration::from_secs(1);
/// An eviction frees one in this many slots at once, because finding the right connections costs more
/// than closing them.
const EVICTION_DIVISOR: usize = 64;

/// All HTTP connections. A handle: clones share the table.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    table: Arc<Mutex<Table>>,
}

#[derive(Debug)]
struct Table {
    slots: usize,
    entries: Slab<Entry>,
    /// Slots in use per peer; peers without any are absent.
    by_peer: HashMap<Peer, usize>,
    in_use: usize,
}

#[derive(Debug)]
struct Entry {
    peer: Peer,
    stage: Stage,
    /// When the connection entered its stage.
    since: Instant,
    closing: Arc<Notify>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Waiting for the client: no request, or only part of one, has arrived.
    Waiting,
    /// A complete request is being answered.
    Answering,
    /// Serving a stream, which the gate counts instead.
    Streaming,
    /// About to close; its slot is already free.
    Closing,
}

impl Stage {
    const fn takes_slot(self) -> bool {
        matches!(self, Self::Waiting | Self::Answering)
    }
}

impl Connections {
    /// An empty table of `slots` slots.
    pub(super) fn new(slots: usize) -> Self {
        Self {
            table: Arc::new(Mutex::new(Table {
                slots,
                entries: Slab::new(),
                by_peer: HashMap::new(),
                in_use: 0,
            })),
        }
    }

    /// Registers a connection of `peer`; closes others if all slots are in use. `None` when none of them
    /// may be closed.
    pub(super) fn register(&self, address: IpAddr) -> Option<Connection> {
        let peer = Peer::from(address);
        let closing = Arc::new(Notify::new());
        let mut table = self.table();
        if table.in_use >= table.slots {
            table.evict();
        }
        if table.in_use >= table.slots {
            return None;
        }
        let key = table.entries.insert(Entry {
            peer,
            stage: Stage::Waiting,
            since: Instant::now(),
            closing: Arc::clone(&closing),
        });
        table.count(peer, true);
        drop(table);
        let connections = self.clone();
        let inner = Inner {
            connections,
            key,
            address,
            closing,
            request_started: Mutex::default(),
            has_timed_out: AtomicBool::new(false),
        };
        Some(Connection(Arc::new(inner)))
    }

    /// Closes some connections, as if all slots were in use.
    pub(super) fn evict(&self) {
        self.table().evict();
    }

    /// Number of slots in use.
    #[cfg(test)]
    pub(super) fn in_use(&self) -> usize {
        self.table().in_use
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn evict(&mut self) {
        let now = Instant::now();
        let share = self.slots / self.by_peer.len().max(1);
        let is_over_share = |peer: &Peer| {
            self.by_peer
                .get(peer)
                .is_some_and(|in_use| *in_use >= share)
        };
        let is_evictable = |entry: &Entry| match entry.stage {
            Stage::Waiting => true,
            Stage::Answering => now.duration_since(entry.since) >= ANSWER_GRACE,
            Stage::Streaming | Stage::Closing => false,
        };
        let mut candidates: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| is_evictable(entry))
            .map(|(key, entry)| {
                let is_answering = entry.stage == Stage::Answering;
                (!is_over_share(&entry.peer), is_answering, entry.since, key)
            })
            .collect();
        candidates.sort_unstable();
        for (_, _, _, key) in candidates
            .into_iter()
            .take((self.slots / EVICTION_DIVISOR).max(1))
        {
            self.set_stage(key, Stage::Closing);
            if let Some(entry) = self.entries.get(key) {
                entry.closing.notify_one();
            }
        }
    }

    /// Moves the connection `key` to `stage`; one that is about to close stays in that stage.
    fn set_stage(&mut self, key: usize, stage: Stage) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        if entry.stage == Stage::Closing {
            return;
        }
        let (peer, before) = (entry.peer, entry.stage);
        entry.stage = stage;
        entry.since = Instant::now();
        if before.takes_slot() != stage.takes_slot() {
            self.count(peer, stage.takes_slot());
        }
    }

    fn remove(&mut self, key: usize) {
        self.set_stage(key, Stage::Closing);
        self.entries.try_remove(key);
    }

    /// Counts a slot of `peer` as in use, or as free again.
    fn count(&mut self, peer: Peer, is_used: bool) {
        let of_peer = self.by_peer.entry(peer).or_default();
        if is_used {
            *of_peer += 1;
            self.in_use += 1;
        } else {
            *of_peer = of_peer.saturating_sub(1);
            self.in_use = self.in_use.saturating_sub(1);
            if *of_peer == 0 {
                self.by_peer.remove(&peer);
            }
        }
    }
}

/// One HTTP connection; its slot is freed when the last clone is dropped. Request handlers find it in the
/// extensions of the request.
#[derive(Clone, Debug)]
pub struct Connection(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connections: Connections,
    key: usize,
    address: IpAddr,
    closing: Arc<Notify>,
    /// When the first byte of the request that is being read arrived.
    request_started: Mutex<Option<Instant>>,
    /// Whether the request that is being read exceeded its timeout.
    has_timed_out: AtomicBool,
}

impl Connection {
    /// The address of the other end: of the client, or of a proxy.
    pub fn address(&self) -> IpAddr {
        self.0.address
    }

    /// Frees the slot until the answer ends: for answers without an end, which the gate counts by a
    /// [`Permit`](crate::server::gate::Permit) instead.
    pub fn streams(&self) {
        self.set_stage(Stage::Streaming);
    }

    /// Waits until the connection must close to free its slot.
    pub(super) async fn closing(&self) {
        self.0.closing.notified().await;
    }

    /// Records that bytes of the client arrived.
    pub(super) fn bytes_received(&self) {
        self.request_started().get_or_insert_with(Instant::now);
    }

    /// Records that the head of a request is complete; returns when its first byte arrived.
    pub(super) fn head_received(&self) -> Instant {
        self.0.has_timed_out.store(false, Ordering::Relaxed);
        self.set_stage(Stage::Waiting);
        self.request_started().take().unwrap_or_else(Instant::now)
    }

    /// Records that the request is complete, body included.
    pub(super) fn request_received(&self) {
        let mut table = self.0.connections.table();
        let stage = table.entries.get(self.0.key).map(|entry| entry.stage);
        if stage == Some(Stage::Waiting) {
            table.set_stage(self.0.key, Stage::Answering);
        }
    }

    /// Records that the request exceeded its timeout.
    pub(super) fn request_timed_out(&self) {
        self.0.has_timed_out.store(true, Ordering::Relaxed);
    }

    /// Whether the last request exceeded its timeout.
    pub(super) fn has_timed_out(&self) -> bool {
        self.0.has_timed_out.load(Ordering::Relaxed)
    }

    /// Records that the answer was sent or dropped.
    pub(super) fn response_done(&self) {
        *self.request_started() = None;
        self.set_stage(Stage::Waiting);
    }

    fn set_stage(&self, stage: Stage) {
        self.0.connections.table().set_stage(self.0.key, stage);
    }

    fn request_started(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0
            .request_started
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.connections.table().remove(self.key);
    }
}

#[cfg(test)]
mod tests;
