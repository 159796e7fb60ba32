//! The states of container and engine, and waiting for a change of them.

use super::{Follower, hub_changed, readers_changed};
use crate::{
    model::{ContainerState, Host, Scope, SourceKind, SourceState, Timestamp, WorkloadKey},
    server::logs::ring::MAX_LINES,
};
use tokio::time::sleep;

/// The states of container and engine, according to the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Situation {
    Running(Option<Timestamp>),
    Stopped(Option<Timestamp>),
    Removed,
    EngineDown,
}

impl Follower {
    pub(super) fn situation(&self) -> Situation {
        let (Scope::Host(host), WorkloadKey::Container(id)) =
            (self.stream.id.scope, self.stream.id.key);
        self.viewer.read(|dashboard| {
            let Some(host) = dashboard.hosts.get(&host) else {
                return Situation::EngineDown;
            };
            let is_down = |kind| {
                let source = host.sources.get(&kind);
                source.is_some_and(|source| source.state == SourceState::Down)
            };
            if is_down(SourceKind::Docker) || is_down(SourceKind::Demo) {
                return Situation::EngineDown;
            }
            match host.containers.get(&id) {
                None => Situation::Removed,
                Some(container) => match container.state {
                    ContainerState::Running
                    | ContainerState::Paused
                    | ContainerState::Restarting => Situation::Running(container.started_at),
                    _ => Situation::Stopped(container.finished_at),
                },
            }
        })
    }

    /// Whether the engine is known not to answer at present.
    pub(super) fn is_engine_silent(&self) -> bool {
        let Scope::Host(host) = self.stream.id.scope;
        self.viewer.read(|dashboard| {
            let source = |host: &Host| host.sources.get(&SourceKind::Docker).map(|s| s.state);
            let state = dashboard.hosts.get(&host).and_then(source);
            state.is_some_and(|state| state != SourceState::Live)
        })
    }

    /// Waits until the situation differs from `known`; meanwhile reads older lines for readers that want
    /// them.
    pub(super) async fn until_other(&mut self, known: Situation) {
        while self.situation() == known {
            tokio::select! {
                () = hub_changed(&mut self.changes) => {}
                () = readers_changed(&mut self.readers) => {
                    if known != Situation::EngineDown && self.deepen().await.is_err() {
                        self.stream.deepen(MAX_LINES, Vec::new());
                    }
                }
            }
        }
    }

    /// Waits before the next attempt, at most until the situation differs from `known`.
    pub(super) async fn pause(&mut self, known: Situation) {
        let pause = self.backoff.next(fastrand::f64());
        let mut changes = self.changes.clone();
        let changed = async {
            while self.situation() == known {
                hub_changed(&mut changes).await;
            }
        };
        tokio::select! {
            () = changed => {}
            () = sleep(pause) => {}
        }
    }
}
