//! Starts and ends the server in this process.

use super::app::Settings;
use deckwatch::server::{
    self, Config,
    config::{CustomPatterns, Docker, Host},
    source::docker::Address,
};
use std::net::{Ipv4Addr, SocketAddr};

/// A running server.
#[derive(Debug)]
pub(crate) struct Running(server::Running);

pub(crate) async fn launch(engine: &str, settings: Settings) -> Running {
    let docker = Docker {
        host: Some(Address::parse(engine, false).unwrap()),
        ..Docker::default()
    };
    launch_with(docker, settings).await
}

pub(crate) async fn launch_with(docker: Docker, settings: Settings) -> Running {
    let default = Config::default();
    let config = Config {
        site_addr: (Ipv4Addr::LOCALHOST, 0).into(),
        base_path: settings.base_path.unwrap_or("/").into(),
        max_clients: settings.max_clients.unwrap_or(default.max_clients),
        reconcile_interval: settings.reconcile.unwrap_or(default.reconcile_interval),
        docker,
        hosts: settings.hosts.iter().map(host).collect(),
        data_dir: settings
            .data
            .as_ref()
            .map(|folder| folder.path().to_owned()),
        auth: settings.auth.unwrap_or_else(|| default.auth.clone()),
        redact: CustomPatterns::compile(&settings.redact).unwrap(),
        ..default
    };
    Running(server::start(config).await.unwrap())
}

fn host((name, docker): &(&str, String)) -> Host {
    Host {
        name: name.parse().unwrap(),
        docker: Address::parse(docker, false).unwrap(),
        cert_path: None,
    }
}

impl Running {
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.addr
    }

    /// Shuts it down, and waits until it has ended.
    pub(crate) async fn end(self) {
        assert!(self.0.shutdown().await, "some tasks did not end in time");
    }
}
