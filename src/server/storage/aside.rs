//! Renames a damaged database, so that nothing of it is lost and a new one can begin. Nothing is ever
//! overwritten or deleted.

use super::{
    fault::Fault,
    place::{FILE, Place},
};
use crate::server::clock;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What follows the name of the database in the name of a file that was set aside.
const MARK: &str = ".corrupt-";
/// Most names tried for a file. They differ in milliseconds; a second one is needed only when the clock was
/// set back.
const ATTEMPTS: u32 = 100;

/// Renames the database and its log. With the new name SQLite can still open them together.
pub(super) fn set_aside(place: &Place, why: &str) -> Result<(), Fault> {
    let aside = rename(place, &["", Place::SUFFIXES[0], Place::SUFFIXES[1]])?;
    tracing::error!(
        "storage: {} is damaged ({why}), was renamed to {}, and a new database begins",
        place.file().display(),
        aside.display()
    );
    Ok(())
}

/// Renames a log whose database is gone.
pub(super) fn set_log_aside(place: &Place) -> Result<(), Fault> {
    let [log, _] = Place::SUFFIXES;
    let has_content = fs::metadata(place.with_suffix(log)).is_ok_and(|log| log.len() > 0);
    if !has_content {
        return Ok(());
    }
    rename(place, &Place::SUFFIXES).map(|_| ())
}

/// Removes an empty log and its index, or renames both. A file that replaces a database must not be opened with
/// the log of the other one.
pub(super) fn clear_log(place: &Place) -> Result<(), Fault> {
    set_log_aside(place)?;
    for suffix in Place::SUFFIXES {
        let removed = fs::remove_file(place.with_suffix(suffix));
        if let Err(error) = removed
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(Fault::NotSetAside {
                file: place.with_suffix(suffix),
                error,
            });
        }
    }
    Ok(())
}

/// Renames the files with these suffixes, the database first: if the process is killed in between, the log
/// that remains is set aside at the next start.
fn rename(place: &Place, suffixes: &[&str]) -> Result<PathBuf, Fault> {
    let failed = |error| Fault::NotSetAside {
        file: place.file().to_owned(),
        error,
    };
    let name = free_name(place).map_err(failed)?;
    for suffix in suffixes {
        let to = place.with_suffix(&format!("{name}{suffix}"));
        match fs::rename(place.with_suffix(suffix), to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    Ok(place.with_suffix(&name))
}

/// `.corrupt-<time>`, with which no file exists yet. The lock of the folder prevents that one appears.
fn free_name(place: &Place) -> io::Result<String> {
    let is_free = |name: &str| {
        let mut suffixes = [""].iter().chain(&Place::SUFFIXES);
        suffixes.all(|suffix| {
            let path = place.with_suffix(&format!("{name}{suffix}"));
            fs::symlink_metadata(path).is_err()
        })
    };
    // Colons mean a host to `scp` and `rsync`.
    let stamp = clock::now().to_string().replace(':', "-");
    let names = std::iter::once(format!("{MARK}{stamp}"))
        .chain((2..=ATTEMPTS).map(|n| format!("{MARK}{stamp}-{n}")));
    let free = { names }.find(|name| is_free(name));
    free.ok_or_else(|| io::ErrorKind::AlreadyExists.into())
}

/// The damaged databases in `folder`, oldest first.
pub(super) fn set_aside_files(folder: &Path) -> Vec<PathBuf> {
    let is_aside = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_log = Place::SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
        name.starts_with(&format!("{FILE}{MARK}")) && !is_log
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).filter(is_aside).collect();
    files.sort();
    files
}

/// What to do about the damaged databases in `folder`, if there are any.
pub(super) fn notice(folder: &Path) -> Option<String> {
    let file = set_aside_files(folder).pop()?;
    Some(format!(
        "The database was damaged and is now at {}. A new one has begun without its users, tokens and audit \
        log. Restore a backup, or move that file elsewhere to end this message.",
        file.display()
    ))
}
