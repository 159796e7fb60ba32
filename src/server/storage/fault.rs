//! Why the database cannot be used, in words for the person who runs the server: what is so, and what to do.

use super::place::Place;
use rusqlite::ErrorCode;
use rustix::fs::{Access, access};
use std::{
    fmt::{self, Display},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why the database cannot be used.
#[derive(Debug, Error)]
pub enum Fault {
    /// The folder, or a file in it, cannot be created or written.
    #[error(
        "The {what} {path} is not writable: {}. Give the user that runs Deckwatch access to it, or choose \
        another folder with --data-dir.",
        Words(.error)
    )]
    NotWritable {
        /// `folder` or `file`.
        what: &'static str,
        /// Its path.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Another server holds the lock of the folder.
    #[error(
        "Another Deckwatch{} uses the folder {folder}. Stop that one, or choose another folder with \
        --data-dir.",
        Process(*.process)
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// The process id of the other server, if known.
        process: Option<u32>,
    },
    /// Another process has locked the file for longer than the busy timeout.
    #[error(
        "The file {file} is locked by another program. Deckwatch uses it again as soon as that program \
        releases it."
    )]
    Locked {
        /// The database.
        file: PathBuf,
    },
    /// There is no space left.
    #[error(
        "The disk is full: {folder} has no space left. Free some space; Deckwatch then continues by itself."
    )]
    Full {
        /// The folder of the database.
        folder: PathBuf,
    },
    /// The disk reports errors.
    #[error(
        "The file {file} cannot be read or written: {text}. Check the disk; Deckwatch keeps trying."
    )]
    Io {
        /// The database.
        file: PathBuf,
        /// The message of SQLite.
        text: String,
    },
    /// The content of the file is not that of a database.
    #[error("The file {file} is damaged: {text}.")]
    Damaged {
        /// The database.
        file: PathBuf,
        /// What the check found.
        text: String,
    },
    /// A damaged file, or the log of a file that was replaced, cannot be renamed.
    #[error(
        "The file {file} cannot be used and cannot be renamed: {}. Move it to another folder; Deckwatch then \
        continues.",
        Words(.error)
    )]
    NotSetAside {
        /// The database, or its log.
        file: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// A newer release has written the file.
    #[error(
        "The file {file} was written by a newer version of Deckwatch: it has format {found}, and this \
        version knows formats up to {known}. Install the newer version again, or restore a backup. The file \
        was not changed."
    )]
    Newer {
        /// The database.
        file: PathBuf,
        /// The version in the file.
        found: i64,
        /// The version of this program.
        known: i64,
    },
    /// The file at the path is no longer the one that was opened.
    #[error("The file {file} was removed or replaced. Deckwatch opens the file again.")]
    Moved {
        /// The database.
        file: PathBuf,
    },
    /// There is no database, and none may be created.
    #[error("There is no database at {file}. Name the folder with --data-dir if it is elsewhere.")]
    Missing {
        /// Where it should be.
        file: PathBuf,
    },
    /// Something else.
    #[error("The file {file} cannot be used: {text}.")]
    Unusable {
        /// The database.
        file: PathBuf,
        /// The message of SQLite.
        text: String,
    },
}

impl Fault {
    /// The fault that `error` is a sign of; `None` if it concerns a statement and not the database.
    pub(super) fn of(error: &rusqlite::Error, place: &Place) -> Option<Self> {
        let (folder, file) = (place.folder().to_owned(), place.file().to_owned());
        let text = error.to_string();
        Some(match error.sqlite_error_code()? {
            ErrorCode::DatabaseBusy => Self::Locked { file },
            ErrorCode::DiskFull => Self::Full { folder },
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Damaged { file, text },
            ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::CannotOpen => {
                Self::of_refusal(place).unwrap_or(Self::Io { file, text })
            }
            // SQLite reports a full disk as an I/O error when the index of its log cannot grow.
            ErrorCode::SystemIoFailure if has_no_space(&folder) => Self::Full { folder },
            ErrorCode::SystemIoFailure
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::NoLargeFileSupport => Self::Io { file, text },
            _ => return None,
        })
    }

    /// Like [`Self::of`], for statements that must succeed on every usable database.
    pub(super) fn of_any(error: &rusqlite::Error, place: &Place) -> Self {
        Self::of(error, place).unwrap_or_else(|| Self::Unusable {
            file: place.file().to_owned(),
            text: error.to_string(),
        })
    }

    /// Why SQLite may not open or write the file, which it does not say itself.
    fn of_refusal(place: &Place) -> Option<Self> {
        let [log, index] = Place::SUFFIXES.map(|suffix| place.with_suffix(suffix));
        let files = [place.file(), &log, &index].map(|file| ("file", file));
        let all = files.into_iter().chain([("folder", place.folder())]);
        all.filter(|(_, path)| path.exists())
            .find_map(|(what, path)| {
                let refusal = access(path, Access::READ_OK | Access::WRITE_OK).err()?;
                Some(Self::of_io(what, path, refusal.into()))
            })
    }

    /// The fault of a failed operation on `path`, which is a `what`.
    pub(super) fn of_io(what: &'static str, path: &Path, error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full {
                folder: path.to_owned(),
            },
            _ => Self::NotWritable {
                what,
                path: path.to_owned(),
                error,
            },
        }
    }

    /// Whether the file may be damaged, so that nothing in it must be changed.
    pub(super) const fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }

    /// Whether open connections must not be used any longer, and the file must be checked before it is used
    /// again. All other faults concern what is around the file.
    pub(super) const fn is_about_the_file(&self) -> bool {
        matches!(
            self,
            Self::Damaged { .. } | Self::Moved { .. } | Self::Newer { .. } | Self::Unusable { .. }
        )
    }
}

/// Whether too little space is left for a few pages of the log and its index.
pub(super) fn has_no_space(folder: &Path) -> bool {
    const NEEDED: u64 = 128 * 1024;
    let space = rustix::fs::statvfs(folder);
    space.is_ok_and(|space| space.f_bavail.saturating_mul(space.f_frsize) < NEEDED)
}

/// The message of an I/O error without its number, which means nothing to most readers.
pub(super) struct Words<'a>(pub(super) &'a io::Error);

impl Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let words = text.split(" (os error").next().unwrap_or_default();
        f.write_str(&words.to_lowercase())
    }
}

/// ` (process 12)`, or nothing.
struct Process(Option<u32>);

impl Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .map_or(Ok(()), |process| write!(f, " (process {process})"))
    }
}
