//! A full disk.

use super::*;
use std::fs;

/// Size of the file system. The database with its log and index needs some 100 KiB.
const SIZE: &str = "size=4m";
/// Bytes per row, so that few rows fill it.
const ROW: usize = 64 * 1024;

#[tokio::test]
async fn a_full_disk_loses_nothing_and_is_used_again_once_it_has_space() {
    let Some(mount) = Mount::tmpfs(SIZE) else {
        return;
    };
    let folder = mount.path().join("data");
    let opened = Opened::new(&folder).await;
    let mut kept = Vec::new();
    let reason = loop {
        assert!(kept.len() < 1_000, "the disk does not become full");
        let text = format!("{}{}", kept.len(), "x".repeat(ROW));
        match opened.note(&text).await {
            Ok(()) => kept.push(text),
            Err(StorageError::Unavailable { reason }) => break reason,
            Err(error) => panic!("{error:?}"),
        }
    };
    assert!(reason.contains("disk is full"), "{reason}");
    assert!(kept.len() > 10, "{}", kept.len());
    let rows = opened.notes().await.unwrap();
    assert!(rows == kept, "a row was lost on the full disk");

    mount.remount("size=16m");
    loop {
        opened.until_ready().await;
        let text = format!("{}{}", kept.len(), "y".repeat(ROW));
        if opened.note(&text).await.is_ok() {
            kept.push(text);
            break;
        }
    }
    assert!(opened.notes().await.unwrap() == kept, "a row was lost");
    opened.close().await;
    let opened = Opened::new(&folder).await;
    assert!(
        opened.notes().await.unwrap() == kept,
        "a row was lost by the restart"
    );
    opened.close().await;
}

#[tokio::test]
async fn a_disk_that_is_full_from_the_start_is_reported_until_it_has_space() {
    let Some(mount) = Mount::tmpfs("size=64k") else {
        return;
    };
    let ballast = mount.path().join("ballast");
    assert!(fs::write(&ballast, vec![0; 1024 * 1024]).is_err());
    let opened = Opened::new(&mount.path().join("data")).await;
    opened.until_failing("disk is full").await;
    assert!(is_unavailable(&opened.note("lost").await, "disk is full"));
    mount.remount("size=8m");
    opened.until_ready().await;
    opened.note("kept").await.unwrap();
    opened.close().await;
}
