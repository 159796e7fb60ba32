//! Folders, locks and versions that are not as they should be.

use super::*;
use crate::server::storage::{aside, open, schema};
use std::fs;

#[tokio::test]
async fn a_file_in_place_of_the_folder_is_reported_until_it_is_gone() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("data");
    fs::write(&folder, "a file").unwrap();
    let opened = Opened::new(&folder).await;
    let reason = opened
        .until_failing("is not writable: not a directory")
        .await;
    assert!(reason.contains(folder.to_str().unwrap()), "{reason}");
    assert!(reason.contains("--data-dir"), "{reason}");
    assert!(is_unavailable(
        &opened.note("lost").await,
        "not a directory"
    ));
    assert!(is_unavailable(&opened.notes().await, "not a directory"));
    assert_eq!(fs::read(&folder).unwrap(), b"a file");

    fs::remove_file(&folder).unwrap();
    opened.until_ready().await;
    opened.note("kept").await.unwrap();
    assert_eq!(opened.notes().await.unwrap(), ["kept"]);
}

#[tokio::test]
async fn a_read_only_folder_is_reported_until_it_is_writable() {
    let Some(mount) = Mount::tmpfs("size=8m") else {
        return;
    };
    let opened = Opened::new(mount.path()).await;
    opened.note("before").await.unwrap();
    opened.close().await;
    mount.remount("ro");
    let opened = Opened::new(mount.path()).await;
    opened
        .until_failing("is not writable: read-only file")
        .await;
    assert!(is_unavailable(&opened.note("lost").await, "read-only"));
    mount.remount("rw");
    opened.until_ready().await;
    opened.note("after").await.unwrap();
    assert_eq!(opened.notes().await.unwrap(), ["before", "after"]);
    opened.close().await;
}

#[tokio::test]
async fn a_database_that_another_program_uses_alone_is_reported_until_it_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    opened.note("before").await.unwrap();
    opened.close().await;
    let other = Connection::open(Place::new(folder.path()).file()).unwrap();
    other
        .pragma_update(None, "locking_mode", "EXCLUSIVE")
        .unwrap();
    schema::write_version(&other).unwrap();
    let opened = Opened::new(folder.path()).await;
    opened.until_failing("locked by another program").await;
    assert!(is_unavailable(&opened.notes().await, "locked"));
    drop(other);
    opened.until_ready().await;
    assert_eq!(opened.notes().await.unwrap(), ["before"]);
    assert!(aside::set_aside_files(folder.path()).is_empty());
}

#[tokio::test]
async fn while_another_program_writes_for_long_reads_work_and_writes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    opened.note("before").await.unwrap();
    let other = open::open_for_command(folder.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(is_unavailable(&opened.note("lost").await, "locked"));
    opened.until_failing("locked by another program").await;
    assert!(is_unavailable(&opened.note("lost").await, "locked"));
    assert_eq!(opened.notes().await.unwrap(), ["before"]);
    other.execute_batch("ROLLBACK").unwrap();
    opened.until_ready().await;
    opened.note("after").await.unwrap();
    assert_eq!(opened.notes().await.unwrap(), ["before", "after"]);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    opened.note("before").await.unwrap();
    opened.close().await;
    let place = Place::new(folder.path());
    let newer = Connection::open(place.file()).unwrap();
    newer
        .pragma_update(None, "user_version", schema::VERSION + 1)
        .unwrap();
    drop(newer);
    let content = fs::read(place.file()).unwrap();

    let opened = Opened::new(folder.path()).await;
    opened.until_failing("written by a newer version").await;
    assert!(is_unavailable(&opened.note("lost").await, "newer version"));
    assert!(is_unavailable(&opened.notes().await, "newer version"));
    opened.close().await;
    assert_eq!(fs::read(place.file()).unwrap(), content);
    assert!(aside::set_aside_files(folder.path()).is_empty());
}

#[tokio::test]
async fn a_second_server_waits_until_the_first_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let first = Opened::new(folder.path()).await;
    first.note("first").await.unwrap();
    let second = Opened::new(folder.path()).await;
    let reason = second.until_failing("Another Deckwatch").await;
    let process = format!("(process {})", std::process::id());
    assert!(reason.contains(&process), "{reason}");
    first.note("still first").await.unwrap();
    first.close().await;
    second.until_ready().await;
    assert_eq!(second.notes().await.unwrap(), ["first", "still first"]);
}

#[tokio::test]
async fn a_backup_that_replaces_the_file_of_a_running_server_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    let opened = Opened::new(folder.path()).await;
    opened.note("in the backup").await.unwrap();
    let place = Place::new(folder.path());
    crate::server::storage::command::backup(&place, &backup).unwrap();
    opened.note("later").await.unwrap();
    let mut changes = opened.storage.outside_changes();
    fs::rename(&backup, place.file()).unwrap();
    timeout(PATIENCE, changes.changed()).await.unwrap().unwrap();
    opened.until_ready().await;
    assert_eq!(opened.notes().await.unwrap(), ["in the backup"]);
    opened.note("new").await.unwrap();
    opened.close().await;
    let opened = Opened::new(folder.path()).await;
    assert_eq!(opened.notes().await.unwrap(), ["in the backup", "new"]);
}
