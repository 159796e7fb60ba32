//! The source behaves the same on every version of Docker.

use crate::{
    actions,
    watched::{DEADLINE, Removed, Watched, docker, test_engine},
};
use bollard::{Docker, query_parameters::StatsOptions};
use deckwatch::{
    model::*,
    server::{
        Config, config,
        source::{EngineError, LogQuery, docker::Address},
    },
};
use futures::StreamExt;
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

#[tokio::test]
#[ignore = "needs a Docker engine"]
async fn the_list_follows_changes_by_the_docker_cli_from_events_alone() {
    let mut watched = Watched::begin().await;
    let (name, renamed) = ("dw-follow", "dw-renamed");
    let script = "trap 'exit 3' TERM; while :; do sleep 0.1; done";
    let _removed = watched.run(name, &[], script);
    let _renamed = Removed(watched.host.clone(), renamed);
    watched.until_state(name, ContainerState::Running).await;
    // Details arrive after the list.
    let has_started = |c: &Container| c.started_at.is_some();
    watched
        .until(|w| w.containers.get(name).is_some_and(has_started))
        .await;
    let container = &watched.containers[name];
    assert_eq!(container.image, "deckwatch-test:latest");
    assert!(container.exit_code.is_none());

    watched.docker(&["pause", name]);
    watched.until_state(name, ContainerState::Paused).await;
    watched.docker(&["unpause", name]);
    watched.until_state(name, ContainerState::Running).await;
    watched.docker(&["rename", name, renamed]);
    watched.until(|w| w.containers.contains_key(renamed)).await;
    watched.docker(&["stop", renamed]);
    watched.until_state(renamed, ContainerState::Exited).await;
    assert_eq!(watched.containers[renamed].exit_code, Some(3));
    let id = watched.containers[renamed].id.to_string();
    watched.docker(&["rm", renamed]);
    watched.until(|w| !w.containers.contains_key(renamed)).await;

    let mut expected = [
        "create", "start", "pause", "unpause", "rename", "kill", "die", "stop", "destroy",
    ];
    expected.sort_unstable();
    let received = |w: &Watched| {
        let events = w.events.iter().filter(|event| event.id == id);
        let mut actions: Vec<_> = events.map(|event| event.action.clone()).collect();
        actions.sort_unstable();
        actions
    };
    watched.until(|w| received(w) == expected).await;
    watched.end().await;
}

#[tokio::test]
#[ignore = "needs a Docker engine"]
async fn every_action_has_its_effect() {
    actions::every_one("dw-actions", "dw-actions-renamed").await;
}

#[tokio::test]
#[ignore = "needs a Docker engine"]
async fn a_running_container_is_removed_only_by_force() {
    let mut watched = Watched::begin().await;
    let (name, plain) = ("dw-removal", ActionOptions::default);
    let _removed = watched.run(name, &[], "sleep 1000");
    watched.until_state(name, ContainerState::Running).await;
    let removal = watched.act(name, Action::Remove, plain()).await;
    assert!(
        matches!(removal, Err(EngineError::Conflict(_))),
        "{removal:?}"
    );
    let force = ActionOptions {
        force: Some(true),
        ..plain()
    };
    watched.act(name, Action::Remove, force).await.unwrap();
    watched.until(|w| !w.containers.contains_key(name)).await;
    watched.end().await;
}

#[tokio::test]
#[ignore = "needs a Docker engine"]
async fn logs_processes_and_inspections_contain_no_secrets() {
    let mut watched = Watched::begin().await;
    let name = "dw-logs";
    let script = "echo one; echo two >&2; head -c 40000 /dev/zero | tr '\\0' a; echo; sleep 600";
    let _removed = watched.run(name, &["--env", "API_TOKEN=hunter2"], script);
    watched.until_state(name, ContainerState::Running).await;
    let (engine, id) = (Arc::clone(&watched.engine), watched.containers[name].id);

    let query = LogQuery {
        stdout: true,
        stderr: true,
        follow: true,
        ..LogQuery::default()
    };
    let log = engine.logs(id, &query).await.unwrap().take(3);
    let lines: Vec<_> = timeout(DEADLINE, log.collect()).await.unwrap();
    let lines: Vec<_> = lines.into_iter().map(Result::unwrap).collect();
    assert!(lines.iter().all(|line| line.nanos.is_some()));
    let mut texts: Vec<_> = lines.into_iter().map(|line| line.line).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["a".repeat(40_000).as_str(), "one", "two"]);

    let top = engine.top(id).await.unwrap();
    // With the requested columns `ps` names the command differently from the engine's default, `CMD`.
    let command = top.titles.iter().position(|title| title == "COMMAND");
    let commands: Vec<_> = top
        .processes
        .iter()
        .filter_map(|row| row.get(command?))
        .collect();
    assert!(
        commands.iter().any(|command| command.contains("sleep 600")),
        "{top:?}"
    );
    let inspected = engine.inspect(id).await.unwrap().to_string();
    assert!(inspected.contains("API_TOKEN=") && !inspected.contains("hunter2"));
    watched.end().await;
}

/// The engine's own copy of the log, in its order.
fn log_of(host: &str, name: &str) -> Vec<String> {
    let log = docker(host, &["logs", name]);
    log.lines().map(str::to_owned).collect()
}

#[tokio::test]
#[ignore = "needs a Docker engine"]
#[expect(clippy::too_many_lines, reason = "one scenario, step by step")]
async fn a_log_is_followed_through_restarts_without_missing_or_duplicated_lines() {
    let host = test_engine();
    let name = "dw-restarts";
    let script =
        "n=0; while :; do n=$((n+1)); echo line $n; [ $((n % 20)) = 0 ] && sleep 0.05; done";
    let image = "deckwatch-test:latest";
    let run = ["run", "-d", "--name", name, image, "sh", "-c", script];
    let _removed = Removed(host.clone(), name);
    let id = docker(&host, &run);
    let config = Config {
        site_addr: ([127, 0, 0, 1], 0).into(),
        docker: config::Docker {
            host: Some(Address::parse(&host, false).unwrap()),
            ..config::Docker::default()
        },
        ..Config::default()
    };
    let running = deckwatch::server::start(config).await.unwrap();
    let url = format!("ws://{}/ws/docker/{id}/logs?tail=5000", running.addr);
    let connect = async {
        // Until the first list has arrived.
        loop {
            match tokio_tungstenite::connect_async(&url).await {
                Ok((socket, _)) => return socket,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let mut socket = timeout(DEADLINE, connect).await.unwrap();
    let (mut received, mut ends) = (Vec::new(), 0);
    let mut restarts = 0;
    // The number of lines at the end.
    let mut all = None;
    let reading = async {
        loop {
            let message = socket.next().await.unwrap().unwrap();
            let Ok(text) = message.to_text() else {
                continue;
            };
            let Ok(message) = serde_json::from_str::<serde_json::Value>(text) else {
                continue;
            };
            match message["type"].as_str() {
                Some("log") => received.push(message["line"].as_str().unwrap().to_owned()),
                Some("log_end") => {
                    assert_eq!(message["reason"], "container_stopped");
                    ends += 1;
                }
                other => panic!("{other:?}: {message}"),
            }
            if restarts < 3 && received.len() > 300 * (restarts + 1) {
                restarts += 1;
                let (engine, stop) = (host.clone(), restarts == 3);
                let act: &[&str] = if stop {
                    &["stop", "-t", "0", name]
                } else {
                    &["restart", "-t", "0", name]
                };
                let act: Vec<_> = act.iter().map(|arg| (*arg).to_owned()).collect();
                let acting = tokio::task::spawn_blocking(move || {
                    docker(&engine, &act.iter().map(String::as_str).collect::<Vec<_>>())
                });
                // Waits for the last one, so that the engine's log is complete.
                if stop {
                    acting.await.unwrap();
                    all = Some(log_of(&host, name).len());
                }
            }
            if ends > 0 && all.is_some_and(|all| received.len() >= all) {
                return;
            }
        }
    };
    let in_time = timeout(DEADLINE * 2, reading).await;
    let expected = log_of(&host, name);
    let differs = received.iter().zip(&expected).position(|(a, b)| a != b);
    assert_eq!((differs, received.len()), (None, expected.len()));
    assert!(in_time.is_ok(), "{ends} ends, {restarts} restarts");
    assert_eq!(expected.iter().filter(|line| *line == "line 1").count(), 3);
    assert!(running.shutdown().await);
}

/// Memory in bytes, as the Docker CLI reports it.
fn memory_of(host: &str, name: &str) -> f64 {
    let format = "{{.MemUsage}}";
    let text = docker(host, &["stats", "--no-stream", "--format", format, name]);
    let used = text.split_whitespace().next().unwrap();
    let unit_at = used.find(|c: char| c.is_ascii_alphabetic()).unwrap();
    let (number, unit) = used.split_at(unit_at);
    let units = ["B", "KiB", "MiB", "GiB"];
    let power = units.iter().position(|u| *u == unit).unwrap();
    number.parse::<f64>().unwrap() * 1_024_f64.powi(power as i32)
}

/// CPU time of a container as the engine reports it, in seconds, and when it was read.
struct Reading {
    begun: f64,
    used: f64,
    ended: f64,
}

/// Seconds since the Unix epoch.
fn now() -> f64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64()
}

async fn read_cpu(engine: &Docker, name: &str) -> Reading {
    let options = StatsOptions {
        stream: false,
        one_shot: true,
    };
    let begun = now();
    let answer = engine.stats(name, Some(options)).boxed().next().await;
    let cpu = answer.unwrap().unwrap().cpu_stats.unwrap();
    let used = cpu.cpu_usage.unwrap().total_usage.unwrap() as f64 / 1e9;
    let ended = now();
    Reading { begun, used, ended }
}

/// The least and the greatest CPU time that can have been used between two times, in seconds, from readings
/// before, between and after. `None` while there is none before or after.
fn bounds(readings: &[Reading], from: f64, to: f64) -> Option<(f64, f64)> {
    // A sample is timestamped just after its counters were read, on a busy machine a little later.
    const LATE: f64 = 0.5;
    let before = readings.iter().rfind(|r| r.ended <= from - LATE)?;
    let after = readings.iter().find(|r| r.begun >= to)?;
    let inner = |r: &&Reading| r.begun >= from && r.ended <= to - LATE;
    let first = readings.iter().find(inner);
    let least = first
        .zip(readings.iter().rfind(inner))
        .map_or(0.0, |(first, last)| last.used - first.used);
    Some((least, after.used - before.used))
}

/// Compares the CPU share with the engine's own counter: the sum of our figures must lie between what the
/// engine counted in a slightly shorter and a slightly longer time. This does not depend on how busy the
/// machine is.
#[tokio::test]
#[ignore = "needs a Docker engine"]
async fn cpu_agrees_with_the_engine() {
    let mut watched = Watched::begin().await;
    let name = "dw-busy";
    // A fifth of a core is enough, and leaves CPU time for the other tests.
    let quota = ["--cpu-quota", "2000", "--cpu-period", "10000"];
    let _removed = watched.run(name, &quota, "while :; do :; done");
    watched
        .until(|w| w.stats.get(name).is_some_and(|s| s.cpu_percent.is_some()))
        .await;
    let engine = Docker::connect_with_host(&watched.host).unwrap();
    let mut readings = vec![read_cpu(&engine, name).await];
    let mut samples: Vec<(f64, f64)> = Vec::new();
    let (used, (least, most)) = loop {
        assert!(samples.len() < 60, "never a sample between two readings");
        let seen = watched.samples;
        watched.until(|w| w.samples > seen).await;
        let stats = &watched.stats[name];
        assert_eq!(stats.pids, Some(1));
        let at = stats.timestamp.as_millis() as f64 / 1e3;
        samples.push((at, f64::from(stats.cpu_percent.unwrap())));
        readings.push(read_cpu(&engine, name).await);
        let Some(first) = samples
            .iter()
            .position(|(at, _)| bounds(&readings, *at, *at).is_some())
        else {
            continue;
        };
        let (from, counted) = (samples[first].0, &samples[first..]);
        let Some(bounds) = bounds(&readings, from, at).filter(|_| counted.len() > 4) else {
            continue;
        };
        let spans = counted.windows(2);
        let used: f64 = spans.map(|s| (s[1].0 - s[0].0) * s[1].1 / 100.0).sum();
        break (used, bounds);
    };
    // Figures are rounded, and the kernel updates the counter of each core only every few milliseconds.
    let reserve = most * 0.02 + 0.05;
    assert!(
        (least - reserve..=most + reserve).contains(&used),
        "{used} s here, {least} to {most} s there"
    );
    assert!(most > 0.0, "it was not busy");
    watched.end().await;
}

#[tokio::test]
#[ignore = "needs a Docker engine"]
async fn memory_agrees_with_docker_stats() {
    let mut watched = Watched::begin().await;
    let name = "dw-still";
    let _removed = watched.run(name, &[], "while :; do sleep 3600; done");
    watched
        .until(|w| {
            w.stats
                .get(name)
                .is_some_and(|s| s.memory_usage.is_some_and(|used| used > 0))
        })
        .await;
    // The kernel charges memory in batches, and frees it at any time: both values agree when they were read
    // at about the same time.
    let mut agrees = false;
    for _ in 0..20 {
        let theirs = memory_of(&watched.host, name);
        let samples = watched.samples;
        watched.until(|w| w.samples > samples).await;
        let ours = watched.stats[name].memory_usage.unwrap() as f64;
        // For a container this small a few pages are one twentieth.
        agrees = (ours - theirs).abs() <= (theirs * 0.05).max(65_536.0);
        if agrees {
            break;
        }
    }
    assert!(
        agrees,
        "{:?} here, {} there",
        watched.stats[name],
        memory_of(&watched.host, name)
    );
    watched.end().await;
}
