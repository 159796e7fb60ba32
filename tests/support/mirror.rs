//! The state of a page: every message of a socket is applied by the reducer.

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

/// A socket and the state that results from its messages.
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
    /// A mirror subscribed to these channels.
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
                .receive_until(|message, _| *message == ServerMessage::Subscribed { channel })
                .await;
        }
        mirror
    }

    async fn receive_until(&mut self, done: impl Fn(&ServerMessage, &Dashboard) -> bool) {
        let receive = async {
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
        let received = tokio::time::timeout(super::PATIENCE, receive).await;
        assert!(
            received.is_ok(),
            "never came true; it is {:#?}",
            self.dashboard
        );
    }

    /// Receives until the dashboard satisfies `wanted`.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Host) -> bool) -> &Host {
        if !self.dashboard.hosts.values().any(&wanted) {
            self.receive_until(|_, dashboard| dashboard.hosts.values().any(&wanted))
                .await;
        }
        self.dashboard
            .hosts
            .values()
            .find(|host| wanted(host))
            .unwrap()
    }

    /// Receives until the host called `name` satisfies `wanted`.
    pub(crate) async fn until_host(&mut self, name: &str, wanted: impl Fn(&Host) -> bool) -> &Host {
        let name: HostId = name.parse().unwrap();
        let is = |dashboard: &Dashboard| dashboard.hosts.get(&name).is_some_and(&wanted);
        if !is(&self.dashboard) {
            self.receive_until(|_, dashboard| is(dashboard)).await;
        }
        &self.dashboard.hosts[&name]
    }

    /// Receives until it shows the state of the engine.
    pub(crate) async fn until_it_shows(&mut self, engine: &FakeEngine) {
        let truth = engine.truth();
        self.until(|host| states(host.containers.values()) == truth)
            .await;
    }

    /// Receives until the state of the source is `wanted`; returns its message.
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

    /// Receives until the stats of the container called `name` satisfy `wanted`.
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
