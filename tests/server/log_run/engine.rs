//! The container that writes the log, in a real engine.

use std::{path::PathBuf, process::Stdio};
use tempfile::TempDir;
use tokio::process::Command;

/// The container's command: it writes what it reads. Each read with data is one write.
const SCRIPT: &str = "cat /pipes/err >&2 & exec cat /pipes/out";

/// A container in a real engine.
pub(super) struct Engine {
    host: String,
    root: PathBuf,
    name: String,
    id: String,
    pipes: TempDir,
}

/// The engine under test. A test without one fails.
#[expect(
    clippy::disallowed_methods,
    reason = "only the environment names the engine"
)]
fn host() -> String {
    std::env::var("DECKWATCH_TEST_DOCKER").expect("DECKWATCH_TEST_DOCKER names no engine")
}

impl Engine {
    /// Creates and starts the container.
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
        let request = Command::new("docker")
            .args(["-H", &self.host])
            .args(arguments)
            .stdin(Stdio::null())
            .output();
        let answer = request.await.unwrap();
        let body = String::from_utf8_lossy(&answer.stderr);
        assert!(answer.status.success(), "{arguments:?}: {body}");
        String::from_utf8(answer.stdout).unwrap().trim().to_owned()
    }

    /// Runs a command of the `docker` command line.
    pub(super) async fn docker(&self, arguments: &[&str]) {
        self.ask(arguments).await;
    }

    /// Starts the container if it is not running.
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

    /// The folder with the pipes from which the container reads.
    pub(super) fn folder(&self) -> PathBuf {
        self.pipes.path().into()
    }

    /// The file in which the engine stores the log.
    pub(super) fn log_file(&self) -> PathBuf {
        let id = &self.id;
        self.root.join(format!("containers/{id}/{id}-json.log"))
    }
}
