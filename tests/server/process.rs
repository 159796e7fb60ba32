//! The server as a process: its start and its end.

use crate::support::{
    eventually,
    fake_engine::{FakeEngine, id_of},
    process::{Process, deckwatch},
    raw,
    socket::Socket,
};
use deckwatch::{
    model::{Action, ActionOptions, Update},
    protocol::{Channel, ClientMessage, ContainerAck, ContainerAction, ServerMessage, close_code},
    server::config::CommandLine,
};
use std::time::{Duration, Instant};

/// The error output of a command that fails to start.
async fn refusal(arguments: &[&str], environment: &[(&str, &str)], file: Option<&str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    if let Some(text) = file {
        std::fs::write(folder.path().join("Leptos.toml"), text).unwrap();
    }
    let mut command = deckwatch(folder.path());
    command.args(arguments).envs(environment.iter().copied());
    let run = tokio::time::timeout(crate::support::PATIENCE, command.output()).await;
    let output = run.expect("it started in spite of that").unwrap();
    let error_output = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success(),
        "{arguments:?} {environment:?} {file:?}: {error_output}"
    );
    assert!(!error_output.contains("panicked"), "{error_output}");
    error_output
}

#[tokio::test]
async fn an_invalid_argument_is_reported() {
    for (key, value) in [
        ("--site-addr", "nowhere"),
        ("--max-clients", "many"),
        ("--max-clients", "0"),
        ("--metrics-interval", "1h"),
        ("--demo", "-1"),
        ("--redact", "[a"),
        ("--unheard-of", "1"),
    ] {
        let error_output = refusal(&[&format!("{key}={value}")], &[], None).await;
        assert!(
            error_output.contains(key.trim_start_matches('-')),
            "{key}={value}: {error_output}"
        );
    }
}

#[tokio::test]
async fn an_invalid_variable_is_reported() {
    for (key, value, name) in [
        ("LEPTOS_SITE_ADDR", "nowhere", "SITE_ADDR"),
        ("DECKWATCH_MAX_CLIENTS", "many", "MAX_CLIENTS"),
        ("DECKWATCH_METRICS_INTERVAL", "soon", "METRICS_INTERVAL"),
        ("DOCKER_HOST", "ftp://engine", "DOCKER_HOST"),
        (
            "DECKWATCH_METRIC_INTERVAL",
            "2s",
            "DECKWATCH_METRIC_INTERVAL",
        ),
    ] {
        let error_output = refusal(&[], &[(key, value)], None).await;
        let error_output = error_output.to_uppercase().replace('-', "_");
        assert!(error_output.contains(name), "{key}={value}: {error_output}");
    }
}

#[tokio::test]
async fn an_empty_variable_counts_as_absent() {
    let command = <CommandLine as clap::CommandFactory>::command();
    let names = command.get_arguments().filter_map(clap::Arg::get_env);
    let mut empty: Vec<(&str, &str)> = names.map(|name| (name.to_str().unwrap(), "")).collect();
    assert!(empty.contains(&("LEPTOS_SITE_ADDR", "")));
    empty.push(("RUST_LOG", ""));
    let process = Process::start_with(&empty).await;
    process.socket().await;
}

#[tokio::test]
async fn an_invalid_line_of_the_file_is_reported() {
    let header = "[package.metadata.leptos]\n";
    for (lines, name) in [
        ("site-addr = \"nowhere\"\n", "site-addr"),
        (
            "unheard-of = 1\n[deckwatch]\nunheard-of = 1\n",
            "unheard-of",
        ),
        ("not TOML", "Leptos.toml"),
    ] {
        let error_output = refusal(&[], &[], Some(&format!("{header}{lines}"))).await;
        assert!(error_output.contains(name), "{lines}: {error_output}");
    }
}

#[tokio::test]
async fn help_lists_every_setting() {
    let folder = tempfile::tempdir().unwrap();
    let output = deckwatch(folder.path())
        .arg("--help")
        .output()
        .await
        .unwrap();
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for name in [
        "--site-addr",
        "--max-clients",
        "--demo",
        "--base-path",
        "DOCKER_HOST",
    ] {
        assert!(help.contains(name), "{name}: {help}");
    }
}

#[tokio::test]
async fn a_port_in_use_is_reported() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error_output = refusal(&[], &[("LEPTOS_SITE_ADDR", &address)], None).await;
    assert!(error_output.contains(&address), "{error_output}");
}

/// Time that a supervisor grants before it kills the process. The limit is part of the contract.
const ALLOWED: Duration = Duration::from_secs(10);
/// Shutdowns per test, because the result may depend on the moment of the signal.
const ENDS: usize = 3;

/// Connects as a new client, runs `action` on web-1, and returns the client's id.
async fn act_as_new_client(process: &Process, action: Action) -> String {
    let url = format!("ws://{}/api/ws", process.address);
    let mut socket = Socket::connect(&url, &[]).await.unwrap();
    let ServerMessage::Connected { client_id, .. } = socket.next().await else {
        panic!("the first message is not `connected`");
    };
    socket.subscribe(Channel::CONTAINERS).await;
    socket
        .until(|m| matches!(m.update(), Some(Update::Containers { data, .. }) if !data.is_empty()))
        .await;
    let action = ContainerAction {
        request_id: client_id.clone(),
        container_id: id_of("web-1").parse().unwrap(),
        action,
        host: None,
        options: ActionOptions::default(),
    };
    socket.send(ClientMessage::ContainerAction(action)).await;
    assert!(ack(&mut socket).await.success);
    client_id
}

#[tokio::test]
async fn every_log_line_about_a_connection_contains_its_client_id() {
    let engine = FakeEngine::start().with_containers(1);
    let address = engine.address();
    let environment = [("DOCKER_HOST", address.as_str()), ("RUST_LOG", "debug")];
    let process = Process::start_with(&environment).await;
    let first = act_as_new_client(&process, Action::Pause).await;
    let second = act_as_new_client(&process, Action::Unpause).await;
    let lines_with = |words: &str| -> Vec<String> {
        let log = process.log();
        let lines = log.lines().filter(|line| line.contains(words));
        lines.map(str::to_owned).collect()
    };
    eventually("both connections are over", async || {
        lines_with("conversation over").len() == 2
    })
    .await;
    for (client, action) in [(first, "pause"), (second, "unpause")] {
        let lines = lines_with(&format!("socket{{client={client}}}: "));
        let says = |words: &str| lines.iter().any(|line| line.contains(words));
        assert!(says("conversation over"), "{lines:?}");
        assert!(says(&format!("action={action}")), "{lines:?}");
        assert_eq!(lines.len(), lines_with(&client).len(), "{}", process.log());
    }
    process.terminate().await;
}

/// Checks that `end`, which returns the duration of a shutdown, is in time at every call.
async fn ends_in_time(mut end: impl AsyncFnMut() -> Duration) {
    for n in 1..=ENDS {
        let took = end().await;
        assert!(took <= ALLOWED, "end {n} took {took:?}");
    }
}

#[tokio::test]
async fn it_ends_within_ten_seconds_and_closes_every_client_with_a_code() {
    ends_in_time(async || {
        let engine = FakeEngine::start().with_containers(10);
        let mut process = Process::start(&engine).await;
        let mut sockets = Vec::new();
        for _ in 0..100 {
            let mut socket = process.socket().await;
            socket.subscribe(Channel::CONTAINERS).await;
            sockets.push(socket);
        }
        let began = Instant::now();
        process.terminate().await;
        let goodbyes = async {
            let mut codes = Vec::new();
            for socket in &mut sockets {
                codes.push(socket.closed().await);
            }
            codes
        };
        let ended = async { (process.ended().await, began.elapsed()) };
        let (codes, (status, took)) = tokio::join!(goodbyes, ended);
        assert_eq!(codes, [close_code::RESTART; 100]);
        assert!(status.success());
        took
    })
    .await;
}

#[tokio::test]
async fn it_ends_despite_clients_that_do_not_read_and_an_engine_that_hangs() {
    ends_in_time(async || {
        let engine = FakeEngine::start().with_containers(10);
        let mut process = Process::start(&engine).await;
        let mut sockets = Vec::new();
        for _ in 0..10 {
            let mut socket = process.socket().await;
            socket.subscribe(Channel::CONTAINERS).await;
            sockets.push(socket);
        }
        engine.hang();
        let began = Instant::now();
        process.terminate().await;
        assert!(process.ended().await.success());
        began.elapsed()
    })
    .await;
}

/// A socket over which a restart of web-1 was requested, with an engine that does not complete it.
async fn restarting(process: &Process, engine: &FakeEngine) -> Socket {
    let mut socket = process.socket().await;
    socket.subscribe(Channel::CONTAINERS).await;
    socket
        .until(|m| matches!(m.update(), Some(Update::Containers { data, .. }) if !data.is_empty()))
        .await;
    engine.hold_actions();
    let action = ContainerAction {
        request_id: "r-1".into(),
        container_id: id_of("web-1").parse().unwrap(),
        action: Action::Restart,
        host: None,
        options: ActionOptions::default(),
    };
    socket.send(ClientMessage::ContainerAction(action)).await;
    eventually("the engine is asked", async || {
        engine.count("POST /containers") == 1
    })
    .await;
    socket
}

async fn ack(socket: &mut Socket) -> ContainerAck {
    let is_ack = |message| match message {
        ServerMessage::ContainerAck(ack) => Some(ack),
        _ => None,
    };
    socket.find(is_ack).await
}

#[tokio::test]
async fn an_action_in_progress_is_answered_before_the_end() {
    ends_in_time(async || {
        let engine = FakeEngine::start().with_containers(2);
        let mut process = Process::start(&engine).await;
        let mut actor = restarting(&process, &engine).await;
        let mut other = process.socket().await;
        let address = process.address;
        let over_http = tokio::spawn(async move {
            let line = format!("POST /api/containers/{}/stop", id_of("web-2"));
            raw::ask(
                address,
                &line,
                &[("Content-Type", "application/json")],
                "{}",
            )
            .await
        });
        eventually("the engine is asked", async || {
            engine.count("POST /containers") == 2
        })
        .await;
        let began = Instant::now();
        process.terminate().await;
        assert_eq!(other.closed().await, close_code::RESTART);
        engine.release_actions();
        assert!(ack(&mut actor).await.success);
        assert_eq!(actor.closed().await, close_code::RESTART);
        assert_eq!(over_http.await.unwrap().status, 200);
        assert!(process.ended().await.success());
        began.elapsed()
    })
    .await;
}

#[tokio::test]
async fn an_action_without_an_end_is_answered_and_does_not_delay_the_end() {
    ends_in_time(async || {
        let engine = FakeEngine::start().with_containers(1);
        let mut process = Process::start(&engine).await;
        let mut actor = restarting(&process, &engine).await;
        let began = Instant::now();
        process.terminate().await;
        let ack = ack(&mut actor).await;
        assert_eq!(ack.error.unwrap().code.as_str(), "timeout");
        assert_eq!(actor.closed().await, close_code::RESTART);
        assert!(process.ended().await.success());
        began.elapsed()
    })
    .await;
}

#[tokio::test]
async fn a_credential_in_a_url_is_ignored_and_in_no_log_line() {
    const TOKEN: &str = "in-the-url-7f3a9c";
    let engine = FakeEngine::start();
    let environment = [
        ("DOCKER_HOST", &*engine.address()),
        ("DECKWATCH_AUTH_MODE", "password"),
        ("RUST_LOG", "deckwatch=trace,tower_http=trace"),
    ];
    let mut process = Process::start_with(&environment).await;
    for parameter in ["token", "access_token", "deckwatch-session", "ticket"] {
        for path in ["/api/me", "/api/ws", "/api/snapshot", "/metrics"] {
            let request = format!("GET {path}?{parameter}={TOKEN}");
            let answer = raw::ask(process.address, &request, &[], "").await;
            assert_eq!(answer.status, 401, "{request}");
            assert!(!answer.body.contains(TOKEN), "{request}");
        }
        let page = format!("GET /?{parameter}={TOKEN}");
        assert_eq!(raw::ask(process.address, &page, &[], "").await.status, 303);
    }
    process.terminate().await;
    assert!(process.ended().await.success());
    let log = process.log();
    assert!(log.contains("Deckwatch is at"), "{log}");
    assert!(!log.contains(TOKEN), "{log}");
}
