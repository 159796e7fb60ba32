//! An engine behind TLS: a real one, which only talks to whom it knows.

use crate::support::{PATIENCE, app::Settings, eventually, launch::launch_with};
use deckwatch::{
    model::{SourceKind, SourceState},
    protocol::{ServerMessage, Snapshot},
    server::config::Docker,
};
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
};

/// Makes a certificate authority in `ca`, and what is signed by it in `server` and `client`.
const CERTIFICATES: &str = r#"
set -e
key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }
mkdir -p server client
key ca-key.pem
openssl req -x509 -new -key ca-key.pem -days 2 -subj "/CN=test authority" -out server/ca.pem \
  -addext basicConstraints=critical,CA:TRUE 2>/dev/null
cp server/ca.pem client/ca.pem
for side in server client; do
  key "$side/key.pem"
  openssl req -new -key "$side/key.pem" -subj "/CN=$side" -out "$side.csr" 2>/dev/null
  printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=%sAuth\n' "$side" >"$side.ext"
  openssl x509 -req -in "$side.csr" -CA server/ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 \
    -extfile "$side.ext" -out "$side/cert.pem" 2>/dev/null
done
"#;

fn make_certificates(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let made = Command::new("bash")
        .args(["-c", CERTIFICATES])
        .current_dir(folder)
        .status();
    assert!(made.unwrap().success(), "openssl makes no certificates");
}

/// Why there is no engine to test against.
fn missing() -> Option<&'static str> {
    let has = |command: &str| {
        let found = Command::new("which")
            .arg(command)
            .stdout(Stdio::null())
            .status();
        found.is_ok_and(|status| status.success())
    };
    let id = Command::new("id").arg("-u").output();
    let is_root = id.is_ok_and(|output| output.stdout == b"0\n");
    match (is_root, has("dockerd") && has("containerd"), has("openssl")) {
        (false, ..) => Some("it needs root"),
        (_, false, _) => Some("dockerd or containerd is not installed"),
        (.., false) => Some("openssl is not installed"),
        _ => None,
    }
}

/// A real engine behind TLS; ended when dropped.
struct Engine {
    child: Child,
    address: SocketAddr,
}

impl Engine {
    fn start(folder: &Path) -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let path = |name: &str| folder.join(name).display().to_string();
        let log = std::fs::File::create(folder.join("dockerd.log")).unwrap();
        let child = Command::new("dockerd")
            .args(["-H", &format!("tcp://{address}"), "--tlsverify"])
            .args([
                "--tlscacert",
                &path("server/ca.pem"),
                "--tlscert",
                &path("server/cert.pem"),
            ])
            .args([
                "--tlskey",
                &path("server/key.pem"),
                "--data-root",
                &path("data"),
            ])
            .args([
                "--exec-root",
                &path("exec"),
                "--pidfile",
                &path("dockerd.pid"),
            ])
            .args([
                "--bridge=none",
                "--iptables=false",
                "--ip6tables=false",
                "--storage-driver=vfs",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { child, address }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Asked to, it ends its containerd too.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.child.wait();
    }
}

fn docker(engine: SocketAddr, certificates: &Path) -> Docker {
    Docker {
        host: Some(format!("tcp://{engine}")),
        cert_path: Some(certificates.to_owned()),
        tls_verify: true,
        runtime_dir: None,
    }
}

/// What is said of the engine by the server at `address`.
async fn source(address: SocketAddr) -> Option<(SourceState, String, String)> {
    let http = reqwest::Client::builder()
        .timeout(PATIENCE)
        .build()
        .unwrap();
    let url = format!("http://{address}/api/snapshot?channels=containers");
    let snapshot: Snapshot = http.get(url).send().await.unwrap().json().await.unwrap();
    snapshot
        .messages
        .into_iter()
        .find_map(|message| match message {
            ServerMessage::Source(told) if told.source == SourceKind::Docker => Some((
                told.state,
                told.version.unwrap_or_default(),
                told.message.unwrap_or_default(),
            )),
            _ => None,
        })
}

#[tokio::test]
async fn an_engine_behind_tls_is_watched_by_whom_it_knows() {
    if let Some(reason) = missing() {
        println!("SKIPPED: no engine behind TLS: {reason}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    let strangers = folder.path().join("strangers");
    make_certificates(&strangers);
    let engine = Engine::start(folder.path());

    let known = launch_with(
        docker(engine.address, &folder.path().join("client")),
        Settings::default(),
    )
    .await;
    eventually("the engine is watched", async || {
        let told = source(known.address()).await;
        told.is_some_and(|(state, version, _)| {
            state == SourceState::Live && version.contains("Docker")
        })
    })
    .await;
    known.end().await;

    let unknown = launch_with(
        docker(engine.address, &strangers.join("client")),
        Settings::default(),
    )
    .await;
    let mut words = String::new();
    eventually("the engine is said not to be known", async || {
        let told = source(unknown.address()).await;
        let down = told.filter(|(state, ..)| *state == SourceState::Down);
        words = down.map(|(_, _, message)| message).unwrap_or_default();
        words.contains("certificate")
    })
    .await;
    assert!(words.contains(&engine.address.to_string()), "{words}");
    assert!(words.contains("DOCKER_CERT_PATH"), "{words}");
    unknown.end().await;
}
