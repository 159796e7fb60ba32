//! The storage against real files, real locks and real faults.

mod commands;
mod damage;
mod faults;
mod kill;
mod space;
mod works;

use super::{Place, Storage, StorageError, StorageState};
use crate::server::shutdown::Shutdown;
use rusqlite::{Connection, Transaction};
use std::{io::Write, path::Path, process::Command, time::Duration};
use tokio::time::timeout;

/// How long a test waits for a condition. Longer than the busy timeout and the longest pause between retries.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open storage. Dropped without [`Opened::close`], its thread ends soon after.
struct Opened {
    storage: Storage,
    shutdown: Shutdown,
}

impl Opened {
    /// Opens the database below `folder`, and waits until that has succeeded or failed.
    async fn new(folder: &Path) -> Self {
        let shutdown = Shutdown::default();
        let storage = Storage::open(folder, &shutdown);
        storage.opened().await;
        Self { storage, shutdown }
    }

    /// Ends it as at shutdown.
    async fn close(self) {
        assert!(
            self.shutdown.finish().await,
            "the writer thread did not end"
        );
    }

    /// Waits for a state.
    async fn until(&self, wanted: impl Fn(&StorageState) -> bool) -> StorageState {
        let mut state = self.storage.state();
        let reached = timeout(PATIENCE, state.wait_for(&wanted)).await;
        match reached {
            Ok(state) => state.unwrap().clone(),
            Err(_) => panic!("the state stays {:?}", self.storage.state().borrow()),
        }
    }

    async fn until_ready(&self) {
        self.until(|state| *state == StorageState::Ready).await;
    }

    /// Waits until the storage fails for a reason with these words.
    async fn until_failing(&self, words: &str) -> String {
        let fails = |state: &StorageState| matches!(state, StorageState::Failing { reason, .. } if reason.contains(words));
        self.until(fails).await.alarm().unwrap().to_owned()
    }

    /// Adds a line to the audit log.
    async fn note(&self, text: &str) -> Result<(), StorageError> {
        let text = text.to_owned();
        self.storage
            .write(move |transaction| note(transaction, &text))
            .await
    }

    /// The lines of the audit log.
    async fn notes(&self) -> Result<Vec<String>, StorageError> {
        self.storage.read(notes).await
    }
}

fn note(transaction: &Transaction<'_>, text: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO audit (at, who, did, outcome) VALUES (0, ?1, 'test', 'done')";
    transaction.execute(sql, [text]).map(|_| ())
}

fn notes(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT who FROM audit ORDER BY id")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

fn is_unavailable<T>(result: &Result<T, StorageError>, words: &str) -> bool {
    matches!(result, Err(StorageError::Unavailable { reason }) if reason.contains(words))
}

/// Runs a script. Another process changes files of the database, because closing a descriptor in this one
/// would release SQLite's locks.
fn shell(script: &str, arguments: &[&Path]) -> bool {
    let mut command = Command::new("sh");
    command.args(["-ec", script, "sh"]).args(arguments);
    command.output().unwrap().status.success()
}

/// A mounted file system of its own; unmounted when dropped.
struct Mount(tempfile::TempDir);

impl Mount {
    /// Mounts a tmpfs with these options; `None` without the right to, which is printed.
    fn tmpfs(options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let script = format!("mount -t tmpfs -o {options} tmpfs \"$1\"");
        if shell(&script, &[folder.path()]) {
            return Some(Self(folder));
        }
        // Not by a macro: the test runner hides what those print when a test passes.
        let notice = b"SKIPPED: this test mounts a file system, which needs root\n";
        let _ = std::io::stderr().write_all(notice);
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn remount(&self, options: &str) {
        let script = format!("mount -o remount,{options} \"$1\"");
        assert!(shell(&script, &[self.path()]));
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        shell("umount -l \"$1\"", &[self.path()]);
    }
}
