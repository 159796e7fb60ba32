//! The paths of the database.

use std::path::{Path, PathBuf};

/// The name of the database within its folder.
pub(super) const FILE: &str = "deckwatch.db";

/// The folder of a database, and the files in it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    folder: PathBuf,
    file: PathBuf,
}

impl Place {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            file: folder.join(FILE),
        }
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The database.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The file whose lock the server holds while it runs. It is separate from the database, because closing
    /// any descriptor of that one would release SQLite's locks.
    pub(super) fn lock(&self) -> PathBuf {
        self.folder.join("deckwatch.lock")
    }

    /// The write-ahead log and its index, by the suffixes that SQLite adds to the name of the database.
    pub(super) const SUFFIXES: [&str; 2] = ["-wal", "-shm"];

    /// The name of the database with `suffix`.
    pub(super) fn with_suffix(&self, suffix: &str) -> PathBuf {
        let mut name = self.file.clone().into_os_string();
        name.push(suffix);
        name.into()
    }
}
