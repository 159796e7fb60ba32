//! The server as a separate process.

use super::{PATIENCE, fake_engine::FakeEngine, raw, socket::Socket};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::{ExitStatus, Stdio},
};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

/// A server in a separate process; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    child: Child,
    folder: tempfile::TempDir,
}

/// An address that lets the server choose its port.
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The command, with a folder and an environment without configuration.
pub(crate) fn deckwatch(folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deckwatch"));
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let configures = |name: &str| {
        ["DECKWATCH_", "LEPTOS_", "DOCKER_", "RUST_LOG"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    for (name, _) in std::env::vars().filter(|(name, _)| configures(name)) {
        command.env_remove(name);
    }
    command.env("DECKWATCH_DATA_DIR", folder.join("data"));
    command
}

/// The address in the log line in which a server reports it.
fn reported_address(log: &str) -> Option<SocketAddr> {
    let (_, rest) = log.split_once("Deckwatch is at http://")?;
    let (address, _) = rest.split_once('\n')?;
    address.trim().parse().ok()
}

impl Process {
    /// Starts the server, and waits until it answers. It chooses the port itself, because a port that was
    /// free a moment ago may be in use now.
    pub(crate) async fn start(engine: &FakeEngine) -> Self {
        Self::start_with(&[("DOCKER_HOST", &engine.address())]).await
    }

    /// The same with this environment.
    pub(crate) async fn start_with(environment: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), ANY_PORT, environment).await
    }

    /// Starts the server again after it has ended, at the same address and with the same data.
    pub(crate) async fn start_again(self, environment: &[(&str, &str)]) -> Self {
        Self::start_in(self.folder, self.address, environment).await
    }

    async fn start_in(
        folder: tempfile::TempDir,
        address: SocketAddr,
        environment: &[(&str, &str)],
    ) -> Self {
        let log = folder.path().join("log");
        let settings = format!("[package.metadata.leptos]\nsite-addr = \"{address}\"\n");
        std::fs::write(folder.path().join("Leptos.toml"), settings).unwrap();
        let child = deckwatch(folder.path())
            .envs(environment.iter().copied())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut address = None;
        super::eventually("the server says where it is", async || {
            address = reported_address(&std::fs::read_to_string(&log).unwrap());
            address.is_some()
        })
        .await;
        let address = address.unwrap();
        super::eventually("the server answers", async || {
            raw::ask(address, "GET /healthz", &[], "").await.status == 200
        })
        .await;
        Self {
            address,
            child,
            folder,
        }
    }

    /// A connected socket, after the first message.
    pub(crate) async fn socket(&self) -> Socket {
        let url = format!("ws://{}/api/ws", self.address);
        let mut socket = Socket::connect(&url, &[]).await.unwrap();
        socket.next().await;
        socket
    }

    /// Its log so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Its resident memory in bytes.
    pub(crate) fn resident(&self) -> u64 {
        let status = format!("/proc/{}/status", self.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            * 1_024
    }

    /// Sends SIGTERM, as systemd and `docker stop` do.
    pub(crate) async fn terminate(&self) {
        let id = self.id();
        // The `kill` of the shell, because not every machine has the command.
        let kill = Command::new("sh")
            .args(["-c", &format!("kill -TERM {id}")])
            .status();
        assert!(kill.await.unwrap().success());
    }

    /// Waits until the process has ended.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait())
            .await
            .expect("it does not end")
            .unwrap()
    }
}
