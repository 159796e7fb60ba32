//! Accepting connections.

mod stall;
mod traffic;

pub(super) use stall::Unstalled;
pub use traffic::Traffic;

use super::shutdown::Shutdown;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use socket2::{Domain, Protocol, Socket, Type};
use stall::STALL;
use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;

/// How long a client may take to send the head of a request: slow ones must not hold connections.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// What the kernel may hold for one client. More would only hide that a client is slow, and cost
/// memory for each of a thousand.
const SEND_BUFFER: usize = 64 * 1024;
/// Connections the kernel may hold until we accept them.
const BACKLOG: i32 = 1024;
/// HTTP connections at most. Those that became WebSockets are counted by the gate instead.
const MAX_CONNECTIONS: usize = 4096;
/// How long a request in progress may take to finish at shutdown.
const DRAIN: Duration = Duration::from_secs(5);
/// How long to wait when no connection can be accepted, e.g. for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Listens on `address`.
///
/// # Errors
/// When that is not possible, e.g. because somebody else does.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // A restart need not wait for connections of the last run to be forgotten.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    // Connections inherit it.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Serves `router` on `listener` until shutdown.
pub async fn serve(listener: TcpListener, router: Router, traffic: Traffic, shutdown: Shutdown) {
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let token = shutdown.token();
    loop {
        let accepted = async {
            let place = Arc::clone(&connections).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            () = token.cancelled() => return,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, router.clone(), traffic.clone(), token.clone());
                shutdown.spawn("connection", async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    traffic: Traffic,
    shutdown: CancellationToken,
) {
    // Frames are small and wanted now.
    let _ = stream.set_nodelay(true);
    let stream = TokioIo::new(Unstalled::new(stream, STALL, traffic));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(stream, TowerToHyperService::new(router))
        .with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(DRAIN, connection).await {
                Ok(result) => result,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "connection broke");
    }
}
