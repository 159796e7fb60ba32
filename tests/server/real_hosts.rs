//! Three real engines in one process, reached through sockets that can be cut and hang.

use crate::support::{
    app::Settings,
    launch::{Running, launch},
    mirror::Mirror,
    socket::Socket,
};
use deckwatch::{
    model::{ContainerState, Dashboard, Host, SourceKind, SourceState},
    protocol::{Channel, ServerMessage},
};
use std::{path::PathBuf, process::Command, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{UnixListener, UnixStream},
    sync::watch,
    time::timeout,
};

/// The name of the container, the same on every engine.
const NAME: &str = "dw-hosts-web";
const AT_ONCE: Duration = Duration::from_secs(5);

/// The state of the path to an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Way {
    #[default]
    Open,
    /// Connections are cut, and new ones are refused.
    Cut,
    /// Responses are dropped.
    BlackHole,
}

/// A real engine behind a relay.
struct Engine {
    address: String,
    folder: TempDir,
    way: watch::Sender<Way>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "only the environment names the engine"
)]
fn address(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no engine"))
}

impl Engine {
    /// A relay in front of the engine that `variable` names, with a running container called [`NAME`].
    fn start(variable: &str) -> Self {
        let engine = Self {
            address: address(variable),
            folder: tempfile::tempdir().unwrap(),
            way: watch::Sender::default(),
        };
        let _ = engine.docker(&["rm", "-f", NAME]);
        let run = ["run", "-d", "--name", NAME, "--network", "none"];
        let what = ["deckwatch-test:latest", "sleep", "100000"];
        assert!(engine.docker(&[&run[..], &what[..]].concat()));
        let listener = UnixListener::bind(engine.socket()).unwrap();
        let target = PathBuf::from(engine.address.trim_start_matches("unix://"));
        tokio::spawn(relay(listener, target, engine.way.subscribe()));
        engine
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("engine.sock")
    }

    fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    fn docker(&self, arguments: &[&str]) -> bool {
        let docker = Command::new("docker")
            .args(["-H", &self.address])
            .args(arguments)
            .output();
        docker.unwrap().status.success()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.docker(&["rm", "-f", NAME]);
    }
}

async fn relay(listener: UnixListener, engine: PathBuf, way: watch::Receiver<Way>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let (engine, mut way) = (engine.clone(), way.clone());
        tokio::spawn(async move {
            let now = *way.borrow_and_update();
            match now {
                Way::Cut => return,
                Way::BlackHole => {}
                Way::Open => {
                    let Ok(mut engine) = UnixStream::connect(engine).await else {
                        return;
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut client, &mut engine) => return,
                        _ = way.changed() => {}
                    }
                }
            }
            // Keeps the connection open while responses are dropped.
            let _ = way.wait_for(|way| *way != Way::BlackHole).await;
        });
    }
}

fn is_live(host: &Host) -> bool {
    source(host) == Some(SourceState::Live)
}

fn source(host: &Host) -> Option<SourceState> {
    host.sources
        .get(&SourceKind::Docker)
        .map(|source| source.state)
}

fn web(host: &Host) -> Option<ContainerState> {
    let mut containers = host.containers.values();
    containers
        .find(|container| container.name == NAME)
        .map(|container| container.state)
}

async fn page(running: &Running) -> Mirror {
    let url = format!("ws://{}/api/ws", running.address());
    let mut socket = Socket::connect(&url, &[]).await.unwrap();
    assert!(matches!(
        socket.next().await,
        ServerMessage::Connected { .. }
    ));
    for channel in [Channel::CONTAINERS, Channel::STATS] {
        socket.subscribe_delta(channel).await;
    }
    Mirror {
        socket,
        dashboard: Dashboard::default(),
    }
}

#[tokio::test]
#[ignore = "needs three engines: Docker, a newer Docker and Podman"]
#[expect(clippy::too_many_lines, reason = "one scenario, step by step")]
async fn a_lost_and_a_hanging_engine_do_not_affect_a_third_one() {
    let docker = Engine::start("DECKWATCH_TEST_DOCKER");
    let next = Arc::new(Engine::start("DECKWATCH_TEST_DOCKER_NEXT"));
    let podman = Engine::start("DECKWATCH_TEST_PODMAN");
    let settings = Settings {
        hosts: vec![("next", next.url()), ("podman", podman.url())],
        ..Settings::default()
    };
    let running = launch(&docker.url(), settings).await;
    let mut page = page(&running).await;
    let mut ids = Vec::new();
    for name in ["local", "next", "podman"] {
        let host = page
            .until_host(name, |host| is_live(host) && web(host).is_some())
            .await;
        let web = host
            .containers
            .values()
            .find(|container| container.name == NAME);
        ids.push(web.unwrap().id);
        let id = web.unwrap().id;
        page.until_host(name, |host| {
            host.stats
                .get(&id)
                .is_some_and(|stats| stats.memory_usage.is_some())
        })
        .await;
        page.until_host(name, |host| {
            host.sources[&SourceKind::Docker].machine.is_some()
        })
        .await;
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3, "one name, three containers");

    next.way.send_replace(Way::Cut);
    podman.way.send_replace(Way::BlackHole);
    page.until_host("next", |host| source(host) == Some(SourceState::Down))
        .await;
    page.until_host("podman", |host| !is_live(host)).await;
    // The third engine is not affected.
    let id = page.dashboard.hosts[&"local".parse().unwrap()]
        .containers
        .values()
        .find(|container| container.name == NAME)
        .unwrap()
        .id;
    for (action, state) in [
        ("pause", ContainerState::Paused),
        ("unpause", ContainerState::Running),
        ("kill", ContainerState::Exited),
    ] {
        let url = format!(
            "http://{}/api/containers/{id}/{action}?host=local",
            running.address()
        );
        let acted = timeout(AT_ONCE, reqwest::Client::new().post(url).send()).await;
        assert_eq!(acted.unwrap().unwrap().status(), 200, "{action}");
        let shown = timeout(
            AT_ONCE,
            page.until_host("local", |host| web(host) == Some(state)),
        )
        .await;
        assert!(shown.is_ok(), "{action} is not shown at once");
    }
    assert_eq!(
        web(&page.dashboard.hosts[&"next".parse().unwrap()]),
        Some(ContainerState::Running)
    );

    assert!(next.docker(&["kill", NAME]));
    assert!(podman.docker(&["rm", "-f", NAME]));
    next.way.send_replace(Way::Open);
    podman.way.send_replace(Way::Open);
    page.until_host("next", |host| {
        is_live(host) && web(host) == Some(ContainerState::Exited)
    })
    .await;
    page.until_host("podman", |host| is_live(host) && web(host).is_none())
        .await;
    running.end().await;
}
