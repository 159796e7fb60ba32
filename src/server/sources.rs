//! Which sources there are: the one place that starts them.

use super::{
    config::Config,
    hub::Hub,
    shutdown::Shutdown,
    source::{
        Engine, Observation, Observer,
        docker::{DockerSource, Endpoint, Intervals, default_sockets},
    },
};
use crate::model::HostId;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::mpsc;

/// Starts every source that `config` asks for; they tell `collector`. The engines, by host.
pub(super) fn spawn(
    config: &Config,
    hub: &Hub,
    collector: &mpsc::Sender<(HostId, Observation)>,
    shutdown: &Shutdown,
) -> BTreeMap<HostId, Arc<dyn Engine>> {
    let demand = || hub.demand().stats();
    let local = Observer::new(HostId::default(), collector.clone());

    let endpoint = endpoint(config);
    tracing::info!(
        endpoint = endpoint.address(),
        "watching this engine; another one is set with --docker-host or DOCKER_HOST"
    );
    let docker = DockerSource::new(endpoint, local, demand(), intervals(config));
    let engines = BTreeMap::from([(HostId::default(), docker.engine())]);
    shutdown.spawn("docker", docker.run(shutdown.token()));
    engines
}

fn endpoint(config: &Config) -> Endpoint {
    let docker = &config.docker;
    Endpoint {
        host: docker.host.clone(),
        sockets: default_sockets(docker.runtime_dir.as_deref()),
        certificates: docker.cert_path.clone().filter(|_| docker.tls_verify),
    }
}

fn intervals(config: &Config) -> Intervals {
    Intervals {
        stats_watched: config.stats_interval,
        stats_idle: config.stats_idle_interval,
        reconcile: config.reconcile_interval,
    }
}
