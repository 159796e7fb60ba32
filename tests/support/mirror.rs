//! What a browser would show: every message of a socket goes through the reducer.

use super::{
    app::TestApp,
    fake_engine::{FakeEngine, id_of},
    socket::Socket,
};
use deckwatch::{
    model::{Container, ContainerStats, Dashboard, Host, HostId, SourceKind, SourceState},
    protocol::{Channel, ServerMessage},
};
use std::sync::Arc;

/// A socket and the state its messages add up to.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub(crate) socket: Socket,
    pub(crate) dashboard: Dashboard,
}

/// Names and states of a list of containers, by name.
pub(crate) fn states<'a>(
    list: impl IntoIterator<Item = &'a Arc<Container>>,
) -> Vec<(String, String)> {
    let state = |c: &Arc<Container>| (c.name.clone(), c.state.as_str().to_owned());
    let mut states: Vec<_> = list.into_iter().map(state).collect();
    states.sort();
    states
}

impl Mirror {
    /// Subscribed to these channels.
    pub(crate) async fn of(app: &TestApp, channels: &[Channel]) -> Self {
        let mut mirror = Self {
            socket: app.socket().await,
            dashboard: Dashboard::default(),
        };
        for channel in channels {
            let channel = *channel;
            mirror
                .socket
                .send_text(&format!(
                    r#"{{"type":"subscribe","channel":"{channel}","delta":true}}"#
                ))
                .await;
            mirror
                .hear_until(|message, _| *message == ServerMessage::Subscribed { channel })
                .await;
        }
        mirror
    }

    async fn hear_until(&mut self, done: impl Fn(&ServerMessage, &Dashboard) -> bool) {
        let hear = async {
            loop {
                let message = self.socket.next().await;
                if let Some(update) = message.update().cloned() {
                    self.dashboard.apply(update);
                }
                if done(&message, &self.dashboard) {
                    return;
                }
            }
        };
        let heard = tokio::time::timeout(super::PATIENCE, hear).await;
        assert!(
            heard.is_ok(),
            "never came true; it is {:#?}",
            self.dashboard
        );
    }

    /// Listens until the dashboard is as `wanted`.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Host) -> bool) -> &Host {
        if !self.dashboard.hosts.values().any(&wanted) {
            self.hear_until(|_, dashboard| dashboard.hosts.values().any(&wanted))
                .await;
        }
        self.dashboard
            .hosts
            .values()
            .find(|host| wanted(host))
            .unwrap()
    }

    /// Listens until the host called `name` is as `wanted`.
    pub(crate) async fn until_host(&mut self, name: &str, wanted: impl Fn(&Host) -> bool) -> &Host {
        let name: HostId = name.parse().unwrap();
        let is = |dashboard: &Dashboard| dashboard.hosts.get(&name).is_some_and(&wanted);
        if !is(&self.dashboard) {
            self.hear_until(|_, dashboard| is(dashboard)).await;
        }
        &self.dashboard.hosts[&name]
    }

    /// Listens until it shows what is true in the engine.
    pub(crate) async fn until_it_shows(&mut self, engine: &FakeEngine) {
        let truth = engine.truth();
        self.until(|host| states(host.containers.values()) == truth)
            .await;
    }

    /// Listens until the engine's state is told to be `wanted`; the message beside it.
    pub(crate) async fn until_source(&mut self, wanted: SourceState) -> Option<String> {
        let is = |host: &Host| {
            host.sources
                .get(&SourceKind::Docker)
                .is_some_and(|s| s.state == wanted)
        };
        self.until(is).await.sources[&SourceKind::Docker]
            .message
            .clone()
    }

    /// Listens until the figures of the container called `name` are as `wanted`.
    pub(crate) async fn until_figures(
        &mut self,
        name: &str,
        wanted: impl Fn(&ContainerStats) -> bool,
    ) -> ContainerStats {
        let id = id_of(name).parse().unwrap();
        let host = self
            .until(|host| host.stats.get(&id).is_some_and(|stats| wanted(stats)))
            .await;
        (*host.stats[&id]).clone()
    }
}
