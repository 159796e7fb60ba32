//! `deckwatch backup` and `deckwatch check`.

use super::*;
use crate::server::storage::{command, schema};
use std::{fs, os::unix::fs::PermissionsExt};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_the_database_at_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    for n in 0..500 {
        opened.note(&n.to_string()).await.unwrap();
    }
    let (storage, token) = (opened.storage.clone(), opened.shutdown.token());
    let load = opened.shutdown.spawn("load", async move {
        let mut n = 500;
        while !token.is_cancelled() {
            let text = n.to_string();
            storage
                .write(move |transaction| note(transaction, &text))
                .await
                .unwrap();
            n += 1;
        }
    });
    for round in 0..5 {
        let before = opened.notes().await.unwrap();
        let file = folder.path().join(format!("backup-{round}"));
        let (place, copy) = (Place::new(folder.path()), file.clone());
        tokio::task::spawn_blocking(move || command::backup(&place, &copy).unwrap())
            .await
            .unwrap();
        let copied = Connection::open(&file).unwrap();
        let copied = notes(&copied).unwrap();
        let expected: Vec<_> = (0..copied.len()).map(|n| n.to_string()).collect();
        assert!(copied == expected, "round {round}");
        assert!(copied.len() >= before.len(), "round {round}");
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    assert!(!load.is_finished());
    opened.close().await;
    let left = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.map(|name| name.into_string().unwrap()).collect();
    assert!(
        !left.iter().any(|name| name.starts_with(".deckwatch")),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_restored_backup_equals_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    opened.note("kept").await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path());
    command::backup(&place, &other.path().join("deckwatch.db")).unwrap();
    let restored = Opened::new(other.path()).await;
    assert_eq!(restored.notes().await.unwrap(), ["kept"]);
    restored.note("and more").await.unwrap();
    assert_eq!(opened.notes().await.unwrap(), ["kept"]);
}

#[tokio::test]
async fn a_backup_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    Opened::new(folder.path()).await.close().await;
    let place = Place::new(folder.path());
    let file = folder.path().join("precious");
    fs::write(&file, "precious").unwrap();
    let error = command::backup(&place, &file).unwrap_err();
    assert!(error.contains("is not overwritten"), "{error}");
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    let nowhere = folder.path().join("no/such/folder");
    let error = command::backup(&place, &nowhere).unwrap_err();
    assert!(error.contains(nowhere.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn a_check_counts_rows_and_finds_problems() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    opened.note("one").await.unwrap();
    let place = Place::new(folder.path());
    let (report, is_sound) = command::check(&place).unwrap();
    assert!(is_sound, "{report}");
    for line in [
        "table    audit: 1 row\n",
        "table    users: 0 rows\n",
        "version  2 of 2\n",
        "\nsound\n",
    ] {
        assert!(report.contains(line), "{report}");
    }
    opened.close().await;

    let damaged = Connection::open(place.file()).unwrap();
    damaged
        .execute_batch(
            "PRAGMA foreign_keys = OFF; INSERT INTO grants VALUES ('nobody', 'admin', '*');",
        )
        .unwrap();
    drop(damaged);
    let (report, is_sound) = command::check(&place).unwrap();
    assert!(
        !is_sound && report.contains("refers to a missing row of users"),
        "{report}"
    );

    let newer = Connection::open(place.file()).unwrap();
    newer
        .pragma_update(None, "user_version", schema::VERSION + 1)
        .unwrap();
    drop(newer);
    let (report, is_sound) = command::check(&place).unwrap();
    assert!(!is_sound && report.contains("newer version"), "{report}");

    fs::write(
        place.file(),
        "no database, but longer than a header ".repeat(100),
    )
    .unwrap();
    let error = command::check(&place).unwrap_err().to_string();
    assert!(error.contains("is damaged"), "{error}");
}

#[test]
fn commands_create_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path());
    let error = command::check(&place).unwrap_err().to_string();
    assert!(error.contains("There is no database at"), "{error}");
    assert!(command::backup(&place, &folder.path().join("copy")).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
