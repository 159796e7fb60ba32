//! The answer of an engine on this machine, read from a connection of its own.
//!
//! An engine writes a chatty container's lines one by one. An HTTP client hands them on one by one,
//! from task to task, and a socket that the runtime watches wakes it at every one of them: that takes
//! several times what the lines take. Here whatever has come is read at once, by who wants it, and
//! the runtime watches the socket only while that is waited for.

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

/// Bytes read at once: what the kernel holds of many short writes, or two long ones.
const READ: usize = 32 * 1024;
/// Headers an engine answers with: it has about ten.
const MAX_HEADERS: usize = 64;
/// Bytes of those together, and of what may stand beside the size of a chunk.
const MAX_HEAD: usize = 16 * 1024;
/// What Podman calls itself in its answer's `Server` header.
const PODMAN: &[u8] = b"Libpod/";
/// Bytes of a failure's description that are read.
const MAX_FAILURE: usize = 64 * 1024;

/// The answer to one request.
#[derive(Debug)]
pub(super) struct Answer {
    socket: Socket,
    /// What came and is not understood yet.
    wire: BytesMut,
    form: Form,
    is_drained: bool,
    is_podman: bool,
}

/// The connection, which nobody watches, or which the runtime does.
#[derive(Debug)]
enum Socket {
    Idle(net::UnixStream),
    Watched(UnixStream),
    /// It could not be handed over.
    Lost,
}

impl Socket {
    /// Reads into `buffer` what is there, or waits for something.
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

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Status and headers.
    Head,
    /// All of it is the body.
    Plain,
    /// The body in chunks (RFC 9112, 7.1): their next size …
    Size,
    /// … so many bytes of one …
    Chunk(u64),
    /// … so many of the line end behind it …
    LineEnd(usize),
    /// … or no more of them.
    End,
    /// Why there is no log.
    Failure(u16),
}

impl Answer {
    /// Asks the engine at `socket` for `path`.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(super) async fn to(socket: &Path, path: &str) -> io::Result<Self> {
        let mut socket = UnixStream::connect(socket).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await?;
        Ok(Self {
            socket: Socket::Watched(socket),
            wire: BytesMut::new(),
            form: Form::Head,
            is_drained: false,
            is_podman: false,
        })
    }

    /// Waits until the engine has begun to answer. What has come of the body by then is added to it.
    ///
    /// # Errors
    /// When it cannot be read, and why there is no log.
    pub(super) fn poll_begin(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut BytesMut,
    ) -> Poll<Result<(), EngineError>> {
        while matches!(self.form, Form::Head | Form::Failure(_)) {
            if ready!(self.poll_wire(cx, body))? {
                return Poll::Ready(Err(cut()));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Adds what has come to `body`, or waits until something has. Says whether there is more to come.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut BytesMut,
    ) -> Poll<Result<bool, EngineError>> {
        let before = body.len();
        loop {
            // It may have ended with the head.
            if self.form == Form::End {
                return Poll::Ready(Ok(false));
            }
            let is_over = ready!(self.poll_wire(cx, body))?;
            match self.form {
                Form::End => return Poll::Ready(Ok(false)),
                Form::Plain if is_over => return Poll::Ready(Ok(false)),
                _ if is_over => return Poll::Ready(Err(cut())),
                _ if body.len() > before => return Poll::Ready(Ok(true)),
                _ => {}
            }
        }
    }

    /// Takes what has come, or waits for it. Says whether the connection has ended.
    fn poll_wire(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut BytesMut,
    ) -> Poll<Result<bool, EngineError>> {
        let is_over = match ready!(self.socket.poll_read(cx, &mut self.wire)) {
            Ok(n) => {
                self.is_drained = n < READ;
                n == 0
            }
            Err(error) => return Poll::Ready(Err(EngineError::Unavailable(error.to_string()))),
        };
        self.understand(body, is_over)?;
        Poll::Ready(Ok(is_over))
    }

    /// Whether the engine says that it is Podman. Known once it has begun to answer.
    pub(super) const fn is_podman(&self) -> bool {
        self.is_podman
    }

    /// Whether all that had come was read.
    pub(super) const fn is_drained(&self) -> bool {
        self.is_drained
    }

    /// Takes from the wire all that makes sense by itself.
    fn understand(&mut self, body: &mut BytesMut, is_over: bool) -> Result<(), EngineError> {
        loop {
            let before = (self.form, self.wire.len());
            self.form = match self.form {
                Form::Head => self.head()?,
                Form::Plain => {
                    body.extend_from_slice(&self.wire.split());
                    Form::Plain
                }
                Form::Size => self.size()?,
                Form::Chunk(left) => {
                    let here = usize::try_from(left)
                        .map_or(self.wire.len(), |left| left.min(self.wire.len()));
                    body.extend_from_slice(&self.wire.split_to(here));
                    match left - here as u64 {
                        0 => Form::LineEnd(2),
                        left => Form::Chunk(left),
                    }
                }
                Form::LineEnd(left) => {
                    let here = left.min(self.wire.len());
                    self.wire.advance(here);
                    if here == left {
                        Form::Size
                    } else {
                        Form::LineEnd(left - here)
                    }
                }
                Form::End => return Ok(()),
                Form::Failure(status) => return self.failure(status, is_over),
            };
            if before == (self.form, self.wire.len()) {
                return Ok(());
            }
        }
    }

    fn head(&mut self) -> Result<Form, EngineError> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let length = match response.parse(&self.wire) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if self.wire.len() <= MAX_HEAD => return Ok(Form::Head),
            _ => return Err(nonsense()),
        };
        let is_chunked = response.headers.iter().any(|header| {
            header.name.eq_ignore_ascii_case("transfer-encoding")
                && header.value.eq_ignore_ascii_case(b"chunked")
        });
        self.is_podman = response.headers.iter().any(|header| {
            header.name.eq_ignore_ascii_case("server") && header.value.starts_with(PODMAN)
        });
        let form = match response.code {
            Some(200) if is_chunked => Form::Size,
            Some(200) => Form::Plain,
            status => Form::Failure(status.unwrap_or_default()),
        };
        self.wire.advance(length);
        Ok(form)
    }

    fn size(&mut self) -> Result<Form, EngineError> {
        match httparse::parse_chunk_size(&self.wire) {
            Ok(httparse::Status::Complete((_, 0))) => Ok(Form::End),
            Ok(httparse::Status::Complete((length, size))) => {
                self.wire.advance(length);
                Ok(Form::Chunk(size))
            }
            Ok(httparse::Status::Partial) if self.wire.len() <= MAX_HEAD => Ok(Form::Size),
            _ => Err(nonsense()),
        }
    }

    /// Fails with the reason, once it is there as far as it is read.
    fn failure(&self, status_code: u16, is_over: bool) -> Result<(), EngineError> {
        if !is_over && self.wire.len() < MAX_FAILURE {
            return Ok(());
        }
        if let 401 | 403 = status_code {
            let message = refusal::forbidden("GET /containers/{id}/logs", status_code, "");
            return Err(EngineError::Forbidden(message));
        }
        // It may be in chunks; what is between them is not JSON.
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

fn cut() -> EngineError {
    EngineError::Unavailable("the connection was cut".to_owned())
}

fn nonsense() -> EngineError {
    EngineError::Failed("the engine does not speak HTTP".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const MISSING: &str = "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n\r\n";

    /// What is read of `bytes`, which come in pieces of `cut`.
    async fn read(bytes: &[u8], cut: usize) -> Result<Vec<u8>, EngineError> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut answer = Answer {
            socket: Socket::Watched(ours),
            wire: BytesMut::new(),
            form: Form::Head,
            is_drained: false,
            is_podman: false,
        };
        let server = async {
            for piece in bytes.chunks(cut) {
                // It may have had enough.
                if theirs.write_all(piece).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(theirs);
        };
        let client = async move {
            let mut body = BytesMut::new();
            while poll_fn(|cx| answer.poll_read(cx, &mut body)).await? {}
            Ok(body.to_vec())
        };
        tokio::join!(server, client).1
    }

    #[tokio::test]
    async fn a_body_is_the_same_however_it_comes() {
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
    async fn chunks_that_do_not_end_are_cut() {
        for rest in ["", "3\r\nab", "3\r\nabc", "3\r\nabc\r\n", "3\r\nabc\r\n0"] {
            let cut = read(format!("{CHUNKED}{rest}").as_bytes(), 4).await;
            assert!(matches!(cut, Err(EngineError::Unavailable(_))), "{rest}");
        }
    }

    #[tokio::test]
    async fn a_failure_says_why() {
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
    async fn what_is_no_http_is_refused() {
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
