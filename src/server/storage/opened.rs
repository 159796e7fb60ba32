//! An open database, as the writer thread holds it: looking for changes from outside, probing after a fault,
//! and closing without harm to the file.

use super::{
    fault::{Fault, has_no_space},
    files::FileId,
    open::Database,
    place::Place,
    schema,
};
use rusqlite::{Connection, config::DbConfig};

/// An open database.
#[derive(Debug)]
pub(super) struct Opened {
    database: Database,
    /// `PRAGMA data_version`: differs from the last value after a commit by another connection. Readers
    /// commit nothing, so that is another process.
    data_version: i64,
}

impl Opened {
    pub(super) fn new(database: Database, place: &Place) -> Result<Self, Fault> {
        let data_version = data_version(&database.connection, place)?;
        Ok(Self {
            database,
            data_version,
        })
    }

    pub(super) const fn id(&self) -> FileId {
        self.database.id
    }

    pub(super) const fn connection(&mut self) -> &mut Connection {
        &mut self.database.connection
    }

    /// Returns whether another process has changed the database since the last look.
    pub(super) fn look(&mut self, place: &Place) -> Result<bool, Fault> {
        // Otherwise everything that is written would go to a file without a name.
        if FileId::of(place.file()).ok() != Some(self.database.id) {
            return Err(Fault::Moved {
                file: place.file().to_owned(),
            });
        }
        let seen = data_version(&self.database.connection, place)?;
        Ok(std::mem::replace(&mut self.data_version, seen) != seen)
    }

    /// Finds out whether the database can be written again; returns the same as [`Self::look`]. After the disk
    /// was full, there must also be space for more than this small write.
    pub(super) fn probe(&mut self, place: &Place, was_full: bool) -> Result<bool, Fault> {
        let has_changed = self.look(place)?;
        if was_full && has_no_space(place.folder()) {
            return Err(Fault::Full {
                folder: place.folder().to_owned(),
            });
        }
        let written = schema::write_version(&self.database.connection);
        written.map_err(|error| Fault::of_any(&error, place))?;
        Ok(has_changed)
    }

    /// Closes the connection because of `fault`.
    pub(super) fn close(self, fault: &Fault) {
        let connection = &self.database.connection;
        if fault.is_damage() {
            // The file is left as it is: its log may be what repairs it.
            let no_checkpoint = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            let _ = connection.set_db_config(no_checkpoint, true);
        }
        if matches!(fault, Fault::Moved { .. }) {
            // The log belongs to the file that was there before, wherever that is now. SQLite would leave it
            // behind, so its content is moved there first.
            let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
            if let Err(error) = connection.query_row(checkpoint, [], |_| Ok(())) {
                tracing::warn!(%error, "storage: the log stays apart from its database");
            }
        }
    }
}

fn data_version(connection: &Connection, place: &Place) -> Result<i64, Fault> {
    connection
        .pragma_query_value(None, "data_version", |row| row.get(0))
        .map_err(|error| Fault::of_any(&error, place))
}
