//! The container whose log it is, in a real engine.

use std::{path::PathBuf, process::Stdio};
use tempfile::TempDir;
use tokio::process::Command;

/// What the container does: it writes what it reads. Each read that brings something is a write.
const SCRIPT: &str = "cat /pipes/err >&2 & exec cat /pipes/out";

/// A container in a real engine.
pub(super) struct Engine {
    host: String,
    root: PathBuf,
    name: String,
    id: String,
    pipes: TempDir,
}

/// The engine under test. A test that asks for it and finds none fails.
#[expect(
    clippy::disallowed_methods,
    reason = "only the environment names the engine"
)]
fn host() -> String {
    std::env::var("DECKWATCH_TEST_DOCKER").expect("DECKWATCH_TEST_DOCKER names no engine")
}

impl Engine {
    /// Runs the container.
    pub(super) async fn begin(is_terminal: bool) -> Self {
        let host = host();
        let pipes = tempfile::tempdir().unwrap();
        for pipe in ["out", "err"] {
            let made = Command::new("mkfifo").arg(pipes.path().join(pipe)).status();
            assert!(made.await.unwrap().success());
        }
        let name = format!("log-run-{:08x}", fastrand::u32(..));
        let mut engine = Self {
            host,
            root: PathBuf::new(),
            name,
            id: String::new(),
            pipes,
        };
        let info = engine.ask(&["info", "-f", "{{.DockerRootDir}}"]).await;
        engine.root = info.into();
        let volume = format!("{}:/pipes", engine.pipes.path().display());
        let name = engine.name.clone();
        let mut run = vec![
            "run",
            "-d",
            "--network=none",
            "--name",
            &name,
            "-v",
            &volume,
        ];
        run.extend(is_terminal.then_some("-t"));
        run.extend(["deckwatch-test:latest", "sh", "-c", SCRIPT]);
        engine.id = engine.ask(&run).await;
        engine
    }

    async fn ask(&self, arguments: &[&str]) -> String {
        let asked = Command::new("docker")
            .args(["-H", &self.host])
            .args(arguments)
            .stdin(Stdio::null())
            .output();
        let answer = asked.await.unwrap();
        let said = String::from_utf8_lossy(&answer.stderr);
        assert!(answer.status.success(), "{arguments:?}: {said}");
        String::from_utf8(answer.stdout).unwrap().trim().to_owned()
    }

    /// Has the `docker` command line do something.
    pub(super) async fn docker(&self, arguments: &[&str]) {
        self.ask(arguments).await;
    }

    /// Starts the container if it does not run.
    pub(super) async fn run(&self) {
        self.docker(&["start", &self.name]).await;
    }

    /// Removes the container.
    pub(super) async fn end(self) {
        self.docker(&["rm", "-f", &self.name]).await;
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The engine's socket.
    pub(super) fn socket(&self) -> PathBuf {
        self.host.trim_start_matches("unix://").into()
    }

    /// Where the pipes are from which the container reads.
    pub(super) fn folder(&self) -> PathBuf {
        self.pipes.path().into()
    }

    /// The file in which the engine keeps the log.
    pub(super) fn log_file(&self) -> PathBuf {
        let id = &self.id;
        self.root.join(format!("containers/{id}/{id}-json.log"))
    }
}
