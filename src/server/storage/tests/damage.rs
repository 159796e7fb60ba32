//! Files that are damaged, before the start and while the server runs.

use super::*;
use crate::server::storage::{
    aside,
    open::{self, Trust},
    open_for_command,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Enough rows for some hundred pages.
const ROWS: usize = 200;

/// A closed database with [`ROWS`] rows.
async fn filled(folder: &Path) -> Place {
    let opened = Opened::new(folder).await;
    for row in 0..ROWS {
        opened
            .note(&format!("{row}{}", "x".repeat(2_000)))
            .await
            .unwrap();
    }
    opened.close().await;
    Place::new(folder)
}

/// Overwrites `length` bytes from `at`, from a process of its own.
fn overwrite(file: &Path, at: usize, length: usize) {
    let script = format!(
        "head -c {length} /dev/zero | tr '\\0' '~' |
        dd of=\"$1\" bs=64k iflag=fullblock seek={at} oflag=seek_bytes conv=notrunc"
    );
    assert!(shell(&script, &[file]));
}

/// The only file that was set aside.
fn set_aside(folder: &Path) -> PathBuf {
    let mut files = aside::set_aside_files(folder);
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

async fn until_replaced(opened: &Opened) -> String {
    let state = opened
        .until(|state| matches!(state, StorageState::Replaced { .. }))
        .await;
    state.alarm().unwrap().to_owned()
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_whole_and_a_new_one_begins() {
    for (at, length) in [(0, 100), (40 * 4096, 8 * 4096)] {
        let folder = tempfile::tempdir().unwrap();
        let place = filled(folder.path()).await;
        overwrite(place.file(), at, length);
        let damaged = fs::read(place.file()).unwrap();

        let opened = Opened::new(folder.path()).await;
        let reason = until_replaced(&opened).await;
        let aside = set_aside(folder.path());
        assert!(reason.contains(aside.to_str().unwrap()), "{reason}");
        assert!(
            fs::read(&aside).unwrap() == damaged,
            "the damaged file was changed"
        );
        assert!(opened.notes().await.unwrap().is_empty());
        opened.note("new").await.unwrap();
        opened.close().await;

        let opened = Opened::new(folder.path()).await;
        until_replaced(&opened).await;
        assert_eq!(opened.notes().await.unwrap(), ["new"]);
        fs::remove_file(&aside).unwrap();
        opened.until_ready().await;
    }
}

#[tokio::test]
async fn every_damaged_file_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    for n in 1..=3 {
        let place = filled(folder.path()).await;
        overwrite(place.file(), 0, 100);
        let opened = Opened::new(folder.path()).await;
        until_replaced(&opened).await;
        opened.close().await;
        assert_eq!(aside::set_aside_files(folder.path()).len(), n);
    }
}

#[tokio::test]
async fn damage_that_a_query_finds_is_handled_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let place = filled(folder.path()).await;
    let opened = Opened::new(folder.path()).await;
    opened.until_ready().await;
    let other = open_for_command(folder.path()).unwrap();
    let empty_log = "PRAGMA wal_checkpoint(TRUNCATE)";
    other.query_row(empty_log, [], |_| Ok(())).unwrap();
    overwrite(place.file(), 0, ROWS * 2_000);
    // The first query of this server, so it has no page in memory. The writer thread may find the damage first.
    let found = opened.notes().await;
    assert!(!matches!(&found, Ok(rows) if !rows.is_empty()), "{found:?}");
    until_replaced(&opened).await;
    set_aside(folder.path());
    opened.note("new").await.unwrap();
    assert_eq!(opened.notes().await.unwrap(), ["new"]);
}

#[tokio::test]
async fn a_sound_database_under_suspicion_is_checked_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    opened.note("kept").await.unwrap();
    let mut changes = opened.storage.outside_changes();
    opened.storage.inner.shared.suspect();
    opened.storage.inner.wake();
    timeout(PATIENCE, changes.changed()).await.unwrap().unwrap();
    opened.until_ready().await;
    assert_eq!(opened.notes().await.unwrap(), ["kept"]);
    assert!(aside::set_aside_files(folder.path()).is_empty());
}

#[tokio::test]
async fn the_log_of_a_damaged_database_is_kept_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = filled(folder.path()).await;
    let [log, _] = Place::SUFFIXES;
    fs::write(place.with_suffix(log), "the log").unwrap();
    overwrite(place.file(), 0, 100);
    assert!(open::open(&place, Trust::Unchecked).is_ok());
    let mut aside = set_aside(folder.path()).into_os_string();
    aside.push(log);
    assert_eq!(fs::read(aside).unwrap(), b"the log");
}

#[tokio::test]
async fn the_log_of_a_database_that_was_removed_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path());
    let [log, _] = Place::SUFFIXES;
    fs::write(place.with_suffix(log), "the log").unwrap();
    let opened = Opened::new(folder.path()).await;
    opened.note("new").await.unwrap();
    assert_eq!(opened.notes().await.unwrap(), ["new"]);
    let contents = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| fs::read(entry.unwrap().path()));
    assert!(
        contents
            .into_iter()
            .any(|content| content.unwrap() == b"the log")
    );
}

#[test]
fn a_command_leaves_a_damaged_file_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deckwatch.db");
    fs::write(
        &file,
        "no database, but something longer than its header ".repeat(100),
    )
    .unwrap();
    let before = fs::read(&file).unwrap();
    let error = open_for_command(folder.path()).unwrap_err().to_string();
    assert!(error.contains("is damaged"), "{error}");
    assert!(fs::read(&file).unwrap() == before);
    assert!(aside::set_aside_files(folder.path()).is_empty());
}
