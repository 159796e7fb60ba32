//! A process that is killed while it writes.

use super::*;
use crate::server::storage::command;
use std::{
    env,
    io::{BufRead, BufReader},
    process::Stdio,
};

/// Set for the child process: the folder of its database.
const FOLDER: &str = "DECKWATCH_TEST_STORAGE_FOLDER";
const CHILD: &str = "server::storage::tests::kill::child_that_writes_until_it_is_killed";
/// Kills, each at another moment.
const KILLS: usize = 5;
/// Acknowledged rows before a kill; the log is moved into the database several times meanwhile.
const ROWS: usize = 1_500;

/// Not a test of its own: it does nothing except as the child of the next one.
#[tokio::test]
async fn child_that_writes_until_it_is_killed() {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    let opened = Opened::new(Path::new(&folder)).await;
    loop {
        let text = "x".repeat(3_000);
        let change = move |transaction: &Transaction<'_>| {
            note(transaction, &text)?;
            Ok(transaction.last_insert_rowid())
        };
        println!("\nstored {}", opened.storage.write(change).await.unwrap());
    }
}

#[tokio::test]
async fn a_killed_process_leaves_a_sound_database_with_every_acknowledged_write() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path());
    for kill in 1..=KILLS {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", CHILD, "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut stored =
            || lines.find_map(|line| line.unwrap().strip_prefix("stored ")?.parse().ok());
        let mut last: i64 = 0;
        for _ in 0..ROWS + kill * 37 {
            last = stored().expect("the child does not write");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        while let Some(row) = stored() {
            last = row;
        }
        let (report, is_sound) = command::check(&place).unwrap();
        assert!(is_sound, "{report}");
        let opened = Opened::new(folder.path()).await;
        assert_eq!(*opened.storage.state().borrow(), StorageState::Ready);
        let count = "SELECT count(*) FROM audit WHERE id <= ?1";
        let query =
            move |connection: &Connection| connection.query_row(count, [last], |row| row.get(0));
        let rows: i64 = opened.storage.read(query).await.unwrap();
        assert_eq!(rows, last, "acknowledged rows are missing");
        opened.close().await;
    }
}
