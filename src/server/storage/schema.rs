//! The tables, as a list of migrations. Migrations only go forward: a released one is never changed, a
//! later one is added.

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

const STEPS: &[M<'_>] = &[
    M::up(include_str!("migrations/0001-access.sql")),
    M::up(include_str!("migrations/0002-oidc.sql")),
];
const MIGRATIONS: Migrations<'_> = Migrations::from_slice(STEPS);

/// The version of a database to which every migration has been applied. A database with a higher one was
/// written by a newer release.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// The version of a database: the number of migrations that were applied to it.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Applies the missing migrations, all in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), rusqlite_migration::Error> {
    match MIGRATIONS.to_latest(connection) {
        // Another process may have applied them since the version was read.
        Err(_) if version(connection).is_ok_and(|version| version == VERSION) => Ok(()),
        result => result,
    }
}

/// Writes the version again. This is the smallest write that reaches the disk, and shows that the database
/// can be written.
pub(super) fn write_version(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "user_version", VERSION)
}
