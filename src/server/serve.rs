//! Accepts TCP connections and serves HTTP on them until shutdown. Memory and connections are bounded: head
//! size, send buffer and the number of connections are limited, and slow clients are disconnected.

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
use request::{ConnectionService, REQUEST_TIMEOUT};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};
use std::{io, net::SocketAddr, pin::pin, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use write_timeout::WRITE_STALL;

/// Longest head of a request, in bytes. Browsers and proxies send 1 to 4 KiB, with large cookies of other
/// software on the same host 8; an incomplete head keeps its memory. A longer one is answered with 431, as
/// is one of more than a hundred headers.
const MAX_HEAD: usize = 16 * 1024;
/// The kernel's send buffer per client, in bytes. A larger one would only hide that a client is slow, and
/// cost memory for each of a thousand clients.
const SEND_BUFFER: usize = 64 * 1024;
/// Connections that the kernel may queue until they are accepted; the system may limit it further. A client
/// whose connection finds the queue full retries after a second or more.
const BACKLOG: i32 = 4096;
/// Most HTTP connections at once. WebSockets and event streams are not included: the gate counts those.
const MAX_CONNECTIONS: usize = 4096;
/// How long a request in progress may take to finish at shutdown: longer than the timeout of an action, and
/// shorter than [`GRACE`](super::shutdown::GRACE).
const DRAIN: Duration = Duration::from_secs(7);
/// How long to wait after a connection could not be accepted, e.g. for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The answer to a connection for which no slot could be freed.
const NO_SLOT: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\
    Connection: close\r\n\r\n";

/// Listens on `address`.
///
/// # Errors
/// When the address cannot be bound, e.g. because another process listens there.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // So that a restart need not wait for connections of the last run to leave TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    // Accepted connections inherit it.
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
                let Some(slot) = connections.register(address.ip()) else {
                    // Sent only as far as possible without waiting.
                    let _ = stream.try_write(NO_SLOT);
                    continue;
                };
                let connection =
                    connection(stream, slot, router.clone(), traffic.clone(), token.clone());
                shutdown.spawn("connection", connection);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                if is_out_of_descriptors(&error) {
                    connections.evict();
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

async fn connection(
    stream: TcpStream,
    slot: Connection,
    router: Router,
    traffic: Traffic,
    shutdown: CancellationToken,
) {
    // Frames are small and must not wait for more.
    let _ = stream.set_nodelay(true);
    let stream = TokioIo::new(WriteTimeout::new(
        stream,
        WRITE_STALL,
        traffic,
        slot.clone(),
    ));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // It ends idle connections, too.
        .header_read_timeout(REQUEST_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .serve_connection(stream, ConnectionService::new(router, slot.clone()))
        .with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = slot.closing() => {
            tracing::debug!("connection closed to free its slot");
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
