//! Starts the sources that the configuration asks for: the host's metrics, one Docker engine per host, and
//! the demo.

use super::{
    config::Config,
    find::Engines,
    health::Health,
    hub::{Hub, Paces},
    shutdown::Shutdown,
    source::{
        Observer,
        demo::DemoSource,
        docker::{DockerSource, Endpoint, Intervals, default_sockets},
        redactor::Redactor,
        system::SystemSource,
    },
};
use crate::model::{HostId, Update};
use std::collections::BTreeMap;
use tokio::sync::mpsc;

/// A fixed seed, so that the demo is the same in every run.
const DEMO_SEED: u64 = 7;

/// Starts every source that `config` asks for; they send observations to `collector`. Returns the engines
/// by host.
pub(super) fn spawn(
    config: &Config,
    hub: &Hub,
    collector: &mpsc::Sender<Update>,
    health: &Health,
    shutdown: &Shutdown,
) -> Engines {
    let demand = |host| hub.demand().stats(host);
    let redactor = Redactor::new(config.redact.clone(), hub.instruments().redactions());
    let observer = |host| Observer::new(host, collector.clone()).masked_by(redactor.clone());
    let local = Observer::new(HostId::local(), collector.clone());
    let system = SystemSource::new(local, config.metrics_interval);
    shutdown.spawn_core(
        "system",
        system.run(health.watch("system"), shutdown.token()),
    );

    let mut engines = BTreeMap::new();
    for (host, endpoint) in endpoints(config) {
        tracing::info!(%host, endpoint = %endpoint.address(), "watching this engine");
        let docker = DockerSource::new(endpoint, observer(host), demand(host), intervals(config));
        let docker = docker.timed_by(hub.instruments().requests_of(&host));
        engines.insert(host, docker.engine());
        let heartbeat = health.watch(format!("docker:{host}"));
        shutdown.spawn_core("docker", docker.run(heartbeat, shutdown.token()));
    }

    if config.demo > 0 {
        let host = HostId::demo();
        let count = config.demo as usize;
        let demo = DemoSource::new(
            observer(host),
            count,
            DEMO_SEED,
            demand(host),
            paces(config),
        );
        engines.insert(host, demo.engine());
        shutdown.spawn_core("demo", demo.run(health.watch("demo"), shutdown.token()));
    }
    engines
}

/// The engines to watch, one per host. The local one is omitted when it was not configured, no socket
/// exists, and other hosts are configured: a machine that only watches others need not have an engine.
fn endpoints(config: &Config) -> Vec<(HostId, Endpoint)> {
    let docker = &config.docker;
    let local = Endpoint {
        host: docker.host.clone(),
        sockets: default_sockets(docker.runtime_dir.as_deref()),
        certificates: docker.cert_path.clone(),
    };
    let is_wanted = config.hosts.is_empty() || local.host.is_some() || local.exists();
    let local = is_wanted.then(|| (HostId::local(), local));
    let others = config.hosts.iter().map(|host| {
        let endpoint = Endpoint {
            host: Some(host.docker.clone()),
            sockets: Vec::new(),
            certificates: host.cert_path.clone(),
        };
        (host.name, endpoint)
    });
    local.into_iter().chain(others).collect()
}

fn intervals(config: &Config) -> Intervals {
    let Paces { watched, idle } = paces(config);
    Intervals {
        stats_watched: watched,
        stats_idle: idle,
        reconcile: config.reconcile_interval,
    }
}

/// The intervals at which container stats are read.
pub(super) fn paces(config: &Config) -> Paces {
    Paces {
        watched: config.stats_interval,
        idle: config.stats_idle_interval,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{
        config::{self, Docker},
        source::docker::Address,
    };
    use std::path::Path;

    fn config(docker: Docker, hosts: &[&str]) -> Config {
        let host = |name: &&str| config::Host {
            name: name.parse().unwrap(),
            docker: Address::parse(&format!("tcp://{name}"), false).unwrap(),
            cert_path: None,
        };
        Config {
            docker,
            hosts: hosts.iter().map(host).collect(),
            ..Config::default()
        }
    }

    fn watched(config: &Config) -> Vec<(String, String)> {
        let endpoints = endpoints(config).into_iter();
        let shown = |(host, endpoint): (HostId, Endpoint)| {
            (host.to_string(), endpoint.address().to_string())
        };
        endpoints.map(shown).collect()
    }

    #[test]
    fn without_a_configured_engine_the_user_s_podman_socket_is_tried() {
        let docker = Docker {
            runtime_dir: Some("/run/user/1000".into()),
            ..Docker::default()
        };
        let endpoints = endpoints(&config(docker, &[]));
        let [(host, endpoint)] = endpoints.as_slice() else {
            panic!("{endpoints:?}");
        };
        assert!(host.is_local());
        assert_eq!(endpoint.host, None);
        let podman = Path::new("/run/user/1000/podman/podman.sock");
        assert!(endpoint.sockets.iter().any(|path| path == podman));
    }

    #[test]
    fn every_configured_host_has_an_engine_and_an_existing_local_one_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("podman/podman.sock");
        let docker = Docker {
            runtime_dir: Some(folder.path().to_owned()),
            ..Docker::default()
        };
        let others = [("nas", "tcp://nas:2375"), ("pi", "tcp://pi:2375")];
        let others = others.map(|(host, at)| (host.to_owned(), at.to_owned()));
        // Only where this machine has no engine in one of the default places.
        if !Path::new("/var/run/docker.sock").exists()
            && !Path::new("/run/podman/podman.sock").exists()
        {
            assert_eq!(watched(&config(docker.clone(), &["nas", "pi"])), others);
        }
        std::fs::create_dir(folder.path().join("podman")).unwrap();
        std::fs::write(&socket, "").unwrap();
        let all = watched(&config(docker, &["nas", "pi"]));
        assert_eq!(all[0].0, "local");
        assert_eq!(all[1..], others);
        let explicit = Docker {
            host: Some(Address::parse("tcp://nowhere", false).unwrap()),
            ..Docker::default()
        };
        let all = watched(&config(explicit, &["nas"]));
        assert_eq!(
            all[0],
            ("local".to_owned(), "tcp://nowhere:2375".to_owned())
        );
        assert_eq!(all.len(), 2);
    }
}
