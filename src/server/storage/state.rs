//! Whether the storage works, for pages, `/readyz` and callers.

use crate::model::Timestamp;

/// Whether the storage works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorageState {
    /// The database is being opened and checked; reads and writes wait.
    Opening,
    /// Reads and writes work.
    Ready,
    /// Reads and writes work, but the database is a new one: the previous file was damaged and still lies
    /// beside it. This state lasts until that file is removed, over restarts too, so that the loss is not
    /// overlooked.
    Replaced {
        /// What is so and what to do, for the person who runs the server.
        reason: String,
        /// When this process noticed it.
        since: Timestamp,
    },
    /// Writes are refused. Reads work if the database was readable before. Deckwatch keeps trying.
    Failing {
        /// What is so and what to do, for the person who runs the server.
        reason: String,
        /// When the storage stopped working.
        since: Timestamp,
    },
}

impl StorageState {
    /// What a person has to know or do; `None` if all is well.
    pub fn alarm(&self) -> Option<&str> {
        match self {
            Self::Opening | Self::Ready => None,
            Self::Replaced { reason, .. } | Self::Failing { reason, .. } => Some(reason),
        }
    }

    /// Whether writes are accepted.
    pub const fn is_writable(&self) -> bool {
        matches!(self, Self::Ready | Self::Replaced { .. })
    }
}
