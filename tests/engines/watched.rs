//! A source under observation, and the command line that changes its engine independently.

use deckwatch::{
    model::*,
    server::{
        health::Health,
        source::{
            Engine, EngineError, Observer,
            docker::{Address, DockerSource, Endpoint, Intervals},
        },
    },
};
use std::{collections::BTreeMap, future::Future, process::Command, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// Generous: the machine may be busy with other tests.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);
/// No reconciliation within a test, so that changes are detected by events alone.
pub(crate) const NEVER: Duration = Duration::from_secs(3_600);

/// A source under observation, and its observations so far.
pub(crate) struct Watched {
    pub(crate) host: String,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) reported: mpsc::Receiver<Update>,
    pub(crate) containers: BTreeMap<String, Container>,
    pub(crate) events: Vec<Event>,
    pub(crate) stats: BTreeMap<String, ContainerStats>,
    pub(crate) samples: usize,
    pub(crate) state: Option<SourceState>,
    /// Whether it has been live since it first was.
    pub(crate) is_always_live: bool,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<()>,
    pub(crate) _demand: watch::Sender<bool>,
}

/// The engine under test. A test without one fails.
#[expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "only the environment names the engine"
)]
pub(crate) fn test_engine() -> String {
    std::env::var("DECKWATCH_TEST_DOCKER").expect("DECKWATCH_TEST_DOCKER names no engine")
}

impl Watched {
    pub(crate) async fn begin() -> Self {
        let host = test_engine();
        let (sender, reported) = mpsc::channel(256);
        let (demand, wanted) = watch::channel(true);
        let intervals = Intervals {
            stats_watched: Duration::from_secs(2),
            stats_idle: Duration::from_secs(10),
            reconcile: NEVER,
        };
        let endpoint = Endpoint {
            host: Some(Address::parse(&host, false).unwrap()),
            sockets: Vec::new(),
            certificates: None,
        };
        let observer = Observer::new(HostId::default(), sender);
        let source = DockerSource::new(endpoint, observer, wanted, intervals);
        let (engine, shutdown) = (source.engine(), CancellationToken::new());
        let mut watched = Self {
            host,
            engine,
            reported,
            containers: BTreeMap::new(),
            events: Vec::new(),
            stats: BTreeMap::new(),
            samples: 0,
            state: None,
            is_always_live: true,
            task: tokio::spawn(source.run(Health::default().watch("docker"), shutdown.clone())),
            shutdown,
            _demand: demand,
        };
        watched.until(|w| w.state == Some(SourceState::Live)).await;
        watched
    }

    /// Observes until `condition` holds.
    pub(crate) async fn until(&mut self, condition: impl Fn(&Self) -> bool) {
        let observing = async {
            while !condition(self) {
                let update = self.reported.recv().await.unwrap();
                self.take(update);
            }
        };
        let in_time = timeout(DEADLINE, observing).await;
        assert!(in_time.is_ok(), "{:?} {:?}", self.containers, self.events);
    }

    fn take(&mut self, update: Update) {
        match update {
            Update::Containers { data, .. } => {
                self.containers = data
                    .iter()
                    .map(|c| (c.name.clone(), (**c).clone()))
                    .collect();
            }
            Update::ContainersDelta { delta, .. } => {
                let is_other = |id| delta.upserts.iter().all(|new| new.id != id);
                self.containers
                    .retain(|_, c| is_other(c.id) && !delta.removed.contains(&c.id));
                for container in delta.upserts {
                    let container = Arc::unwrap_or_clone(container);
                    self.containers.insert(container.name.clone(), container);
                }
            }
            Update::Stats { data, .. } => {
                self.samples += 1;
                let named = data
                    .iter()
                    .map(|s| (s.container_name.clone(), (**s).clone()));
                self.stats = named.collect();
            }
            Update::Event(event) => self.events.push(Arc::unwrap_or_clone(event)),
            Update::Source(status) => {
                let is_live = status.state == SourceState::Live;
                self.is_always_live &= is_live || self.state.is_none();
                self.state = Some(status.state);
            }
            Update::Metrics { .. } => {}
        }
    }

    pub(crate) async fn until_state(&mut self, name: &str, state: ContainerState) {
        self.until(|w| w.containers.get(name).is_some_and(|c| c.state == state))
            .await;
    }

    pub(crate) fn docker(&self, args: &[&str]) -> String {
        docker(&self.host, args)
    }

    pub(crate) fn run(&self, name: &'static str, options: &[&str], command: &str) -> Removed {
        let image = ["deckwatch-test:latest", "sh", "-c", command];
        // Without a network, because the newer Docker cannot rename a container on a bridge that it lacks.
        let run = ["run", "-d", "--name", name, "--network", "none"];
        self.docker(&[&run, options, &image].concat());
        Removed(self.host.clone(), name)
    }

    /// Continues to observe, as the collector does, while `call` runs.
    pub(crate) async fn during<T>(&mut self, call: impl Future<Output = T>) -> T {
        let mut call = std::pin::pin!(call);
        loop {
            tokio::select! {
                done = &mut call => return done,
                Some(update) = self.reported.recv() => self.take(update),
            }
        }
    }

    pub(crate) async fn act(
        &mut self,
        name: &str,
        action: Action,
        options: ActionOptions,
    ) -> Result<(), EngineError> {
        let (engine, id) = (Arc::clone(&self.engine), self.containers[name].id);
        self.during(async move { engine.act(id, action, &options).await })
            .await
    }

    pub(crate) async fn end(self) {
        self.shutdown.cancel();
        timeout(DEADLINE, self.task).await.unwrap().unwrap();
    }
}

pub(crate) fn docker(host: &str, args: &[&str]) -> String {
    let output = Command::new("docker")
        .args(["-H", host])
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A container that is removed even when a test fails.
pub(crate) struct Removed(pub(crate) String, pub(crate) &'static str);

impl Drop for Removed {
    fn drop(&mut self) {
        let mut docker = Command::new("docker");
        let _ = docker.args(["-H", &self.0, "rm", "-f", self.1]).output();
    }
}
