//! Counts the bytes of HTTP connections.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Bytes sent and received over HTTP since the start; bytes of WebSockets are counted elsewhere. A handle:
/// clones share the counters.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    received: AtomicU64,
}

impl Traffic {
    /// Bytes sent to clients.
    pub fn sent(&self) -> u64 {
        self.counts.sent.load(Ordering::Relaxed)
    }

    /// Bytes received from clients.
    pub fn received(&self) -> u64 {
        self.counts.received.load(Ordering::Relaxed)
    }

    /// Adds bytes sent.
    pub(super) fn add_sent(&self, bytes: usize) {
        self.counts.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Adds bytes received.
    pub(super) fn add_received(&self, bytes: usize) {
        self.counts
            .received
            .fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
