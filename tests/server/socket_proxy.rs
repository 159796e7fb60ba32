//! HAProxy between the server and an engine, with the configuration in `docs/deploy`.

use crate::support::{
    PATIENCE,
    app::Settings,
    eventually,
    fake_engine::{FakeEngine, id_of},
    launch::launch,
};
use deckwatch::{
    model::{SourceKind, Update},
    protocol::{ServerMessage, Snapshot},
};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

/// An HAProxy process; killed when dropped.
struct Proxy(Child);

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn haproxy() -> Command {
    // Distributions install daemons outside of the PATH of ordinary users.
    let mut command = Command::new("/usr/sbin/haproxy");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Starts HAProxy in front of `engine`, with the configuration of `docs/deploy` in `folder` except for the
/// sockets and the edits of `change`. Returns the address of the proxy's socket.
async fn proxied(
    engine: &FakeEngine,
    folder: &Path,
    change: fn(&str) -> String,
) -> (Proxy, String) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/deploy/socket-proxy.cfg");
    let shipped = std::fs::read_to_string(shipped).unwrap();
    let socket = folder.join("proxy.sock");
    let sockets = [
        (
            "unix@/run/docker-proxy/docker.sock mode 660 group deckwatch",
            format!("unix@{}", socket.display()),
        ),
        (
            "unix@/var/run/docker.sock",
            engine.address().replace("unix://", "unix@"),
        ),
    ];
    let configuration = sockets.iter().fold(shipped, |text, (shipped, here)| {
        assert!(text.contains(shipped), "{shipped}: {text}");
        text.replace(shipped, here)
    });
    let file = folder.join("haproxy.cfg");
    std::fs::write(&file, change(&configuration)).unwrap();
    let proxy = Proxy(
        haproxy()
            .args(["-db", "-f"])
            .arg(file)
            .spawn()
            .expect("HAProxy, which `scripts/setup test` installs"),
    );
    eventually("HAProxy listens", async || socket.exists()).await;
    (proxy, format!("unix://{}", socket.display()))
}

/// Messages about the engine and its containers.
async fn messages(http: &reqwest::Client, server: &str) -> Vec<ServerMessage> {
    let url = format!("{server}/api/snapshot?channels=containers,stats");
    let snapshot: Snapshot = http.get(url).send().await.unwrap().json().await.unwrap();
    snapshot.messages
}

async fn eventually_reported(
    http: &reqwest::Client,
    server: &str,
    what: &str,
    wanted: impl Fn(&ServerMessage) -> bool,
) {
    eventually(what, async || {
        messages(http, server).await.iter().any(&wanted)
    })
    .await;
}

#[tokio::test]
#[ignore = "needs haproxy"]
#[expect(clippy::too_many_lines, reason = "one scenario, step by step")]
async fn through_the_documented_socket_proxy_everything_allowed_works() {
    let http = reqwest::Client::builder()
        .timeout(PATIENCE)
        .build()
        .unwrap();
    let id = id_of("web-1");

    let (engine, folder) = (
        FakeEngine::start().with_containers(1),
        tempfile::tempdir().unwrap(),
    );
    let (_proxy, address) = proxied(&engine, folder.path(), str::to_owned).await;
    let running = launch(&address, Settings::default()).await;
    let server = format!("http://{}", running.address());
    eventually_reported(&http, &server, "figures come", |message| {
        matches!(message.update(), Some(Update::Stats { data, .. }) if data.iter().any(|row| row.memory_usage.is_some()))
    })
    .await;
    for path in ["", "/details", "/top", "/logs?tail=1"] {
        let answer = http
            .get(format!("{server}/api/containers/{id}{path}"))
            .send()
            .await;
        assert_eq!(answer.unwrap().status(), 200, "{path}");
    }
    for (action, options) in [
        ("pause", json!({})),
        ("unpause", json!({})),
        ("restart", json!({})),
        ("rename", json!({ "name": "other" })),
        ("kill", json!({})),
        ("start", json!({})),
        ("stop", json!({})),
        ("remove", json!({})),
    ] {
        let url = format!("{server}/api/containers/{id}/{action}");
        let answer = http.post(url).json(&options).send().await.unwrap();
        assert_eq!(
            answer.status(),
            200,
            "{action}: {}",
            answer.text().await.unwrap()
        );
    }
    let nothing_is_missing = |message: &ServerMessage| matches!(message.update(), Some(Update::Source(reported)) if reported.source == SourceKind::Docker && reported.message.is_none());
    eventually_reported(
        &http,
        &server,
        "nothing is reported as missing",
        nothing_is_missing,
    )
    .await;
    // Calls that Deckwatch does not use are blocked.
    let direct = tokio::net::UnixStream::connect(folder.path().join("proxy.sock")).await;
    let mut direct = direct.unwrap();
    let create = b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut direct, create)
        .await
        .unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut direct, &mut answer)
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    running.end().await;

    let (engine, folder) = (
        FakeEngine::start().with_containers(1),
        tempfile::tempdir().unwrap(),
    );
    let only_watching = |text: &str| -> String {
        let rules = text.lines().filter(|line| !line.ends_with("# actions"));
        rules.map(|line| format!("{line}\n")).collect()
    };
    let (_proxy, address) = proxied(&engine, folder.path(), only_watching).await;
    let running = launch(&address, Settings::default()).await;
    let server = format!("http://{}", running.address());
    eventually_reported(
        &http,
        &server,
        "containers are listed",
        |message| matches!(message.update(), Some(Update::Containers { data, .. }) if data.len() == 1),
    )
    .await;
    let url = format!("{server}/api/containers/{id}/stop");
    let answer = http.post(url).json(&json!({})).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let problem: Value = answer.json().await.unwrap();
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("POST /containers/{id}/stop is forbidden"),
        "{detail}"
    );
    running.end().await;
}
