//! Which sources there are: the one place that starts them.

use super::{
    config::Config,
    health::Health,
    hub::{Hub, Paces},
    shutdown::Shutdown,
    source::{
        Engine, Observation, Observer,
        demo::DemoSource,
        docker::{DockerSource, Endpoint, Intervals, default_sockets},
        system::SystemSource,
    },
};
use crate::model::HostId;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::mpsc;

/// Any number would do; always the same one makes what is shown repeatable.
const DEMO_SEED: u64 = 7;

/// Starts every source that `config` asks for; they tell `collector`. The engines, by host.
pub(super) fn spawn(
    config: &Config,
    hub: &Hub,
    collector: &mpsc::Sender<(HostId, Observation)>,
    health: &Health,
    shutdown: &Shutdown,
) -> BTreeMap<HostId, Arc<dyn Engine>> {
    let demand = || hub.demand().stats();
    let local = Observer::new(HostId::default(), collector.clone());

    let system = SystemSource::new(local.clone(), config.metrics_interval);
    shutdown.spawn(
        "system",
        system.run(health.watch("system"), shutdown.token()),
    );

    let endpoint = endpoint(config);
    tracing::info!(
        endpoint = %endpoint.address(),
        "watching this engine; another one is set with --docker-host or DOCKER_HOST"
    );
    let docker = DockerSource::new(endpoint, local, demand(), intervals(config));
    let mut engines = BTreeMap::from([(HostId::default(), docker.engine())]);
    shutdown.spawn(
        "docker",
        docker.run(health.watch("docker"), shutdown.token()),
    );

    if config.demo > 0 {
        let host = HostId::new(HostId::DEMO);
        let observer = Observer::new(host.clone(), collector.clone());
        let count = config.demo as usize;
        let demo = DemoSource::new(observer, count, DEMO_SEED, demand(), paces(config));
        engines.insert(host, demo.engine());
        shutdown.spawn("demo", demo.run(health.watch("demo"), shutdown.token()));
    }
    engines
}

fn endpoint(config: &Config) -> Endpoint {
    let docker = &config.docker;
    Endpoint {
        host: docker.host.clone(),
        sockets: default_sockets(docker.runtime_dir.as_deref()),
        certificates: docker.cert_path.clone(),
    }
}

fn intervals(config: &Config) -> Intervals {
    let Paces { watched, idle } = paces(config);
    Intervals {
        stats_watched: watched,
        stats_idle: idle,
        reconcile: config.reconcile_interval,
    }
}

/// How often containers' figures are read.
pub(super) fn paces(config: &Config) -> Paces {
    Paces {
        watched: config.stats_interval,
        idle: config.stats_idle_interval,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::Docker;

    #[test]
    fn without_a_configured_engine_podman_s_socket_of_the_user_is_looked_for() {
        let config = Config {
            docker: Docker {
                runtime_dir: Some("/run/user/1000".into()),
                ..Docker::default()
            },
            ..Config::default()
        };
        let endpoint = endpoint(&config);
        assert_eq!(endpoint.host, None);
        let podman = "/run/user/1000/podman/podman.sock";
        assert!(
            endpoint
                .sockets
                .iter()
                .any(|path| path.as_os_str() == podman)
        );
    }
}
