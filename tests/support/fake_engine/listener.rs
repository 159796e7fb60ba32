//! The listener of the fake engine.

use super::{
    api,
    world::{Mood, Shared},
};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, UnixListener},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The listener of the fake engine; closes when dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    endpoint: Endpoint,
    open: Mutex<Option<DropGuard>>,
}

#[derive(Debug)]
enum Endpoint {
    Unix(
        PathBuf,
        #[expect(dead_code, reason = "kept until the end")] tempfile::TempDir,
    ),
    Tcp(SocketAddr),
}

impl Listener {
    pub(crate) fn unix() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            endpoint: Endpoint::Unix(dir.path().join("docker.sock"), dir),
            open: Mutex::default(),
        }
    }

    pub(crate) fn tcp() -> Self {
        let any = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            endpoint: Endpoint::Tcp(any.local_addr().unwrap()),
            open: Mutex::default(),
        }
    }

    pub(crate) fn address(&self) -> String {
        match &self.endpoint {
            Endpoint::Unix(path, _) => format!("unix://{}", path.display()),
            Endpoint::Tcp(address) => format!("tcp://{address}"),
        }
    }

    /// Drops every connection and accepts no more.
    pub(crate) fn close(&self) {
        *self.open.lock().unwrap() = None;
        if let Endpoint::Unix(path, _) = &self.endpoint {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Accepts connections, if it does not yet.
    pub(crate) fn open(&self, shared: &Arc<Shared>) {
        let mut open = self.open.lock().unwrap();
        if open.is_some() {
            return;
        }
        let token = CancellationToken::new();
        *open = Some(token.clone().drop_guard());
        let shared = Arc::clone(shared);
        match &self.endpoint {
            Endpoint::Unix(path, _) => {
                let listener = UnixListener::bind(path).unwrap();
                tokio::spawn(token.clone().run_until_cancelled_owned(async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        serve(stream, &shared, &token);
                    }
                }));
            }
            Endpoint::Tcp(address) => {
                let listener = bind_tcp(*address);
                tokio::spawn(token.clone().run_until_cancelled_owned(async move {
                    while let Ok((stream, _)) = listener.accept().await {
                        serve(stream, &shared, &token);
                    }
                }));
            }
        }
    }
}

fn bind_tcp(address: SocketAddr) -> TcpListener {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(address).unwrap();
    socket.listen(1_024).unwrap()
}

fn serve<S>(mut stream: S, shared: &Arc<Shared>, token: &CancellationToken)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let shared = Arc::clone(shared);
    let garbage = *shared.mood.borrow() == Mood::Garbage;
    tokio::spawn(token.clone().run_until_cancelled_owned(async move {
        if garbage {
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream
                .write_all(b"\x15\x03\x01\0\x02\x02P\xff\xfe not HTTP\0")
                .await;
            return;
        }
        let service = service_fn(move |request| {
            let shared = Arc::clone(&shared);
            async move { Ok::<_, std::convert::Infallible>(api::answer(shared, request).await) }
        });
        let http = hyper::server::conn::http1::Builder::new();
        let _ = http.serve_connection(TokioIo::new(stream), service).await;
    }));
}
