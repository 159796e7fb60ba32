//! The database of the server as a process: its commands, and its alarm.

use crate::support::{
    eventually,
    fake_engine::FakeEngine,
    process::{Process, deckwatch},
    raw,
};
use std::{path::Path, process::Output};

/// Runs a command on the database in `data`.
async fn run(data: &Path, arguments: &[&str]) -> Output {
    let mut command = deckwatch(data);
    let run = command
        .args(arguments)
        .env("DECKWATCH_DATA_DIR", data)
        .output();
    tokio::time::timeout(crate::support::PATIENCE, run)
        .await
        .expect("it serves")
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn the_database_is_checked_and_copied_while_the_server_runs() {
    let engine = FakeEngine::start().with_containers(1);
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    let environment = [
        ("DOCKER_HOST", &*engine.address()),
        ("DECKWATCH_DATA_DIR", folder),
    ];
    let mut process = Process::start_with(&environment).await;
    eventually("the database is sound", async || {
        let output = run(data.path(), &["check"]).await;
        output.status.success() && text(&output.stdout).contains("table    users: 0 rows")
    })
    .await;

    let copy = data.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    let output = run(data.path(), &["backup", copy]).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let before = std::fs::read(copy).unwrap();
    let output = run(data.path(), &["backup", copy]).await;
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("is not overwritten"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(std::fs::read(copy).unwrap(), before);
    process.terminate().await;
    assert!(process.ended().await.success());

    let restored = tempfile::tempdir().unwrap();
    std::fs::copy(copy, restored.path().join("deckwatch.db")).unwrap();
    let restored = restored.path().to_str().unwrap();
    for arguments in [
        ["--data-dir", restored, "check"],
        ["check", "--data-dir", restored],
    ] {
        let output = run(data.path(), &arguments).await;
        assert!(
            text(&output.stdout).contains(restored),
            "{}",
            text(&output.stdout)
        );
        assert!(output.status.success());
    }
    std::fs::write(format!("{restored}/deckwatch.db"), "damaged ".repeat(1_000)).unwrap();
    let output = run(Path::new(restored), &["check"]).await;
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("is damaged"),
        "{}",
        text(&output.stderr)
    );
}

#[tokio::test]
async fn a_server_without_storage_is_ready_and_says_why_it_stores_nothing() {
    let engine = FakeEngine::start().with_containers(1);
    let outer = tempfile::tempdir().unwrap();
    let data = outer.path().join("data");
    std::fs::write(&data, "a file").unwrap();
    let data = data.to_str().unwrap();
    let environment = [
        ("DOCKER_HOST", &*engine.address()),
        ("DECKWATCH_DATA_DIR", data),
    ];
    let process = Process::start_with(&environment).await;
    let mut body = String::new();
    eventually("it is ready", async || {
        let answer = raw::ask(process.address, "GET /readyz", &[], "").await;
        body = answer.body;
        answer.status == 200 && body.contains("storage: ")
    })
    .await;
    assert!(body.starts_with("ready\n"), "{body}");
    assert!(
        body.contains(&format!("storage: The folder {data} is not writable")),
        "{body}"
    );

    std::fs::remove_file(data).unwrap();
    eventually("the alarm is over", async || {
        raw::ask(process.address, "GET /readyz", &[], "").await.body == "ready\n"
    })
    .await;
}
