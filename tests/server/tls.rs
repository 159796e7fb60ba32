//! Engines behind TLS: a real one, which only accepts known clients, and TLS servers of the tests.

use crate::support::{
    PATIENCE, app::Settings, certificates::make_certificates, eventually, fake_engine::FakeEngine,
    launch::launch_with, process::Process,
};
use deckwatch::{
    model::{SourceKind, SourceState, Update},
    protocol::Snapshot,
    server::{config::Docker, source::docker::Address},
};
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};
use tokio::{
    io::AsyncReadExt,
    net::{TcpStream, UnixStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// A real engine behind TLS; killed when dropped.
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
        // When terminated, it also ends its containerd.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.child.wait();
    }
}

fn docker(engine: SocketAddr, certificates: &Path) -> Docker {
    Docker {
        host: Some(Address::parse(&format!("tcp://{engine}"), true).unwrap()),
        cert_path: Some(certificates.to_owned()),
        runtime_dir: None,
    }
}

/// The state of the engine's source, from the server at `address`.
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
        .find_map(|message| match message.update() {
            Some(Update::Source(reported)) if reported.source == SourceKind::Docker => Some((
                reported.state,
                reported.version.clone().unwrap_or_default(),
                reported.message.clone().unwrap_or_default(),
            )),
            _ => None,
        })
}

#[tokio::test]
#[ignore = "needs a Docker engine of its own: root, dockerd, containerd and openssl"]
async fn an_engine_behind_tls_is_watched_with_a_client_certificate() {
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
        let reported = source(known.address()).await;
        reported.is_some_and(|(state, version, _)| {
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
        let reported = source(unknown.address()).await;
        let down = reported.filter(|(state, ..)| *state == SourceState::Down);
        words = down.map(|(_, _, message)| message).unwrap_or_default();
        words.contains("certificate")
    })
    .await;
    assert!(words.contains(&engine.address.to_string()), "{words}");
    assert!(words.contains("DOCKER_CERT_PATH"), "{words}");
    unknown.end().await;
}

/// Starts TLS in front of `engine`, with the server's certificate in `folder`. Returns its address.
async fn tls_before(engine: &FakeEngine, folder: &Path) -> SocketAddr {
    let chain = CertificateDer::pem_file_iter(folder.join("server/cert.pem"));
    let chain = chain.unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(folder.join("server/key.pem")).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let socket = engine.address().replacen("unix://", "", 1);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, socket) = (acceptor.clone(), socket.clone());
            tokio::spawn(async move {
                let mut theirs = acceptor.accept(stream).await?;
                let mut ours = UnixStream::connect(socket).await?;
                tokio::io::copy_bidirectional(&mut theirs, &mut ours).await
            });
        }
    });
    address
}

#[tokio::test]
async fn an_engine_s_certificate_is_checked_with_the_system_s_authorities_and_ca_pem() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    let engine = FakeEngine::start().with_containers(1);
    let address = tls_before(&engine, folder.path()).await;
    let only_authority = folder.path().join("only-authority");
    std::fs::create_dir(&only_authority).unwrap();
    let authority = folder.path().join("client/ca.pem");
    std::fs::copy(&authority, only_authority.join("ca.pem")).unwrap();

    let (tcp, https) = (format!("tcp://{address}"), format!("https://{address}"));
    let verify = ("DOCKER_TLS_VERIFY", "1");
    let system = ("SSL_CERT_FILE", authority.to_str().unwrap());
    let own = ("DOCKER_CERT_PATH", only_authority.to_str().unwrap());
    let no_home = ("HOME", folder.path().to_str().unwrap());
    for (host, environment, is_trusted) in [
        (&tcp, &[verify, system][..], true),
        (&https, &[system], true),
        (&tcp, &[verify, own], true),
        (&https, &[own], true),
        (&https, &[], false),
    ] {
        let host = ("DOCKER_HOST", host.as_str());
        let process = Process::start_with(&[&[host, no_home], environment].concat()).await;
        eventually("it is said whether the engine is trusted", async || {
            let reported = source(process.address).await;
            reported.is_some_and(|(state, _, message)| match is_trusted {
                true => state == SourceState::Live,
                false => state == SourceState::Down && message.contains("certificate"),
            })
        })
        .await;
    }
}

#[tokio::test]
async fn with_tls_demanded_no_byte_of_plain_http_is_sent() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let host = format!("tcp://{}", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (empty, gone) = (folder.path(), folder.path().join("gone"));
    for certificates in ["", empty.to_str().unwrap()] {
        let _process = Process::start_with(&[
            ("DOCKER_HOST", &host),
            ("DOCKER_TLS_VERIFY", "1"),
            ("DOCKER_CERT_PATH", certificates),
        ])
        .await;
        assert_eq!(first_bytes(&listener).await, [0x16, 3], "no TLS handshake");
    }
    // Missing certificates are an error, and do not disable TLS.
    let process = Process::start_with(&[
        ("DOCKER_HOST", &host),
        ("DOCKER_TLS_VERIFY", "1"),
        ("DOCKER_CERT_PATH", gone.to_str().unwrap()),
    ])
    .await;
    eventually("the folder is named", async || {
        let reported = source(process.address).await;
        reported.is_some_and(|(_, _, message)| message.contains(gone.to_str().unwrap()))
    })
    .await;
}

/// The first two bytes of the next connection.
async fn first_bytes(listener: &tokio::net::TcpListener) -> [u8; 2] {
    let first = async {
        let (mut stream, _): (TcpStream, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 2];
        stream.read_exact(&mut bytes).await.unwrap();
        bytes
    };
    tokio::time::timeout(PATIENCE, first)
        .await
        .expect("nothing is sent")
}
