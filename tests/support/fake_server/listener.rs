//! The listener of the fake servers.

use super::{FakeServer, Mood};
use hyper::{Request, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixListener},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::WebPkiClientVerifier,
    },
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Marks the requests of a client that has presented a valid certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WithCertificate;

/// The listener of a fake server; closes when dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    endpoint: Endpoint,
    open: Mutex<Option<DropGuard>>,
}

enum Endpoint {
    Unix(
        PathBuf,
        #[expect(dead_code, reason = "kept until the end")] tempfile::TempDir,
    ),
    Tcp(SocketAddr, Option<TlsAcceptor>),
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.address())
    }
}

impl Endpoint {
    fn address(&self) -> String {
        match self {
            Self::Unix(path, _) => format!("unix://{}", path.display()),
            Self::Tcp(address, _) => format!("tcp://{address}"),
        }
    }
}

impl Listener {
    pub(crate) fn unix() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::at(Endpoint::Unix(dir.path().join("docker.sock"), dir))
    }

    pub(crate) fn tcp() -> Self {
        Self::at(Endpoint::Tcp(free_address(), None))
    }

    /// TLS with the server's certificate in `certificates`, where also the authority is whose certificates
    /// identify clients. A client without a certificate is accepted.
    pub(crate) fn tls(certificates: &Path) -> Self {
        Self::at(Endpoint::Tcp(free_address(), Some(acceptor(certificates))))
    }

    fn at(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            open: Mutex::default(),
        }
    }

    pub(crate) fn address(&self) -> String {
        self.endpoint.address()
    }

    /// Drops every connection and accepts no more.
    pub(crate) fn close(&self) {
        *self.open.lock().unwrap() = None;
        if let Endpoint::Unix(path, _) = &self.endpoint {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Accepts connections, if it does not yet.
    pub(crate) fn open<S: FakeServer>(&self, server: &Arc<S>) {
        let mut open = self.open.lock().unwrap();
        if open.is_some() {
            return;
        }
        let token = CancellationToken::new();
        *open = Some(token.clone().drop_guard());
        let server = Arc::clone(server);
        match &self.endpoint {
            Endpoint::Unix(path, _) => {
                let listener = UnixListener::bind(path).unwrap();
                tokio::spawn(token.clone().run_until_cancelled_owned(async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        let served = serve(stream, Arc::clone(&server), false);
                        tokio::spawn(token.clone().run_until_cancelled_owned(served));
                    }
                }));
            }
            Endpoint::Tcp(address, tls) => {
                let (listener, tls) = (bind_tcp(*address), tls.clone());
                tokio::spawn(token.clone().run_until_cancelled_owned(async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        let served = serve_tcp(stream, tls.clone(), Arc::clone(&server));
                        tokio::spawn(token.clone().run_until_cancelled_owned(served));
                    }
                }));
            }
        }
    }
}

fn free_address() -> SocketAddr {
    let any = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    any.local_addr().unwrap()
}

fn bind_tcp(address: SocketAddr) -> TcpListener {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket.listen(1_024).unwrap()
}

fn acceptor(certificates: &Path) -> TlsAcceptor {
    let server = certificates.join("server");
    let chain = CertificateDer::pem_file_iter(server.join("cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(server.join("key.pem")).unwrap();
    let mut authorities = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(server.join("ca.pem")).unwrap();
    authorities.add(authority).unwrap();
    let clients = WebPkiClientVerifier::builder(Arc::new(authorities));
    let clients = clients.allow_unauthenticated().build().unwrap();
    let config = ServerConfig::builder()
        .with_client_cert_verifier(clients)
        .with_single_cert(chain.map(Result::unwrap).collect(), key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

async fn serve_tcp<S: FakeServer>(stream: TcpStream, tls: Option<TlsAcceptor>, server: Arc<S>) {
    let Some(tls) = tls else {
        return serve(stream, server, false).await;
    };
    // A client that does not trust the certificate hangs up.
    if let Ok(stream) = tls.accept(stream).await {
        let is_known = stream.get_ref().1.peer_certificates().is_some();
        serve(stream, server, is_known).await;
    }
}

/// Answers the requests of one connection.
async fn serve<S: FakeServer, C>(mut stream: C, server: Arc<S>, is_known: bool)
where
    C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    if server.faults().mood() == Mood::Garbage {
        let _ = stream.read(&mut [0; 4_096]).await;
        let _ = stream
            .write_all(b"\x15\x03\x01\0\x02\x02P\xff\xfe not HTTP\0")
            .await;
        return;
    }
    let service = service_fn(move |mut request: Request<_>| {
        if is_known {
            request.extensions_mut().insert(WithCertificate);
        }
        let server = Arc::clone(&server);
        async move { Ok::<_, std::convert::Infallible>(server.answer(request).await) }
    });
    let http = hyper::server::conn::http1::Builder::new();
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}
