//! Which HTTP connections there are, and which of them makes room for a new one.
//!
//! A new connection is served as long as any other can be closed for it. Connections of peers that hold more
//! than a fair share of all places are closed first, among those the ones that wait for their client (idle,
//! or with a request that is not complete), oldest first. So a share is no fixed number: a proxy may use every
//! place while no other peer needs one, and another peer finds a place whatever the first holds open.
//!
//! Connections that became WebSockets have left; those that serve a stream are counted by the
//! [gate](crate::server::gate) instead, which bounds them.

use super::Peer;
use slab::Slab;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// How long a request that is being answered is left alone when places are short. Nearly every answer takes
/// milliseconds; the ones that wait for an engine are finished there all the same.
const ANSWERING: Duration = Duration::from_secs(1);
/// One in so many places is made free at once when none is left: looking for the right ones costs more than
/// closing them.
const ROOM: usize = 64;

/// All HTTP connections. A handle: copies are the same connections.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    table: Arc<Mutex<Table>>,
}

#[derive(Debug)]
struct Table {
    places: usize,
    entries: Slab<Entry>,
    /// How many places each peer has taken; peers that have none are absent.
    by_peer: HashMap<Peer, usize>,
    taken: usize,
}

#[derive(Debug)]
struct Entry {
    peer: Peer,
    stage: Stage,
    /// When the stage began.
    since: Instant,
    closing: Arc<Notify>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// For the client: no request, or only part of one, has come.
    Waiting,
    /// A complete request is being answered.
    Answering,
    /// A stream, whose place is one of the gate's.
    Streaming,
    /// It has given up its place and is about to close.
    Closing,
}

impl Stage {
    const fn takes_place(self) -> bool {
        matches!(self, Self::Waiting | Self::Answering)
    }
}

impl Connections {
    /// With so many places.
    pub(super) fn new(places: usize) -> Self {
        Self {
            table: Arc::new(Mutex::new(Table {
                places,
                entries: Slab::new(),
                by_peer: HashMap::new(),
                taken: 0,
            })),
        }
    }

    /// Takes a place for a connection of `peer`; others are closed for it where need be. Absent when none of
    /// them can be.
    pub(super) fn enter(&self, peer: Peer) -> Option<Connection> {
        let closing = Arc::new(Notify::new());
        let mut table = self.table();
        if table.taken >= table.places {
            table.make_room();
        }
        if table.taken >= table.places {
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
            peer,
            closing,
            began: Mutex::default(),
            is_late: AtomicBool::new(false),
        };
        Some(Connection(Arc::new(inner)))
    }

    /// Closes some connections, as if places were short.
    pub(super) fn make_room(&self) {
        self.table().make_room();
    }

    /// How many places are taken.
    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        self.table().taken
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn make_room(&mut self) {
        let now = Instant::now();
        let share = self.places / self.by_peer.len().max(1);
        let is_over = |peer: &Peer| self.by_peer.get(peer).is_some_and(|taken| *taken >= share);
        let can_go = |entry: &Entry| match entry.stage {
            Stage::Waiting => true,
            Stage::Answering => now.duration_since(entry.since) >= ANSWERING,
            Stage::Streaming | Stage::Closing => false,
        };
        let mut candidates: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| can_go(entry))
            .map(|(key, entry)| {
                let is_answering = entry.stage == Stage::Answering;
                (!is_over(&entry.peer), is_answering, entry.since, key)
            })
            .collect();
        candidates.sort_unstable();
        for (_, _, _, key) in candidates.into_iter().take((self.places / ROOM).max(1)) {
            self.change(key, Stage::Closing);
            if let Some(entry) = self.entries.get(key) {
                entry.closing.notify_one();
            }
        }
    }

    /// Puts the connection `key` into `stage`, from now on; one that is about to close stays so.
    fn change(&mut self, key: usize, stage: Stage) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        if entry.stage == Stage::Closing {
            return;
        }
        let (peer, before) = (entry.peer, entry.stage);
        entry.stage = stage;
        entry.since = Instant::now();
        if before.takes_place() != stage.takes_place() {
            self.count(peer, stage.takes_place());
        }
    }

    fn remove(&mut self, key: usize) {
        self.change(key, Stage::Closing);
        self.entries.try_remove(key);
    }

    /// Counts a place as taken, or as free.
    fn count(&mut self, peer: Peer, is_taken: bool) {
        let of_peer = self.by_peer.entry(peer).or_default();
        if is_taken {
            *of_peer += 1;
            self.taken += 1;
        } else {
            *of_peer = of_peer.saturating_sub(1);
            self.taken = self.taken.saturating_sub(1);
            if *of_peer == 0 {
                self.by_peer.remove(&peer);
            }
        }
    }
}

/// One HTTP connection; its place is free when all handles to it are gone. Request handlers find it among
/// the request's extensions.
#[derive(Clone, Debug)]
pub struct Connection(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connections: Connections,
    key: usize,
    peer: Peer,
    closing: Arc<Notify>,
    /// When the first byte of the request came that is being read.
    began: Mutex<Option<Instant>>,
    /// The request that is being read was not complete in time.
    is_late: AtomicBool,
}

impl Connection {
    /// Whom it is counted with.
    pub fn peer(&self) -> Peer {
        self.0.peer
    }

    /// From now on, until the answer ends, the gate counts it instead: for answers that go on for as long as
    /// the client likes, behind a [`Permit`](crate::server::gate::Permit).
    pub fn streams(&self) {
        self.change(Stage::Streaming);
    }

    /// Waits until it has to make room for another.
    pub(super) async fn closing(&self) {
        self.0.closing.notified().await;
    }

    /// Bytes of the client have come.
    pub(super) fn received(&self) {
        self.began().get_or_insert_with(Instant::now);
    }

    /// The head of a request is complete, its body is not. When the first byte came.
    pub(super) fn head_is_there(&self) -> Instant {
        self.0.is_late.store(false, Ordering::Relaxed);
        self.change(Stage::Waiting);
        self.began().take().unwrap_or_else(Instant::now)
    }

    /// The whole request is there.
    pub(super) fn request_is_there(&self) {
        let mut table = self.0.connections.table();
        let stage = table.entries.get(self.0.key).map(|entry| entry.stage);
        if stage == Some(Stage::Waiting) {
            table.change(self.0.key, Stage::Answering);
        }
    }

    /// The rest of a request did not come in time.
    pub(super) fn request_is_late(&self) {
        self.0.is_late.store(true, Ordering::Relaxed);
    }

    /// Whether the rest of the last request did not come in time.
    pub(super) fn is_late(&self) -> bool {
        self.0.is_late.load(Ordering::Relaxed)
    }

    /// The answer has been handed over.
    pub(super) fn answered(&self) {
        *self.began() = None;
        self.change(Stage::Waiting);
    }

    fn change(&self, stage: Stage) {
        self.0.connections.table().change(self.0.key, stage);
    }

    fn began(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.began.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.connections.table().remove(self.key);
    }
}

#[cfg(test)]
mod tests;
