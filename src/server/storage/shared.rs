//! What the handles and the writer thread share.

use super::{place::Place, readers::Readers, state::StorageState};
use crate::server::clock;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// What the handles and the writer thread share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) state: watch::Sender<StorageState>,
    /// Counts changes by other processes.
    pub(super) outside: watch::Sender<u64>,
    pub(super) readers: Readers,
    /// Whether the writer thread ends once its queue is empty.
    ending: AtomicBool,
    /// Whether a reader found damage.
    suspect: AtomicBool,
}

impl Shared {
    pub(super) fn new(place: Place) -> Self {
        Self {
            state: watch::Sender::new(StorageState::Opening),
            outside: watch::Sender::new(0),
            readers: Readers::new(place),
            ending: AtomicBool::new(false),
            suspect: AtomicBool::new(false),
        }
    }

    /// Publishes that the storage fails. The time of the first failure stays.
    pub(super) fn fail(&self, reason: String) {
        self.state.send_if_modified(|state| {
            let since = match state {
                StorageState::Failing { since, .. } => *since,
                _ => clock::now(),
            };
            replace(state, StorageState::Failing { reason, since })
        });
    }

    /// Publishes that the storage works, with a notice about a database that was set aside.
    pub(super) fn work(&self, notice: Option<String>) {
        self.state.send_if_modified(|state| {
            let since = match state {
                StorageState::Replaced { since, .. } => *since,
                _ => clock::now(),
            };
            let next = notice.map_or(StorageState::Ready, |reason| StorageState::Replaced {
                reason,
                since,
            });
            replace(state, next)
        });
    }

    /// Whether a notice is published that ends when a file is removed.
    pub(super) fn is_replaced(&self) -> bool {
        matches!(&*self.state.borrow(), StorageState::Replaced { .. })
    }

    /// What to report to a caller that is refused.
    pub(super) fn reason(&self) -> String {
        let alarm = self.state.borrow().alarm().map(str::to_owned);
        alarm.unwrap_or_else(|| "The database is being opened.".to_owned())
    }

    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::Release);
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    /// Makes the writer thread check the file.
    pub(super) fn suspect(&self) {
        self.suspect.store(true, Ordering::Release);
    }

    pub(super) fn take_suspicion(&self) -> bool {
        self.suspect.swap(false, Ordering::AcqRel)
    }
}

/// Replaces `state` and logs the change; returns whether there was one.
fn replace(state: &mut StorageState, next: StorageState) -> bool {
    if *state == next {
        return false;
    }
    match (next.alarm(), &*state) {
        (Some(reason), _) => tracing::error!("storage: {reason}"),
        (None, StorageState::Opening) => {}
        (None, _) => tracing::info!("storage: works again"),
    }
    *state = next;
    true
}
