//! The connections that read. A query runs on a blocking thread, on a snapshot of its own; it never waits
//! for the writer.

use super::{StorageError, fault::Fault, files::FileId, open::open_to_read, place::Place};
use rusqlite::Connection;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most queries at once. They take well under a millisecond from the page cache of the system; four keep
/// short ones going while a long one (a page of the audit log) runs, and cost 2 MiB of cache each at most.
const CONCURRENT: usize = 4;
/// Most queries that wait or run. A disk that answers serves these within a fraction of a second; a longer
/// queue means that it does not answer, and more callers must not pile up behind it.
const QUEUE: usize = 256;

/// The connections that read.
#[derive(Debug)]
pub(super) struct Readers {
    place: Place,
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    pool: Mutex<Pool>,
}

#[derive(Debug, Default)]
struct Pool {
    /// The database that may be read; `None` if none may.
    file: Option<FileId>,
    /// Connections of an earlier generation are closed when their query ends.
    generation: u64,
    idle: Vec<Connection>,
}

/// The permission to run one query.
#[derive(Debug)]
pub(super) struct Turn {
    _running: OwnedSemaphorePermit,
    _waiting: OwnedSemaphorePermit,
}

impl Readers {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            running: Arc::new(Semaphore::new(CONCURRENT)),
            waiting: Arc::new(Semaphore::new(QUEUE)),
            pool: Mutex::default(),
        }
    }

    /// Lets queries read the database with the identity `file`.
    pub(super) fn allow(&self, file: FileId) {
        let mut pool = self.pool();
        if pool.file.replace(file) != Some(file) {
            pool.renew();
        }
    }

    /// Closes all connections and refuses queries until [`Self::allow`].
    pub(super) fn close(&self) {
        let mut pool = self.pool();
        pool.file = None;
        pool.renew();
    }

    /// Waits for a turn.
    pub(super) async fn turn(&self) -> Result<Turn, StorageError> {
        let waiting = Arc::clone(&self.waiting).try_acquire_owned();
        let waiting = waiting.map_err(|_| StorageError::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await;
        Ok(Turn {
            _running: running.map_err(|_| StorageError::Ended)?,
            _waiting: waiting,
        })
    }

    /// Runs `query` on this thread. `Err(None)` when no database may be read.
    pub(super) fn run<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Option<ReadError>> {
        let (generation, idle) = {
            let mut pool = self.pool();
            pool.file.ok_or(None)?;
            (pool.generation, pool.idle.pop())
        };
        let failed = |error| Some(ReadError::new(error, &self.place));
        let connection = match idle {
            Some(connection) => connection,
            None => open_to_read(&self.place).map_err(failed)?,
        };
        let result = snapshot(&connection, query).map_err(failed);
        let is_usable = !matches!(result, Err(Some(ReadError::Fault(_))));
        let mut pool = self.pool();
        if is_usable && pool.file.is_some() && pool.generation == generation {
            pool.idle.push(connection);
        }
        result
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    fn renew(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.idle.clear();
    }
}

/// Why a query failed.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The database cannot be used.
    Fault(Fault),
    /// The statement is wrong, or found no row.
    Statement(rusqlite::Error),
}

impl ReadError {
    fn new(error: rusqlite::Error, place: &Place) -> Self {
        Fault::of(&error, place).map_or_else(|| Self::Statement(error), Self::Fault)
    }
}

/// Runs `query` in a transaction, so that all of its statements see the same state.
fn snapshot<T>(
    connection: &Connection,
    query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.unchecked_transaction()?;
    query(&transaction)
}
