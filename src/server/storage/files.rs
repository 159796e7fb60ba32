//! The folder and the files of the database: who may read them, and which server they belong to.

use super::{aside, fault::Fault, place::Place};
use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown},
    path::Path,
};

/// Only the owner may read and write: the file has password hashes.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// The identity of a file: device and inode. Another file at the same path has another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId(u64, u64);

impl FileId {
    /// The identity of the file at `path`.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self(metadata.dev(), metadata.ino()))
    }
}

/// Creates the folder if it is missing.
pub(super) fn create_folder(place: &Place) -> Result<(), Fault> {
    let folder = place.folder();
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    let created = builder.recursive(true).mode(FOLDER_MODE).create(folder);
    created.map_err(|error| {
        let is_other = error.kind() == ErrorKind::AlreadyExists;
        let error = if is_other {
            ErrorKind::NotADirectory.into()
        } else {
            error
        };
        Fault::of_io("folder", folder, error)
    })
}

/// Takes the lock of the folder, so that no other server renames the database or collects history twice.
/// Commands do not take it.
pub(super) fn lock(place: &Place) -> Result<File, Fault> {
    let failed = |error| Fault::of_io("folder", place.folder(), error);
    let options = &mut OpenOptions::new();
    let options = options.read(true).write(true).mode(FILE_MODE);
    let path = place.lock();
    let mut file = match options.clone().create_new(true).open(&path) {
        Ok(file) => {
            adopt(&file, place);
            file
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            options.open(&path).map_err(failed)?
        }
        Err(error) => return Err(failed(error)),
    };
    match file.try_lock() {
        Ok(()) => {
            // The process id is for the message of another server only.
            let _ = file.set_len(0);
            let _ = write!(file, "{}", std::process::id());
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = file.take(20).read_to_string(&mut text);
            Err(Fault::InUse {
                folder: place.folder().to_owned(),
                process: text.parse().ok(),
            })
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Creates the file with its mode, which SQLite then gives to the log too.
pub(super) fn create_file(place: &Place) -> Result<(), Fault> {
    let file = place.file();
    if file.exists() {
        return Ok(());
    }
    // SQLite would delete the log of a database that was removed.
    aside::set_log_aside(place)?;
    let options = &mut OpenOptions::new();
    match options
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(file)
    {
        Ok(created) => {
            adopt(&created, place);
            Ok(())
        }
        // Another process was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Fault::of_io("folder", place.folder(), error)),
    }
}

/// Gives a new file to the owner of the folder, if a command created it as root: otherwise the server, which
/// runs as another user, could not open it.
fn adopt(file: &File, place: &Place) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = fs::metadata(place.folder());
    let adopted = folder.and_then(|folder| fchown(file, Some(folder.uid()), Some(folder.gid())));
    if let Err(error) = adopted {
        tracing::debug!(%error, "a new file keeps its owner");
    }
}
