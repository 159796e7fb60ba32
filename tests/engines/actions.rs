//! The actions, whose effects must be the same on every engine.

use crate::watched::{Removed, Watched};
use deckwatch::{model::*, server::source::EngineError};
use std::sync::Arc;

const WAIT: &str = "trap 'exit 3' TERM; while :; do sleep 0.1; done";

/// Performs every action on a container called `name`, later `renamed`.
pub(crate) async fn every_one(name: &'static str, renamed: &'static str) {
    let mut watched = Watched::begin().await;
    let plain = ActionOptions::default;
    let _removed = watched.run(name, &[], WAIT);
    let _renamed = Removed(watched.host.clone(), renamed);
    watched.until_state(name, ContainerState::Running).await;

    watched.act(name, Action::Pause, plain()).await.unwrap();
    watched.until_state(name, ContainerState::Paused).await;
    let again = watched.act(name, Action::Pause, plain()).await;
    assert!(matches!(again, Err(EngineError::Conflict(_))), "{again:?}");
    watched.act(name, Action::Unpause, plain()).await.unwrap();
    watched.until_state(name, ContainerState::Running).await;
    watched.act(name, Action::Stop, plain()).await.unwrap();
    watched.until_state(name, ContainerState::Exited).await;
    // It had time to exit normally, though no stop timeout was given.
    watched
        .until(|w| w.containers[name].exit_code == Some(3))
        .await;
    watched.act(name, Action::Stop, plain()).await.unwrap();
    watched.act(name, Action::Start, plain()).await.unwrap();
    watched.until_state(name, ContainerState::Running).await;
    let began = watched.containers[name].started_at;
    watched.act(name, Action::Restart, plain()).await.unwrap();
    watched
        .until(|w| {
            let container = &w.containers[name];
            container.state == ContainerState::Running && container.started_at > began
        })
        .await;
    watched.act(name, Action::Kill, plain()).await.unwrap();
    watched
        .until(|w| w.containers[name].exit_code == Some(137))
        .await;
    let rename = ActionOptions {
        name: Some(renamed.to_owned()),
        ..plain()
    };
    watched.act(name, Action::Rename, rename).await.unwrap();
    watched.until(|w| w.containers.contains_key(renamed)).await;
    let id = watched.containers[renamed].id;
    watched.act(renamed, Action::Remove, plain()).await.unwrap();
    watched.until(|w| !w.containers.contains_key(renamed)).await;
    let engine = Arc::clone(&watched.engine);
    let gone = engine.act(id, Action::Start, &plain()).await;
    assert_eq!(gone, Err(EngineError::NotFound));
    watched.end().await;
}
