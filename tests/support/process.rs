//! The server as its own process.

use super::{PATIENCE, fake_engine::FakeEngine, raw, socket::Socket};
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{ExitStatus, Stdio},
};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

/// A server in a process of its own; killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    child: Child,
}

/// The command, in a folder and an environment without configuration.
pub(crate) fn deckwatch(folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deckwatch"));
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let configures = |name: &str| {
        ["DECKWATCH_", "LEPTOS_", "DOCKER_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    for (name, _) in std::env::vars().filter(|(name, _)| configures(name)) {
        command.env_remove(name);
    }
    command
}

impl Process {
    /// Starts the server, and waits until it answers.
    pub(crate) async fn start(engine: &FakeEngine) -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let folder = tempfile::tempdir().unwrap();
        let child = deckwatch(folder.path())
            .env("LEPTOS_SITE_ADDR", address.to_string())
            .env("DOCKER_HOST", engine.address())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let process = Self { address, child };
        super::eventually("the server answers", async || {
            let listens = tokio::net::TcpStream::connect(address).await.is_ok();
            listens && raw::ask(address, "GET /healthz", &[], "").await.status == 200
        })
        .await;
        process
    }

    /// A socket that has been greeted.
    pub(crate) async fn socket(&self) -> Socket {
        let url = format!("ws://{}/api/ws", self.address);
        let mut socket = Socket::connect(&url, &[]).await.unwrap();
        socket.next().await;
        socket
    }

    /// Memory it has in use, in bytes.
    pub(crate) fn resident(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id().unwrap());
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

    /// Asks it to end, as systemd and `docker stop` do.
    pub(crate) async fn terminate(&self) {
        let id = self.child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .await
                .unwrap()
                .success()
        );
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait())
            .await
            .expect("it does not end")
            .unwrap()
    }
}
