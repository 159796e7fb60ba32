//! The database: one SQLite file, written by one thread and read by a few connections.
//!
//! [`Storage`] runs closures against it and reports whether it works. It never blocks the runtime, never fails
//! to start, and never loses what a call of [`Storage::write`] has acknowledged, short of a power cut (see
//! `open`). What the tables mean is the callers' business.

mod aside;
pub mod command;
mod fault;
mod files;
mod job;
mod open;
mod opened;
mod place;
mod readers;
mod schema;
mod shared;
mod state;
#[cfg(test)]
mod tests;
mod writer;

pub use fault::Fault;
pub use open::open_for_command;
pub use state::StorageState;

use super::shutdown::Shutdown;
use job::Change;
use place::Place;
use readers::ReadError;
use rusqlite::{Connection, Transaction};
use shared::Shared;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Weak,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use thiserror::Error;
use tokio::sync::{oneshot, watch};
use writer::{Message, Writer};

/// Most changes that wait for the writer thread. One takes some 50 µs, so that 256 are executed within a
/// fraction of a second; a longer queue means that the disk does not answer, and callers should learn that
/// while their user still waits.
const WRITE_QUEUE: usize = 256;
/// How long a read waits until the database has been opened and checked. A check reads some hundred
/// megabytes per second.
const OPENING_PATIENCE: Duration = Duration::from_secs(10);

/// Why a read or a write failed. In every case nothing was changed.
#[derive(Debug, Error)]
pub enum StorageError {
    /// The database cannot be used now; [`Storage::state`] publishes when it can be again.
    #[error("{reason}")]
    Unavailable {
        /// What is so and what to do, for the person who runs the server.
        reason: String,
    },
    /// Too many calls wait already.
    #[error("the storage has too much to do; try again later")]
    Busy,
    /// The statement is wrong, violates a constraint, or found no row.
    #[error(transparent)]
    Statement(rusqlite::Error),
    /// The closure panicked; the log has the message.
    #[error("the storage has met an error in Deckwatch itself")]
    Panicked,
    /// The server is shutting down.
    #[error("Deckwatch is shutting down")]
    Ended,
}

impl StorageError {
    fn unavailable(fault: &Fault) -> Self {
        Self::Unavailable {
            reason: fault.to_string(),
        }
    }
}

/// The database. A handle: clones share it.
#[derive(Clone, Debug)]
pub struct Storage {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    queue: SyncSender<Message>,
    shared: Arc<Shared>,
}

impl Storage {
    /// Opens `deckwatch.db` below `folder`, and creates both if they are missing. It never fails: when the
    /// file cannot be opened, the handle reports why, tries again, and meanwhile refuses reads and writes.
    ///
    /// The writer thread ends after all other tasks of `shutdown`, so that they can still write.
    pub fn open(folder: &Path, shutdown: &Shutdown) -> Self {
        let place = Place::new(folder);
        let (queue, changes) = sync_channel(WRITE_QUEUE);
        let shared = Arc::new(Shared::new(place.clone()));
        let writer = Writer::new(place, changes, Arc::clone(&shared));
        let inner = Arc::new(Inner { queue, shared });
        let thread = spawn(writer, Arc::clone(&inner.shared));
        shutdown.spawn_last("storage", end(Arc::downgrade(&inner), thread));
        Self { inner }
    }

    /// Executes `change` in one transaction on the writer thread. The transaction is committed when `change`
    /// returns `Ok`, and rolled back otherwise. A change that was queued is executed even if the caller stops
    /// waiting.
    ///
    /// # Errors
    /// When the change was not committed. While the storage fails, changes are refused at once rather than
    /// kept: the caller decides whether to go on without.
    pub async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        if let StorageState::Failing { reason, .. } = &*self.inner.shared.state.borrow() {
            let reason = reason.clone();
            return Err(StorageError::Unavailable { reason });
        }
        let (reply, answer) = oneshot::channel();
        let message = Message::Change(Box::new(Change { change, reply }));
        match self.inner.queue.try_send(message) {
            Ok(()) => answer.await.unwrap_or(Err(StorageError::Ended)),
            Err(TrySendError::Full(_)) => Err(StorageError::Busy),
            Err(TrySendError::Disconnected(_)) => Err(StorageError::Ended),
        }
    }

    /// Runs `query` on a blocking thread, on a consistent snapshot that has every write acknowledged before
    /// the call.
    ///
    /// # Errors
    /// When there is no database to read, or a statement fails. `QueryReturnedNoRows` is such a failure: use
    /// `optional()` where no row is a normal answer.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        self.opened().await;
        let turn = self.inner.shared.readers.turn().await?;
        let inner = Arc::clone(&self.inner);
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            inner.read(query)
        });
        task.await.unwrap_or_else(|error| {
            Err(if error.is_panic() {
                StorageError::Panicked
            } else {
                StorageError::Ended
            })
        })
    }

    /// Whether the storage works.
    pub fn state(&self) -> watch::Receiver<StorageState> {
        self.inner.shared.state.subscribe()
    }

    /// A number that changes within a second after another process has changed the database, or after the
    /// file was opened again. What a caller keeps in memory is outdated then.
    pub fn outside_changes(&self) -> watch::Receiver<u64> {
        self.inner.shared.outside.subscribe()
    }

    /// Waits until the database has been opened, or could not be opened, and returns the state.
    async fn opened(&self) -> StorageState {
        let mut state = self.state();
        let is_settled = |state: &StorageState| *state != StorageState::Opening;
        let settled = tokio::time::timeout(OPENING_PATIENCE, state.wait_for(is_settled)).await;
        match settled {
            Ok(Ok(state)) => state.clone(),
            _ => StorageState::Opening,
        }
    }
}

impl Inner {
    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StorageError> {
        match self.shared.readers.run(query) {
            Ok(value) => Ok(value),
            Err(Some(ReadError::Statement(error))) => Err(StorageError::Statement(error)),
            Err(Some(ReadError::Fault(fault))) => {
                if fault.is_damage() {
                    self.shared.suspect();
                    self.wake();
                }
                Err(StorageError::unavailable(&fault))
            }
            Err(None) => Err(StorageError::Unavailable {
                reason: self.shared.reason(),
            }),
        }
    }

    /// Makes the writer thread look at its flags. If the queue is full, it does so anyway.
    fn wake(&self) {
        let _ = self.queue.try_send(Message::Wake);
    }
}

/// Starts the writer thread; `None` if the system refuses one, which the state then reports.
fn spawn(writer: Writer, shared: Arc<Shared>) -> Option<JoinHandle<()>> {
    let reported = Arc::clone(&shared);
    let run = move || {
        if catch_unwind(AssertUnwindSafe(|| writer.run())).is_err() {
            let reason = "The storage has met an error in Deckwatch itself; the log has the details. \
                Restart Deckwatch.";
            shared.readers.close();
            shared.fail(reason.to_owned());
        }
    };
    let thread = thread::Builder::new().name("storage".into()).spawn(run);
    thread
        .map_err(|error| {
            reported.fail(format!(
                "The storage could not start: {error}. Restart Deckwatch when the machine has resources \
                again."
            ));
        })
        .ok()
}

/// Ends the writer thread after it has executed its queue, and waits for it.
async fn end(inner: Weak<Inner>, thread: Option<JoinHandle<()>>) {
    if let Some(inner) = inner.upgrade() {
        inner.shared.end();
        inner.wake();
    }
    let Some(thread) = thread else {
        return;
    };
    let _ = tokio::task::spawn_blocking(move || thread.join()).await;
}
