//! The server's end of a WebSocket (RFC 6455), as far as Deckwatch needs one: no extensions, whole
//! messages of bounded length, and next to nothing kept for a connection on which nothing is said.
//!
//! What a client says is read through the caller's stack; memory is taken while part of a message
//! is there and given back with it. What is said to clients is shared: a frame of ours is not
//! masked, so its few bytes of header and the bytes that all clients get leave in one `writev`, and
//! nothing is copied or kept. `docs/adr/0011-own-websocket-end.md` says what that saves.

mod assembly;
mod frame;
#[cfg(test)]
mod tests;
mod upgrade;

pub use assembly::{Fault, Heard};
pub use upgrade::{NoUpgrade, Upgrade};

use assembly::Assembly;
use axum::extract::ws::{CloseFrame, Message};
use bytes::Bytes;
use frame::{Head, Opcode};
use std::{
    collections::VecDeque,
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// Bytes read at once, on the stack: clients say little.
const CHUNK: usize = 2 * 1024;
/// Frames written at once: many lines of a log, and still less than the kernel takes (1,024 parts).
const FRAMES_AT_ONCE: usize = 64;
/// Bytes of a frame that is copied beside its header before it is written.
const SHORT: usize = 1024;
/// Longest reason of a close (RFC 6455, 5.5: 125 bytes with its code).
const MAX_REASON: usize = 123;

/// The server's end of one connection.
#[derive(Debug)]
pub struct WebSocket<S> {
    stream: S,
    assembly: Assembly,
    /// What is to be sent, in order.
    outgoing: VecDeque<(Head, Bytes)>,
    /// Bytes of the first frame in `outgoing` that have left.
    left: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// On a stream on which both have agreed to speak so. `read` is what the client has already said;
    /// its messages may have so many bytes.
    pub fn new(stream: S, read: &[u8], max_message: usize) -> Self {
        let mut assembly = Assembly::new(max_message);
        assembly.push(read);
        Self {
            stream,
            assembly,
            outgoing: VecDeque::new(),
            left: 0,
        }
    }

    /// Waits for what the client says next. May be cancelled without a loss.
    ///
    /// # Errors
    /// When it breaks the rules, or is gone. Then nothing more can be heard.
    pub async fn hear(&mut self) -> Result<Heard, Fault> {
        poll_fn(|cx| self.poll_hear(cx)).await
    }

    fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<Result<Heard, Fault>> {
        loop {
            if let Some(heard) = self.assembly.next()? {
                return Poll::Ready(Ok(heard));
            }
            let mut chunk = [std::mem::MaybeUninit::uninit(); CHUNK];
            let mut chunk = ReadBuf::uninit(&mut chunk);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut chunk));
            if read.is_err() || chunk.filled().is_empty() {
                return Poll::Ready(Err(Fault::Gone));
            }
            self.assembly.push(chunk.filled());
        }
    }

    /// Adds a message to what [`Self::flush`] sends.
    pub fn queue(&mut self, message: Message) {
        let (opcode, payload) = match message {
            Message::Text(text) => (Opcode::Text, text.into()),
            Message::Binary(bytes) => (Opcode::Binary, bytes),
            Message::Ping(bytes) => (Opcode::Ping, bytes),
            Message::Pong(bytes) => (Opcode::Pong, bytes),
            Message::Close(frame) => (Opcode::Close, close_payload(frame)),
        };
        let head = Head::new(opcode, payload.len());
        self.outgoing.push_back((head, payload));
    }

    /// Sends what was queued. When cancelled, the rest goes out with the next call.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let written = match self.poll_write_short(cx) {
                Some(written) => ready!(written)?,
                None => ready!(self.poll_write_parts(cx))?,
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
        }
        // Its memory goes with what was in it.
        self.outgoing = VecDeque::new();
        Poll::Ready(Ok(()))
    }

    /// Writes a lone short frame, which is what nearly every tick is: to copy it beside its header
    /// costs less than to make the kernel gather two parts.
    fn poll_write_short(&mut self, cx: &mut Context<'_>) -> Option<Poll<io::Result<usize>>> {
        let (head, payload) = self.outgoing.front()?;
        let head = head.bytes();
        let length = head.len() + payload.len();
        if self.outgoing.len() > 1 || length > SHORT {
            return None;
        }
        let mut frame = [0; SHORT];
        frame.get_mut(..head.len())?.copy_from_slice(head);
        frame.get_mut(head.len()..length)?.copy_from_slice(payload);
        let rest = frame.get(self.left..length)?;
        Some(Pin::new(&mut self.stream).poll_write(cx, rest))
    }

    fn poll_write_parts(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut parts = [IoSlice::new(&[]); 2 * FRAMES_AT_ONCE];
        let mut used = 0;
        let mut skip = self.left;
        let frames = self.outgoing.iter().take(FRAMES_AT_ONCE);
        for part in frames.flat_map(|(head, payload)| [head.bytes(), payload]) {
            // Of the first frame, what has already left is passed over.
            let rest = part.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(part.len());
            if !rest.is_empty()
                && let Some(slot) = parts.get_mut(used)
            {
                *slot = IoSlice::new(rest);
                used += 1;
            }
        }
        let parts = parts.get(..used).unwrap_or_default();
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn advance(&mut self, written: usize) {
        self.left += written;
        while let Some((head, payload)) = self.outgoing.front() {
            let length = head.bytes().len() + payload.len();
            if self.left < length {
                return;
            }
            self.left -= length;
            self.outgoing.pop_front();
        }
    }

    /// Says goodbye and waits until the client has, too. The caller limits the time.
    ///
    /// Closing a connection while something unread is there would make the kernel reset it, and the
    /// client never learn why; so everything is read to the end.
    pub async fn close(mut self, frame: Option<CloseFrame>) {
        self.queue(Message::Close(frame));
        if self.flush().await.is_err() {
            return;
        }
        // Until it has closed as well, or what it says makes no sense any more.
        while !matches!(self.hear().await, Ok(Heard::Close(_)) | Err(_)) {}
        if self.stream.shutdown().await.is_err() {
            return;
        }
        poll_fn(|cx| self.poll_drain(cx)).await;
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut chunk = [std::mem::MaybeUninit::uninit(); CHUNK];
            let mut chunk = ReadBuf::uninit(&mut chunk);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut chunk));
            if read.is_err() || chunk.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }
}

/// The code in network order, then the reason as far as there is room for it.
fn close_payload(frame: Option<CloseFrame>) -> Bytes {
    let Some(CloseFrame { code, reason }) = frame else {
        return Bytes::new();
    };
    let end = reason.floor_char_boundary(MAX_REASON);
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(reason.get(..end).unwrap_or_default().as_bytes());
    payload.into()
}
