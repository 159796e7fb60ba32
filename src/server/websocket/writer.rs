//! What is said to a client.

use super::frame::{Head, Opcode};
use crate::server::instruments::Instruments;
use axum::extract::ws::{CloseFrame, Message};
use bytes::Bytes;
use rustix::{
    io::Errno,
    net::{SendFlags, send},
};
use std::{
    collections::VecDeque,
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};
use tokio::{io::AsyncWrite, net::TcpStream};

/// Frames written at once: many lines of a log, and still less than the kernel takes (1,024 parts).
const FRAMES_AT_ONCE: usize = 64;
/// Bytes of a frame that is copied beside its header before it is written.
const SHORT: usize = 2 * 1024;
/// Longest reason of a close (RFC 6455, 5.5: 125 bytes with its code).
const MAX_REASON: usize = 123;

/// The half of a connection that says something to the client.
#[derive(Debug)]
pub struct Writer<W> {
    stream: W,
    /// What is to be sent, in order.
    outgoing: VecDeque<(Head, Bytes)>,
    /// Bytes of the first frame in `outgoing` that have left.
    left: usize,
    /// Where what has left is counted.
    instruments: Option<Instruments>,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// On a stream on which both have agreed to speak so.
    pub const fn new(stream: W) -> Self {
        Self {
            stream,
            outgoing: VecDeque::new(),
            left: 0,
            instruments: None,
        }
    }

    /// Counts what leaves from now on.
    pub fn count(&mut self, instruments: Instruments) {
        self.instruments = Some(instruments);
    }

    /// Adds a message to what is to be sent.
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

    /// Drops what is to be sent, except the rest of a frame that has begun to leave.
    pub fn abandon(&mut self) {
        self.outgoing.truncate(usize::from(self.left > 0));
    }

    /// Whether nothing is waiting to be sent.
    pub fn is_empty(&self) -> bool {
        self.outgoing.is_empty()
    }

    /// Sends what was queued. When cancelled, the rest goes out with the next call.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// The same, as far as the connection takes it now.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
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

    /// Says that nothing more comes from this side.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut self.stream).poll_shutdown(cx)).await
    }

    fn poll_write_short(&mut self, cx: &mut Context<'_>) -> Option<Poll<io::Result<usize>>> {
        let mut room = [0; SHORT];
        let frame = self.short(&mut room)?;
        Some(Pin::new(&mut self.stream).poll_write(cx, frame))
    }

    /// What is left of a lone short frame, which is what nearly every tick is: to copy it beside its
    /// header costs less than to make the kernel gather two parts.
    fn short<'a>(&self, room: &'a mut [u8; SHORT]) -> Option<&'a [u8]> {
        let (head, payload) = self.outgoing.front()?;
        let head = head.bytes();
        let length = head.len() + payload.len();
        if self.outgoing.len() > 1 || length > SHORT {
            return None;
        }
        room.get_mut(..head.len())?.copy_from_slice(head);
        room.get_mut(head.len()..length)?.copy_from_slice(payload);
        room.get(self.left..length)
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
        let mut complete = 0;
        while let Some((head, payload)) = self.outgoing.front() {
            let length = head.bytes().len() + payload.len();
            if self.left < length {
                break;
            }
            self.left -= length;
            self.outgoing.pop_front();
            complete += 1;
        }
        if let Some(instruments) = &self.instruments {
            instruments.sent(complete, written as u64);
        }
    }
}

impl<W: AsyncWrite + AsRef<TcpStream> + Unpin> Writer<W> {
    /// Sends what was queued as far as the connection takes it now; whether that was all. Who waits
    /// for it to take more has to ask [`Self::poll_flush`].
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn try_flush(&mut self) -> io::Result<bool> {
        let mut room = [0; SHORT];
        if let Some(frame) = self.short(&mut room) {
            // Straight to the kernel: to ask the runtime first whether it may be so costs more than
            // to receive from the kernel, now and then, that it may not.
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            match send(self.stream.as_ref(), frame, flags) {
                Ok(written) => self.advance(written),
                Err(Errno::AGAIN | Errno::INTR) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        let mut nobody = Context::from_waker(Waker::noop());
        match self.poll_flush(&mut nobody) {
            Poll::Ready(sent) => sent.map(|()| true),
            Poll::Pending => Ok(false),
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
