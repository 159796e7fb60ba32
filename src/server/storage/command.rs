//! `deckwatch backup` and `deckwatch check`: they run beside the server or without it, and change nothing in
//! the database.

use super::{
    aside,
    fault::{Fault, Words},
    open::{open_to_read, refuse_newer},
    place::Place,
    schema,
};
use crate::{model::format, server::config::Command};
use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

/// How long a backup tries to start reading while another program has locked the database.
const BACKUP_PATIENCE: Duration = Duration::from_secs(30);
/// Time between two attempts.
const BACKUP_PAUSE: Duration = Duration::from_millis(100);
/// Most problems that a check lists.
const MAX_PROBLEMS: usize = 100;

/// Runs `command` on the database in `folder` and prints its result.
pub fn run(command: &Command, folder: Option<&Path>) -> ExitCode {
    let Some(folder) = folder else {
        return print_failure("There is no folder for the database. Name one with --data-dir.");
    };
    let place = Place::new(folder);
    let (text, is_sound) = match command {
        Command::Backup { file } => match backup(&place, file) {
            Ok(()) => (
                format!("The database was copied to {}.\n", file.display()),
                true,
            ),
            Err(text) => return print_failure(&text),
        },
        Command::Check => match check(&place) {
            Ok(report) => report,
            Err(fault) => return print_failure(&fault.to_string()),
        },
        // Those of access.
        Command::User(_) | Command::Token(_) => return ExitCode::FAILURE,
    };
    let printed = io::stdout().lock().write_all(text.as_bytes());
    if is_sound && printed.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn print_failure(text: &str) -> ExitCode {
    let _ = writeln!(io::stderr().lock(), "{text}");
    ExitCode::FAILURE
}

fn open(place: &Place) -> Result<Connection, Fault> {
    if !place.file().exists() {
        return Err(Fault::Missing {
            file: place.file().to_owned(),
        });
    }
    open_to_read(place).map_err(|error| Fault::of_any(&error, place))
}

/// Copies the database to `file`, as it is at one moment. The server may write meanwhile: that neither waits
/// nor becomes part of the copy.
///
/// # Errors
/// When `file` exists, cannot be written, or the database cannot be read; the text is for the terminal.
pub(super) fn backup(place: &Place, file: &Path) -> Result<(), String> {
    let refused = |error: &io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => format!(
            "{} exists and is not overwritten. Choose another name.",
            file.display()
        ),
        _ => format!("{} cannot be written: {}.", file.display(), Words(error)),
    };
    if fs::symlink_metadata(file).is_ok() {
        return Err(refused(&io::ErrorKind::AlreadyExists.into()));
    }
    let source = open(place).map_err(|fault| fault.to_string())?;
    // A copy that is interrupted never has the name of a backup. Its mode is 0600.
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    let copy = tempfile::Builder::new()
        .prefix(".deckwatch-backup-")
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .map_err(|error| refused(&error))?;
    copy_to(&source, copy.path()).map_err(|error| describe(&error, place, file))?;
    copy.as_file().sync_all().map_err(|error| refused(&error))?;
    copy.persist_noclobber(file)
        .map_err(|error| refused(&error.error))?;
    // The name reaches the disk with the folder.
    let folder = File::open(folder.unwrap_or(Path::new(".")));
    let _ = folder.and_then(|folder| folder.sync_all());
    Ok(())
}

fn describe(error: &CopyError, place: &Place, file: &Path) -> String {
    match error {
        CopyError::Source(error) => Fault::of_any(error, place).to_string(),
        CopyError::Copy(error) => format!("{} cannot be written: {error}.", file.display()),
        CopyError::Unsound(problem) => {
            format!("The copy is not sound, and was removed: {problem}. Run `deckwatch check`.")
        }
    }
}

enum CopyError {
    Source(rusqlite::Error),
    Copy(rusqlite::Error),
    Unsound(String),
}

fn copy_to(source: &Connection, path: &Path) -> Result<(), CopyError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(path, flags).map_err(CopyError::Copy)?;
    {
        let backup = Backup::new(source, &mut copy).map_err(CopyError::Copy)?;
        let began = Instant::now();
        // All pages in one step: a copy in several steps starts again whenever the server writes.
        while backup.step(-1).map_err(CopyError::Source)? != StepResult::Done {
            if began.elapsed() > BACKUP_PATIENCE {
                let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                return Err(CopyError::Source(rusqlite::Error::SqliteFailure(
                    busy, None,
                )));
            }
            std::thread::sleep(BACKUP_PAUSE);
        }
    }
    // Without a log, the copy is one file that can be read anywhere.
    let mode = copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()));
    mode.map_err(CopyError::Copy)?;
    match problems(&copy, "quick_check")
        .map_err(CopyError::Copy)?
        .pop()
    {
        Some(problem) => Err(CopyError::Unsound(problem)),
        None => Ok(()),
    }
}

/// Checks everything that SQLite can check, and describes the database; returns whether it is sound.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn check(place: &Place) -> Result<(String, bool), Fault> {
    let connection = open(place)?;
    let failed = |error| Fault::of_any(&error, place);
    let mut problems = check_content(&connection).map_err(failed)?;
    if let Err(fault) = refuse_newer(&connection, place) {
        problems.push(fault.to_string());
    }
    let version = schema::version(&connection).map_err(failed)?;
    let tables = count_rows(&connection).unwrap_or_default();
    let size = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    let [log, _] = Place::SUFFIXES;
    let mut lines = vec![
        place.file().display().to_string(),
        format!("version  {version} of {}", schema::VERSION),
        format!(
            "size     {}, and {} in the log",
            format::bytes(size(place.file())),
            format::bytes(size(&place.with_suffix(log)))
        ),
    ];
    lines.extend(tables.iter().map(|(table, rows)| {
        let unit = if *rows == 1 { "row" } else { "rows" };
        format!("table    {table}: {rows} {unit}")
    }));
    lines.extend(
        aside::set_aside_files(place.folder())
            .iter()
            .map(|file| format!("damaged  {}", file.display())),
    );
    lines.extend(problems.iter().map(|problem| format!("problem  {problem}")));
    let is_sound = problems.is_empty();
    lines.push(if is_sound {
        "sound".into()
    } else {
        "not sound".into()
    });
    Ok((lines.join("\n") + "\n", is_sound))
}

fn check_content(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = problems(connection, "integrity_check")?;
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let orphans = statement.query_map([], |row| {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        Ok(format!(
            "a row of {table} refers to a missing row of {parent}"
        ))
    })?;
    for orphan in orphans.take(MAX_PROBLEMS) {
        found.push(orphan?);
    }
    Ok(found)
}

/// The problems that a check pragma finds.
fn problems(connection: &Connection, pragma: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("PRAGMA {pragma}({MAX_PROBLEMS})"))?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut found = rows.collect::<Result<Vec<_>, _>>()?;
    found.retain(|row| row != "ok");
    Ok(found)
}

/// The number of rows of each table.
fn count_rows(connection: &Connection) -> rusqlite::Result<Vec<(String, u64)>> {
    let mut statement = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    names
        .map(|name| {
            let name = name?;
            let quoted = name.replace('"', "\"\"");
            let sql = format!("SELECT count(*) FROM \"{quoted}\"");
            let rows: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
            Ok((name, u64::try_from(rows).unwrap_or_default()))
        })
        .collect()
}
