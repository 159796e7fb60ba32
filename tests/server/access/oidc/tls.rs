//! A provider behind TLS, and a server that is configured by a file.

use super::START;
use crate::support::{
    certificates::make_certificates,
    fake_engine::FakeEngine,
    fake_provider::{CLIENT, FakeProvider, REDIRECT},
    process::Process,
};
use axum::serve::Listener;
use reqwest::redirect::Policy;
use std::{io, net::SocketAddr, path::Path, sync::Arc};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
    server::TlsStream,
};

/// A listener behind TLS.
struct TlsListener {
    tcp: TcpListener,
    tls: TlsAcceptor,
}

impl TlsListener {
    fn new(tcp: TcpListener, certificates: &Path) -> Self {
        let certificate = CertificateDer::from_pem_file(certificates.join("cert.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(certificates.join("key.pem")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(config));
        Self { tcp, tls }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, address) = self.tcp.accept().await.unwrap();
            // A client that does not trust the certificate hangs up.
            if let Ok(stream) = self.tls.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

#[tokio::test]
async fn a_provider_behind_tls_needs_a_trusted_certificate() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path());
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("https://{}/realms/home", tcp.local_addr().unwrap());
    let listener = TlsListener::new(tcp, &folder.path().join("server"));
    let provider = FakeProvider::start_with(&issuer, |routes| {
        let served = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        served.abort_handle()
    });
    let config = folder.path().join("Leptos.toml");
    let text = format!(
        "[package.metadata.leptos]\nsite-addr = \"127.0.0.1:0\"\n\
         [deckwatch.auth]\nmode = [\"oidc\"]\n\
         [deckwatch.auth.oidc]\nissuer = {issuer:?}\nclient-id = {CLIENT:?}\n\
         client-secret-file = {:?}\nredirect-url = {REDIRECT:?}\n\
         [deckwatch.auth.groups]\nops = [\"admin *\"]\n",
        provider.secret_file()
    );
    std::fs::write(&config, text).unwrap();
    let engine = FakeEngine::start();
    let authority = folder.path().join("server/ca.pem");
    let environment = [
        ("DECKWATCH_CONFIG", config.to_str().unwrap()),
        ("DOCKER_HOST", &engine.address()),
        ("SSL_CERT_FILE", authority.to_str().unwrap()),
    ];
    for (environment, expected) in [
        (&environment[..], issuer.as_str()),
        (&environment[..2], "/login?error=oidc"),
    ] {
        let server = Process::start_with(environment).await;
        let client = reqwest::Client::builder().redirect(Policy::none());
        let url = format!("http://{}{START}", server.address);
        let answer = client.build().unwrap().get(url).send().await.unwrap();
        let location = super::location(&answer);
        assert!(location.starts_with(expected), "{location}");
        let is_logged = server.log().contains("invalid peer certificate");
        assert_eq!(is_logged, expected.starts_with('/'), "{}", server.log());
        if !is_logged {
            provider.sign_in(&location);
        }
    }
}
