//! Accepting connections.

mod connections;
mod peer;
mod request;
#[cfg(test)]
mod tests;
mod traffic;
mod write_timeout;

pub use connections::Connection;
pub use peer::Peer;
pub use traffic::Traffic;
pub(super) use write_timeout::WriteTimeout;

use super::{health::Heartbeat, shutdown::Shutdown};
use axum::Router;
use connections::Connections;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use request::{REQUEST_TIMEOUT, Served};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};
use std::{io, net::SocketAddr, pin::pin, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use write_timeout::STALL;

/// Longest head of a request. Browsers and proxies send 1 to 4 KiB, with large cookies of other software on
/// the same host 8; a head takes its memory for as long as it is incomplete. A longer one is answered by 431,
/// as is one of more than a hundred headers.
const MAX_HEAD: usize = 16 * 1024;
/// What the kernel may hold for one client. More would only hide that a client is slow, and cost
/// memory for each of a thousand.
const SEND_BUFFER: usize = 64 * 1024;
/// Connections the kernel may hold until we accept them; it may be set to hold fewer. One that finds no room
/// there is tried again by its client after a second or more.
const BACKLOG: i32 = 4096;
/// HTTP connections at most. Those that became WebSockets or serve a stream are counted by the gate instead.
const MAX_CONNECTIONS: usize = 4096;
/// How long a request in progress may take to finish at shutdown: longer than the wait for an action's
/// answer, and shorter than what tasks may take to end.
const DRAIN: Duration = Duration::from_secs(7);
/// How long to wait when no connection can be accepted, e.g. for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The answer to a connection for which no other could be closed.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\
    Connection: close\r\n\r\n";

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
pub async fn serve(
    listener: TcpListener,
    router: Router,
    traffic: Traffic,
    mut heartbeat: Heartbeat,
    shutdown: Shutdown,
) {
    let connections = Connections::new(MAX_CONNECTIONS);
    let token = shutdown.token();
    loop {
        let accepted = tokio::select! {
            () = token.cancelled() => return,
            () = heartbeat.due() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => {
                let Some(place) = connections.enter(address.ip().into()) else {
                    // As much of an answer as there is without waiting.
                    let _ = stream.try_write(NO_ROOM);
                    continue;
                };
                let connection = connection(
                    stream,
                    place,
                    router.clone(),
                    traffic.clone(),
                    token.clone(),
                );
                shutdown.spawn("connection", connection);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                if is_want_of_descriptors(&error) {
                    connections.make_room();
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_want_of_descriptors(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

async fn connection(
    stream: TcpStream,
    place: Connection,
    router: Router,
    traffic: Traffic,
    shutdown: CancellationToken,
) {
    // Frames are small and wanted now.
    let _ = stream.set_nodelay(true);
    let stream = TokioIo::new(WriteTimeout::new(stream, STALL, traffic, place.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Idle connections end after it, too.
        .header_read_timeout(REQUEST_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .serve_connection(stream, Served::new(router, place.clone()))
        .with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = place.closing() => {
            tracing::debug!("connection made room for another");
            return;
        }
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
