//! A change that waits for the writer thread.

use super::{StorageError, fault::Fault, place::Place};
use crate::server::shutdown::words;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::oneshot;

/// A change that waits for the writer thread. It is executed or refused, and its caller is told which.
pub(super) trait Job: Send {
    /// Executes it in one transaction. Returns the fault if the failure concerns the database, and not this
    /// change.
    fn execute(self: Box<Self>, connection: &mut Connection, place: &Place) -> Result<(), Fault>;
    /// Reports `error` to the caller. Nothing has been changed.
    fn refuse(self: Box<Self>, error: StorageError);
}

/// A change with the channel for its result.
pub(super) struct Change<F, T> {
    pub(super) change: F,
    pub(super) reply: oneshot::Sender<Result<T, StorageError>>,
}

impl<F, T> Job for Change<F, T>
where
    F: FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send,
    T: Send,
{
    fn execute(self: Box<Self>, connection: &mut Connection, place: &Place) -> Result<(), Fault> {
        let Self { change, reply } = *self;
        // A transaction that is dropped by a panic is rolled back, so the connection stays usable.
        let result = catch_unwind(AssertUnwindSafe(|| transact(connection, change)));
        let error = match result {
            // A caller that no longer waits does not need the result.
            Ok(Ok(value)) => {
                let _ = reply.send(Ok(value));
                return Ok(());
            }
            Ok(Err(error)) => error,
            Err(panic) => {
                tracing::error!("storage: a change panicked: {}", words(&*panic));
                let _ = reply.send(Err(StorageError::Panicked));
                return Ok(());
            }
        };
        let Some(fault) = Fault::of(&error, place) else {
            let _ = reply.send(Err(StorageError::Statement(error)));
            return Ok(());
        };
        let _ = reply.send(Err(StorageError::unavailable(&fault)));
        Err(fault)
    }

    fn refuse(self: Box<Self>, error: StorageError) {
        let _ = self.reply.send(Err(error));
    }
}

/// Takes the lock for writing at once: a transaction that reads first and locks later fails when another
/// process has written in between.
fn transact<T>(
    connection: &mut Connection,
    change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = change(&transaction)?;
    transaction.commit()?;
    Ok(value)
}
