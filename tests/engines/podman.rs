//! Behaviour that is specific to Podman.

use crate::{
    actions,
    watched::{DEADLINE, Removed, Watched},
};
use deckwatch::{
    model::*,
    server::source::{EngineError, LogQuery},
};
use futures::StreamExt;
use std::{process::Command, sync::Arc};
use tokio::time::timeout;

const WAIT: &str = "trap 'exit 3' TERM; while :; do sleep 0.1; done";

/// Podman's own command line, for what the Docker CLI cannot do. Without systemd nothing else runs health
/// checks.
fn podman(watched: &Watched, args: &[&str]) {
    let mut podman = Command::new("podman");
    podman.args(["--url", &watched.host]).args(args);
    // A failing check makes the command fail.
    podman.output().unwrap();
}

#[tokio::test]
#[ignore = "needs a Podman engine"]
async fn the_list_follows_changes_by_the_command_line_from_events_alone() {
    let mut watched = Watched::begin().await;
    let (name, renamed) = ("dwp-follow", "dwp-renamed");
    let _removed = watched.run(name, &[], WAIT);
    let _renamed = Removed(watched.host.clone(), renamed);
    watched.until_state(name, ContainerState::Running).await;
    // Details arrive after the list.
    let has_started = |c: &Container| c.started_at.is_some();
    watched
        .until(|w| w.containers.get(name).is_some_and(has_started))
        .await;
    let container = &watched.containers[name];
    assert!(
        container.image.ends_with("deckwatch-test:latest"),
        "{container:?}"
    );
    assert!(container.exit_code.is_none());

    watched.docker(&["pause", name]);
    watched.until_state(name, ContainerState::Paused).await;
    watched.docker(&["unpause", name]);
    watched.until_state(name, ContainerState::Running).await;
    watched.docker(&["rename", name, renamed]);
    watched.until(|w| w.containers.contains_key(renamed)).await;
    // Without a stop timeout this engine kills at once.
    watched.docker(&["stop", "-t", "10", renamed]);
    watched
        .until(|w| {
            w.containers
                .get(renamed)
                .is_some_and(|c| c.state == ContainerState::Exited && c.exit_code == Some(3))
        })
        .await;
    let id = watched.containers[renamed].id.to_string();
    watched.docker(&["rm", renamed]);
    watched.until(|w| !w.containers.contains_key(renamed)).await;
    // Podman has action names of its own; each is published once.
    let reported = |w: &Watched, action: &str| {
        let events = w.events.iter().filter(|event| event.id == id);
        events.filter(|event| event.action == action).count()
    };
    watched.until(|w| reported(w, "remove") == 1).await;
    for action in ["create", "start", "pause", "unpause", "rename", "die"] {
        assert_eq!(
            reported(&watched, action),
            1,
            "{action}: {:?}",
            watched.events
        );
    }
    let end = watched
        .events
        .iter()
        .find(|event| event.id == id && event.action == "die");
    assert_eq!(end.unwrap().attributes.get("exitCode").unwrap(), "3");
    watched.end().await;
}

#[tokio::test]
#[ignore = "needs a Podman engine"]
async fn every_action_has_its_effect() {
    actions::every_one("dwp-actions", "dwp-actions-renamed").await;
}

/// Podman 4 lists a container as `stopped` for a moment after every exit, a state that Docker does not
/// have.
#[tokio::test]
#[ignore = "needs a Podman engine"]
async fn an_exit_never_makes_the_source_go_down() {
    let mut watched = Watched::begin().await;
    for round in 0..5 {
        let name = "dwp-exits";
        let removed = watched.run(name, &[], "exit 7");
        watched
            .until(|w| {
                w.containers
                    .get(name)
                    .is_some_and(|c| c.state == ContainerState::Exited && c.exit_code == Some(7))
            })
            .await;
        drop(removed);
        watched.until(|w| !w.containers.contains_key(name)).await;
        assert!(watched.is_always_live, "round {round}");
    }
    watched.end().await;
}

#[tokio::test]
#[ignore = "needs a Podman engine"]
async fn a_log_has_complete_lines_and_the_last_line_of_a_run() {
    let mut watched = Watched::begin().await;
    let name = "dwp-logs";
    let script = "echo one; echo two >&2; head -c 40000 /dev/zero | tr '\\0' a; echo; printf last";
    let _removed = watched.run(name, &[], script);
    watched.until_state(name, ContainerState::Exited).await;
    let query = LogQuery {
        stdout: true,
        stderr: true,
        ..LogQuery::default()
    };
    let engine = Arc::clone(&watched.engine);
    let id = watched.containers[name].id;
    for follow in [false, true] {
        let query = LogQuery {
            follow,
            ..query.clone()
        };
        let log = engine.logs(id, &query).await.unwrap().take(4);
        let lines: Vec<_> = timeout(DEADLINE, log.collect()).await.unwrap();
        let lines: Vec<_> = lines.into_iter().map(Result::unwrap).collect();
        assert!(lines.iter().all(|line| line.nanos.is_some()));
        let mut texts: Vec<_> = lines.into_iter().map(|line| line.line).collect();
        texts.sort_unstable();
        let long = "a".repeat(40_000);
        assert_eq!(
            texts,
            [long.as_str(), "last", "one", "two"],
            "follow: {follow}"
        );
    }
    watched.end().await;
}

#[tokio::test]
#[ignore = "needs a Podman engine"]
async fn stats_and_processes_of_a_running_container_are_known() {
    let mut watched = Watched::begin().await;
    let name = "dwp-figures";
    let _removed = watched.run(name, &[], "while :; do :; done & sleep 1000");
    watched
        .until(|w| {
            w.stats.get(name).is_some_and(|stats| {
                stats.memory_usage.is_some_and(|used| used > 0)
                    && stats.cpu_percent.is_some_and(|percent| percent > 0.0)
                    && stats.pids.is_some_and(|pids| pids >= 2)
            })
        })
        .await;
    let (engine, id) = (Arc::clone(&watched.engine), watched.containers[name].id);
    let top = engine.top(id).await.unwrap();
    let command = top.titles.iter().position(|title| title == "COMMAND");
    let commands = top.processes.iter().filter_map(|row| row.get(command?));
    assert!(
        commands
            .into_iter()
            .any(|command| command.contains("sleep 1000")),
        "{top:?}"
    );
    watched.docker(&["kill", name]);
    watched.until_state(name, ContainerState::Exited).await;
    let top = engine.top(id).await;
    assert!(
        matches!(
            top,
            Err(EngineError::Conflict(_) | EngineError::Unsupported(_))
        ),
        "{top:?}"
    );
    watched.end().await;
}

#[tokio::test]
#[ignore = "needs a Podman engine"]
async fn the_health_follows_every_check() {
    let mut watched = Watched::begin().await;
    let name = "dwp-health";
    // With the Docker CLI, health checks without a timer do not run, and the timer needs systemd.
    let _removed = Removed(watched.host.clone(), name);
    podman(
        &watched,
        &[
            "run",
            "-d",
            "--name",
            name,
            "--network",
            "none",
            "--health-cmd",
            "test -f /tmp/well",
            "--health-retries",
            "1",
            "--health-interval",
            "disable",
            "deckwatch-test:latest",
            "sleep",
            "1000",
        ],
    );
    watched.until_state(name, ContainerState::Running).await;
    for (makes, health) in [
        ("rm -f /tmp/well", Health::Unhealthy),
        ("touch /tmp/well", Health::Healthy),
        ("rm -f /tmp/well", Health::Unhealthy),
    ] {
        podman(&watched, &["exec", name, "sh", "-c", makes]);
        podman(&watched, &["healthcheck", "run", name]);
        watched
            .until(|w| w.containers[name].health == Some(health))
            .await;
    }
    watched.end().await;
}
