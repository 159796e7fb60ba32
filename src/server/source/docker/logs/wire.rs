//! The HTTP response of an engine on this machine, read from a connection of its own.
//!
//! An engine writes the lines of a chatty container one by one. An HTTP client passes them on one by one,
//! from task to task, and a socket that is registered with the runtime wakes the task at each of them; that
//! takes several times the processing of the lines. Here the consumer reads everything that is available at
//! once, and the socket is registered only while it waits.

#[cfg(test)]
mod fuzz;

use super::super::{super::EngineError, refusal};
use bollard::errors::Error;
use bytes::{Buf, BytesMut};
use std::{
    io::{self, ErrorKind, Read},
    os::unix::net,
    path::Path,
    task::{Context, Poll, ready},
};
use tokio::{io::AsyncWriteExt, net::UnixStream};

/// Size of one read: what the kernel buffers of many short writes, or two long ones.
const READ: usize = 32 * 1024;
/// Most headers of a response; engines send about ten.
const MAX_HEADERS: usize = 64;
/// Most bytes of a response's head, and of a chunk size line.
const MAX_HEAD: usize = 16 * 1024;
/// The prefix of Podman's `Server` header.
const PODMAN: &[u8] = b"Libpod/";
/// Most bytes of an error response that are read.
const MAX_FAILURE: usize = 64 * 1024;

/// The response to one request.
#[derive(Debug)]
pub(super) struct Response {
    socket: Socket,
    /// Received bytes that were not parsed yet.
    wire: BytesMut,
    phase: Phase,
    is_drained: bool,
    is_podman: bool,
}

/// The connection, registered with the runtime only while it waits.
#[derive(Debug)]
enum Socket {
    Idle(net::UnixStream),
    Watched(UnixStream),
    /// The registration could not be changed.
    Lost,
}

impl Socket {
    /// Reads the available bytes into `buffer`, or waits for some.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        loop {
            *self = match std::mem::replace(self, Self::Lost) {
                Self::Idle(mut socket) => {
                    let read = read(&mut socket, buffer);
                    let is_empty =
                        matches!(&read, Err(error) if error.kind() == ErrorKind::WouldBlock);
                    if !is_empty {
                        *self = Self::Idle(socket);
                        return Poll::Ready(read);
                    }
                    Self::Watched(UnixStream::from_std(socket)?)
                }
                Self::Watched(socket) => {
                    if socket.poll_read_ready(cx)?.is_pending() {
                        *self = Self::Watched(socket);
                        return Poll::Pending;
                    }
                    Self::Idle(socket.into_std()?)
                }
                Self::Lost => return Poll::Ready(Err(ErrorKind::NotConnected.into())),
            }
        }
    }
}

fn read(socket: &mut net::UnixStream, buffer: &mut BytesMut) -> io::Result<usize> {
    let before = buffer.len();
    buffer.resize(before + READ, 0);
    let read = buffer
        .get_mut(before..)
        .map_or(Ok(0), |room| socket.read(room));
    buffer.truncate(before + read.as_ref().map_or(0, |n| *n));
    read
}

/// The part of the response that is parsed next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Status and headers.
    Head,
    /// A body until the end of the connection.
    Plain,
    /// A chunked body (RFC 9112, 7.1): the size of the next chunk …
    Size,
    /// … the remaining bytes of a chunk …
    Chunk(u64),
    /// … the remaining bytes of the line end after a chunk …
    LineEnd(usize),
    /// … or the end of the body.
    End,
    /// The body of an error response with this status.
    Failure(u16),
}

impl Response {
    /// Sends a request for `path` to the engine at `socket`.
    ///
    /// # Errors
    /// When the engine cannot be reached.
    pub(super) async fn to(socket: &Path, path: &str) -> io::Result<Self> {
        let mut socket = UnixStream::connect(socket).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await?;
        Ok(Self {
            socket: Socket::Watched(socket),
            wire: BytesMut::new(),
            phase: Phase::Head,
            is_drained: false,
            is_podman: false,
        })
    }

    /// Waits for the head of the response. Body bytes that arrived with it are appended to `body`.
    ///
    /// # Errors
    /// When the response cannot be read, or is an error.
    pub(super) fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut BytesMut,
    ) -> Poll<Result<(), EngineError>> {
        while matches!(self.phase, Phase::Head | Phase::Failure(_)) {
            if ready!(self.poll_wire(cx, body))? {
                return Poll::Ready(Err(connection_lost()));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Appends received bytes to `body`, waiting for at least one; returns whether the body continues.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut BytesMut,
    ) -> Poll<Result<bool, EngineError>> {
        let before = body.len();
        loop {
            // The body may have ended together with the head.
            if self.phase == Phase::End {
                return Poll::Ready(Ok(false));
            }
            let is_ended = ready!(self.poll_wire(cx, body))?;
            match self.phase {
                Phase::End => return Poll::Ready(Ok(false)),
                Phase::Plain if is_ended => return Poll::Ready(Ok(false)),
                _ if is_ended => return Poll::Ready(Err(connection_lost())),
                _ if body.len() > before => return Poll::Ready(Ok(true)),
                _ => {}
            }
        }
    }

    /// Reads and parses what is available, or waits for it; returns whether the connection has ended.
    fn poll_wire(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut BytesMut,
    ) -> Poll<Result<bool, EngineError>> {
        let is_ended = match ready!(self.socket.poll_read(cx, &mut self.wire)) {
            Ok(n) => {
                self.is_drained = n < READ;
                n == 0
            }
            Err(error) => return Poll::Ready(Err(EngineError::Unavailable(error.to_string()))),
        };
        self.parse_available(body, is_ended)?;
        Poll::Ready(Ok(is_ended))
    }

    /// Whether the engine is Podman, by its `Server` header. Known once the head was read.
    pub(super) const fn is_podman(&self) -> bool {
        self.is_podman
    }

    /// Whether the last read has emptied the kernel's buffer.
    pub(super) const fn is_drained(&self) -> bool {
        self.is_drained
    }

    /// Parses as much of the received bytes as is complete.
    fn parse_available(&mut self, body: &mut BytesMut, is_ended: bool) -> Result<(), EngineError> {
        loop {
            let before = (self.phase, self.wire.len());
            self.phase = match self.phase {
                Phase::Head => self.head()?,
                Phase::Plain => {
                    body.extend_from_slice(&self.wire.split());
                    Phase::Plain
                }
                Phase::Size => self.size()?,
                Phase::Chunk(left) => {
                    let here = usize::try_from(left)
                        .map_or(self.wire.len(), |left| left.min(self.wire.len()));
                    body.extend_from_slice(&self.wire.split_to(here));
                    match left - here as u64 {
                        0 => Phase::LineEnd(2),
                        left => Phase::Chunk(left),
                    }
                }
                Phase::LineEnd(left) => {
                    let here = left.min(self.wire.len());
                    self.wire.advance(here);
                    if here == left {
                        Phase::Size
                    } else {
                        Phase::LineEnd(left - here)
                    }
                }
                Phase::End => return Ok(()),
                Phase::Failure(status) => return self.failure(status, is_ended),
            };
            if before == (self.phase, self.wire.len()) {
                return Ok(());
            }
        }
    }

    fn head(&mut self) -> Result<Phase, EngineError> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let length = match response.parse(&self.wire) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if self.wire.len() <= MAX_HEAD => return Ok(Phase::Head),
            _ => return Err(not_http()),
        };
        let is_chunked = response.headers.iter().any(|header| {
            header.name.eq_ignore_ascii_case("transfer-encoding")
                && header.value.eq_ignore_ascii_case(b"chunked")
        });
        self.is_podman = response.headers.iter().any(|header| {
            header.name.eq_ignore_ascii_case("server") && header.value.starts_with(PODMAN)
        });
        let phase = match response.code {
            Some(200) if is_chunked => Phase::Size,
            Some(200) => Phase::Plain,
            status => Phase::Failure(status.unwrap_or_default()),
        };
        self.wire.advance(length);
        Ok(phase)
    }

    fn size(&mut self) -> Result<Phase, EngineError> {
        match httparse::parse_chunk_size(&self.wire) {
            Ok(httparse::Status::Complete((_, 0))) => Ok(Phase::End),
            Ok(httparse::Status::Complete((length, size))) => {
                self.wire.advance(length);
                Ok(Phase::Chunk(size))
            }
            Ok(httparse::Status::Partial) if self.wire.len() <= MAX_HEAD => Ok(Phase::Size),
            _ => Err(not_http()),
        }
    }

    /// Returns the error of an error response, once its body is complete or long enough.
    fn failure(&self, status_code: u16, is_ended: bool) -> Result<(), EngineError> {
        if !is_ended && self.wire.len() < MAX_FAILURE {
            return Ok(());
        }
        if let 401 | 403 = status_code {
            let message = refusal::forbidden("GET /containers/{id}/logs", status_code, "");
            return Err(EngineError::Forbidden(message));
        }
        // The body may be chunked; the bytes between chunks are outside of the JSON object.
        let text = String::from_utf8_lossy(&self.wire);
        let json = text
            .find('{')
            .zip(text.rfind('}'))
            .and_then(|(from, to)| text.get(from..=to));
        let described: Option<serde_json::Value> =
            json.and_then(|json| serde_json::from_str(json).ok());
        let message = described
            .as_ref()
            .and_then(|value| value.get("message")?.as_str());
        Err(EngineError::from(Error::DockerResponseServerError {
            status_code,
            message: message.unwrap_or_default().to_owned(),
        }))
    }
}

fn connection_lost() -> EngineError {
    EngineError::Unavailable("the connection was cut".to_owned())
}

fn not_http() -> EngineError {
    EngineError::Failed("the engine does not speak HTTP".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const MISSING: &str = "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n\r\n";

    /// The body that is read of `bytes` in pieces of `cut` bytes.
    async fn read(bytes: &[u8], cut: usize) -> Result<Vec<u8>, EngineError> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut response = Response {
            socket: Socket::Watched(ours),
            wire: BytesMut::new(),
            phase: Phase::Head,
            is_drained: false,
            is_podman: false,
        };
        let server = async {
            for piece in bytes.chunks(cut) {
                // The reader may already have failed.
                if theirs.write_all(piece).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(theirs);
        };
        let client = async move {
            let mut body = BytesMut::new();
            while poll_fn(|cx| response.poll_read(cx, &mut body)).await? {}
            Ok(body.to_vec())
        };
        tokio::join!(server, client).1
    }

    #[tokio::test]
    async fn a_body_does_not_depend_on_how_it_is_split() {
        let chunked = format!("{CHUNKED}3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n");
        let plain = "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nabc0123456789";
        for cut in [1, 2, 3, 7, 1_000] {
            for text in [&chunked, plain] {
                let body = read(text.as_bytes(), cut).await.unwrap();
                assert_eq!(body, b"abc0123456789", "{cut} {text}");
            }
        }
    }

    #[tokio::test]
    async fn an_incomplete_chunked_body_is_a_lost_connection() {
        for rest in ["", "3\r\nab", "3\r\nabc", "3\r\nabc\r\n", "3\r\nabc\r\n0"] {
            let cut = read(format!("{CHUNKED}{rest}").as_bytes(), 4).await;
            assert!(matches!(cut, Err(EngineError::Unavailable(_))), "{rest}");
        }
    }

    #[tokio::test]
    async fn an_error_response_yields_its_message() {
        let plain = format!("{MISSING}{{\"message\":\"No such container: x\"}}");
        let chunked = format!(
            "{}1c\r\n{{\"message\":\"is not running\"}}\r\n0\r\n\r\n",
            CHUNKED.replace("200 OK", "409 Conflict")
        );
        for cut in [1, 50, 1_000] {
            assert_eq!(
                read(plain.as_bytes(), cut).await,
                Err(EngineError::NotFound)
            );
            let conflict = read(chunked.as_bytes(), cut).await;
            assert_eq!(
                conflict,
                Err(EngineError::Conflict("is not running".into()))
            );
        }
    }

    #[tokio::test]
    async fn a_response_that_is_not_http_is_refused() {
        let endless = format!("{CHUNKED}3;{}", "x".repeat(2 * MAX_HEAD));
        for bytes in [
            endless.as_bytes(),
            &b"\x15\x03\x01\0\x02\x02P"[..],
            &[b'x'; 40_000],
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        ] {
            assert!(matches!(
                read(bytes, 100).await,
                Err(EngineError::Failed(_))
            ));
        }
    }
}
