//! Opens the database: creates what is missing, refuses what is not ours to change, checks, migrates, and
//! writes once to see that writing works.

use super::{
    aside,
    fault::Fault,
    files::{self, FileId},
    place::Place,
    schema,
};
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::{fs::File, io::ErrorKind, path::Path, time::Duration};

/// How long a statement waits for another process to release its lock. The writes of our own commands take
/// milliseconds; five seconds also cover a machine under load, and a user who waits for a response.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Size to which the write-ahead log is cut after a large transaction. It is what the log grows to between
/// two checkpoints in normal use (1,000 pages of 4 KiB).
const LOG_SIZE_LIMIT: i64 = 4 * 1024 * 1024;
/// An open and sound database. The connection is closed before the lock of the folder is released.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) connection: Connection,
    pub(super) id: FileId,
    _lock: File,
}

/// What is known about the file before it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// This process has checked it.
    Checked,
    /// It must be read and checked as a whole. A damaged one is set aside and a new one created.
    Unchecked,
    /// Like `Unchecked`, and the log beside it is that of another file.
    Replaced,
}

/// Opens the database for the server.
pub(super) fn open(place: &Place, trust: Trust) -> Result<Database, Fault> {
    files::create_folder(place)?;
    let lock = files::lock(place)?;
    if trust == Trust::Replaced {
        aside::clear_log(place)?;
    }
    let connection = match connect(place, trust != Trust::Checked) {
        Err(Fault::Damaged { text, .. }) => {
            aside::set_aside(place, &text)?;
            connect(place, true)?
        }
        result => result?,
    };
    let id = FileId::of(place.file());
    Ok(Database {
        connection,
        id: id.map_err(|error| Fault::of_io("file", place.file(), error))?,
        _lock: lock,
    })
}

/// Opens the database for a command that runs beside the server or without it, such as one that adds a user.
/// The folder and the file are created if they are missing. A damaged file stays where it is.
///
/// # Errors
/// When the database cannot be used.
pub fn open_for_command(folder: &Path) -> Result<Connection, Fault> {
    let place = Place::new(folder);
    files::create_folder(&place)?;
    connect(&place, true)
}

/// A connection that only reads. It never moves the log into the database when it is closed: that is the
/// writer's task, and the file may be another one by then.
pub(super) fn open_to_read(place: &Place) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(place.file(), flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn connect(place: &Place, check: bool) -> Result<Connection, Fault> {
    files::create_file(place)?;
    let of_any = |error| Fault::of_any(&error, place);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(place.file(), flags).map_err(of_any)?;
    // Until the file is known to be sound and ours, nothing in it is changed, not even by moving the log into
    // it when the connection is closed.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(of_any)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(of_any)?;
    refuse_newer(&connection, place)?;
    if check {
        quick_check(&connection, place)?;
    }
    configure(&connection, place)?;
    schema::migrate(&mut connection).map_err(|error| of_migration(error, place))?;
    schema::write_version(&connection).map_err(of_any)?;
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)
        .map_err(of_any)?;
    Ok(connection)
}

/// Refuses a database of a newer release.
pub(super) fn refuse_newer(connection: &Connection, place: &Place) -> Result<(), Fault> {
    let found = schema::version(connection).map_err(|error| Fault::of_any(&error, place))?;
    if found <= schema::VERSION {
        return Ok(());
    }
    Err(Fault::Newer {
        file: place.file().to_owned(),
        found,
        known: schema::VERSION,
    })
}

/// Reads every page and checks the structure. Unlike `integrity_check` it does not compare indices with
/// their tables, so that it takes as long as reading the file once: a database with a year of history must
/// not delay the first sign-in by minutes. `deckwatch check` does the rest.
fn quick_check(connection: &Connection, place: &Place) -> Result<(), Fault> {
    let found: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| Fault::of_any(&error, place))?;
    if found == "ok" {
        return Ok(());
    }
    Err(Fault::Damaged {
        file: place.file().to_owned(),
        text: found,
    })
}

fn configure(connection: &Connection, place: &Place) -> Result<(), Fault> {
    let of_any = |error| Fault::of_any(&error, place);
    if connection.is_readonly("main").map_err(of_any)? {
        let error = ErrorKind::PermissionDenied.into();
        return Err(Fault::of_io("file", place.file(), error));
    }
    // With a write-ahead log, readers and the writer do not wait for each other.
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(of_any)?;
    if mode != "wal" {
        return Err(Fault::Unusable {
            file: place.file().to_owned(),
            text: "its file system supports no write-ahead log".to_owned(),
        });
    }
    // The log is synchronised before it is moved into the database, and not at every commit. A power cut or a
    // crash of the system can lose the last transactions (those of some 30 seconds, as long as the kernel
    // keeps pages), never the integrity of the file. A crash of Deckwatch loses nothing.
    connection
        .pragma_update(None, "synchronous", "NORMAL")
        .map_err(of_any)?;
    connection
        .pragma_update(None, "foreign_keys", true)
        .map_err(of_any)?;
    connection
        .pragma_update_and_check(None, "journal_size_limit", LOG_SIZE_LIMIT, |_| Ok(()))
        .map_err(of_any)
}

fn of_migration(error: rusqlite_migration::Error, place: &Place) -> Fault {
    let rusqlite_migration::Error::RusqliteError { err, .. } = error else {
        return Fault::Unusable {
            file: place.file().to_owned(),
            text: error.to_string(),
        };
    };
    Fault::of_any(&err, place)
}
