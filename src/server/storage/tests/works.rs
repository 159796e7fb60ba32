//! Reading, writing, ending.

use super::*;
use crate::server::storage::{
    WRITE_QUEUE,
    files::FileId,
    open::{self, Trust},
    opened::Opened as Link,
    schema,
};
use std::{fs, os::unix::fs::PermissionsExt, sync::mpsc};

#[tokio::test]
async fn what_is_written_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    opened.until_ready().await;
    opened.note("first").await.unwrap();
    assert_eq!(opened.notes().await.unwrap(), ["first"]);
    opened.close().await;
    let log = Place::new(folder.path()).with_suffix("-wal");
    assert!(!log.exists(), "the log was not moved into the database");

    let opened = Opened::new(folder.path()).await;
    opened.note("second").await.unwrap();
    assert_eq!(opened.notes().await.unwrap(), ["first", "second"]);
}

#[tokio::test]
async fn a_change_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    let change = |transaction: &Transaction<'_>| {
        note(transaction, "half")?;
        transaction.execute("INSERT INTO grants VALUES ('nobody', 'admin', '*')", [])
    };
    let result = opened.storage.write(change).await;
    assert!(
        matches!(result, Err(StorageError::Statement(_))),
        "{result:?}"
    );
    let change = |transaction: &Transaction<'_>| -> rusqlite::Result<()> {
        note(transaction, "half")?;
        panic!("made to");
    };
    let result = opened.storage.write(change).await;
    assert!(matches!(result, Err(StorageError::Panicked)), "{result:?}");
    let query = |_: &Connection| -> rusqlite::Result<()> { panic!("made to") };
    let result = opened.storage.read(query).await;
    assert!(matches!(result, Err(StorageError::Panicked)), "{result:?}");

    opened.note("whole").await.unwrap();
    assert_eq!(opened.notes().await.unwrap(), ["whole"]);
    assert_eq!(*opened.storage.state().borrow(), StorageState::Ready);
}

#[tokio::test]
async fn deleting_a_user_deletes_grants_and_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    let change = |transaction: &Transaction<'_>| {
        transaction.execute_batch(
            "INSERT INTO users (name, created) VALUES ('ann', 0);
             INSERT INTO grants VALUES ('ann', 'admin', '*');
             INSERT INTO sessions (hash, user, created, used, expires) VALUES (x'00', 'ann', 0, 0, 9);
             DELETE FROM users WHERE name = 'ann';",
        )
    };
    opened.storage.write(change).await.unwrap();
    let count = "SELECT (SELECT count(*) FROM grants) + (SELECT count(*) FROM sessions)";
    let query = |connection: &Connection| connection.query_row(count, [], |row| row.get(0));
    let left: i64 = opened.storage.read(query).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_query_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    let query = |connection: &Connection| connection.execute("DELETE FROM audit", []);
    assert!(opened.storage.read(query).await.is_err());
    opened.note("still works").await.unwrap();
}

/// Occupies the writer thread until the sender is dropped.
async fn occupy(opened: &Opened) -> (mpsc::Sender<()>, tokio::task::JoinHandle<()>) {
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = tokio::sync::oneshot::channel();
    let storage = opened.storage.clone();
    let change = move |transaction: &Transaction<'_>| {
        note(transaction, "long")?;
        let _ = begin.send(());
        let _ = released.recv();
        Ok(())
    };
    let task = opened.shutdown.spawn(
        "occupied",
        async move { storage.write(change).await.unwrap() },
    );
    begun.await.unwrap();
    (release, task)
}

#[tokio::test]
async fn readers_do_not_wait_for_the_writer_and_see_no_half_of_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    let (release, task) = occupy(&opened).await;
    assert!(opened.notes().await.unwrap().is_empty());
    drop(release);
    task.await.unwrap();
    assert_eq!(opened.notes().await.unwrap(), ["long"]);
}

#[tokio::test]
async fn a_full_queue_is_an_error_and_queued_changes_are_executed() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    let (release, task) = occupy(&opened).await;
    let mut queued = Vec::new();
    for _ in 0..WRITE_QUEUE {
        let mut write = Box::pin(opened.note("queued"));
        assert!(futures::poll!(&mut write).is_pending());
        queued.push(write);
    }
    let refused = opened.note("one too many").await;
    assert!(matches!(refused, Err(StorageError::Busy)), "{refused:?}");
    // Changes whose callers stop waiting are executed too.
    queued.truncate(WRITE_QUEUE / 2);
    drop(release);
    task.await.unwrap();
    for write in queued {
        write.await.unwrap();
    }
    opened.note("last").await.unwrap();
    assert_eq!(opened.notes().await.unwrap().len(), 1 + WRITE_QUEUE + 1);
}

#[tokio::test]
async fn other_tasks_can_write_while_they_end() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    let (storage, token) = (opened.storage.clone(), opened.shutdown.token());
    opened.shutdown.spawn("action", async move {
        token.cancelled().await;
        storage
            .write(|transaction| note(transaction, "done"))
            .await
            .unwrap();
    });
    let storage = opened.storage.clone();
    opened.close().await;
    let late = storage.write(|transaction| note(transaction, "late")).await;
    assert!(matches!(late, Err(StorageError::Ended)), "{late:?}");
    let opened = Opened::new(folder.path()).await;
    assert_eq!(opened.notes().await.unwrap(), ["done"]);
}

#[tokio::test]
async fn only_the_owner_can_read_what_is_created() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("some/where");
    let opened = Opened::new(&folder).await;
    opened.note("secret").await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let place = Place::new(&folder);
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&place.with_suffix(suffix)), 0o600, "{suffix}");
    }
    assert_eq!(mode(&place.lock()), 0o600);
}

#[tokio::test]
async fn a_change_by_another_process_is_announced() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Opened::new(folder.path()).await;
    let mut changes = opened.storage.outside_changes();
    let mut other = open::open_for_command(folder.path()).unwrap();
    let transaction = other.transaction().unwrap();
    note(&transaction, "from outside").unwrap();
    transaction.commit().unwrap();
    timeout(PATIENCE, changes.changed()).await.unwrap().unwrap();
    assert_eq!(opened.notes().await.unwrap(), ["from outside"]);
}

#[test]
fn own_changes_are_not_changes_by_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path());
    let mut link = Link::new(open::open(&place, Trust::Unchecked).unwrap(), &place).unwrap();
    let sql = "INSERT INTO users (name, created) VALUES (?1, 0)";
    link.connection().execute(sql, ["own"]).unwrap();
    assert!(!link.look(&place).unwrap());
    let other = open::open_for_command(folder.path()).unwrap();
    other.execute(sql, ["other"]).unwrap();
    assert!(link.look(&place).unwrap());
    assert!(!link.look(&place).unwrap());
}

#[test]
fn a_database_keeps_its_content_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path());
    let first = open::open(&place, Trust::Unchecked).unwrap();
    assert_eq!(schema::version(&first.connection).unwrap(), schema::VERSION);
    let id = first.id;
    drop(first);
    assert_eq!(FileId::of(place.file()).unwrap(), id);
    assert_eq!(open::open(&place, Trust::Unchecked).unwrap().id, id);
}
