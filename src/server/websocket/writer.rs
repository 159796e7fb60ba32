//! The write half: queues messages and writes them as frames, without copying payloads.

use super::{
    frame::{Head, Opcode},
    message::{CloseFrame, Message},
};
use crate::server::instruments::Instruments;
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

/// Frames per `writev`: many log lines, with two parts each, and fewer than the 1,024 parts that the kernel
/// accepts.
const FRAMES_AT_ONCE: usize = 64;
/// Longest frame, in bytes, that is copied behind its header and written with one `send`.
const SHORT: usize = 2 * 1024;
/// Longest reason of a close frame, in bytes (RFC 6455, 5.5: 125 with the code).
const MAX_REASON: usize = 123;

/// The write half of a connection.
#[derive(Debug)]
pub struct Writer<W> {
    stream: W,
    /// Queued frames, in order.
    outgoing: VecDeque<(Head, Bytes)>,
    /// Bytes of the first frame in `outgoing` that were already written.
    written_of_first: usize,
    /// Counts sent messages, and those that never will be, if set.
    instruments: Option<Instruments>,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// A writer on `stream` after the upgrade.
    pub const fn new(stream: W) -> Self {
        Self {
            stream,
            outgoing: VecDeque::new(),
            written_of_first: 0,
            instruments: None,
        }
    }

    /// Counts messages in `instruments` from now on.
    pub fn count(&mut self, instruments: Instruments) {
        self.instruments = Some(instruments);
    }

    /// Queues a message; [`Self::poll_flush`] sends it.
    pub fn queue(&mut self, message: Message) {
        let (opcode, payload) = match message {
            Message::Text(text) => (Opcode::Text, text.into_bytes()),
            Message::Binary(bytes) => (Opcode::Binary, bytes),
            Message::Ping(bytes) => (Opcode::Ping, bytes),
            Message::Pong(bytes) => (Opcode::Pong, bytes),
            Message::Close(frame) => (Opcode::Close, close_payload(frame)),
        };
        let head = Head::new(opcode, payload.len());
        self.outgoing.push_back((head, payload));
    }

    /// Drops the queued frames, except the rest of a frame that was partly written.
    pub fn abandon(&mut self) {
        let kept = usize::from(self.written_of_first > 0);
        self.count_unsent(kept);
        self.outgoing.truncate(kept);
    }

    /// Whether no frame is queued.
    pub fn is_empty(&self) -> bool {
        self.outgoing.is_empty()
    }

    /// Sends the queued frames. Cancel safe: the next call sends the rest.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// The polling form of [`Self::flush`].
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
        // Frees the memory of the queue, too.
        self.outgoing = VecDeque::new();
        Poll::Ready(Ok(()))
    }

    /// Closes the write direction of the stream.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut self.stream).poll_shutdown(cx)).await
    }

    fn poll_write_short(&mut self, cx: &mut Context<'_>) -> Option<Poll<io::Result<usize>>> {
        let mut room = [0; SHORT];
        let frame = self.short(&mut room)?;
        Some(Pin::new(&mut self.stream).poll_write(cx, frame))
    }

    /// The unwritten rest of the queue if it is a single short frame, as for nearly every tick: copying the
    /// payload behind its header costs less than making the kernel gather two parts.
    fn short<'a>(&self, room: &'a mut [u8; SHORT]) -> Option<&'a [u8]> {
        let (head, payload) = self.outgoing.front()?;
        let head = head.bytes();
        let length = head.len() + payload.len();
        if self.outgoing.len() > 1 || length > SHORT {
            return None;
        }
        room.get_mut(..head.len())?.copy_from_slice(head);
        room.get_mut(head.len()..length)?.copy_from_slice(payload);
        room.get(self.written_of_first..length)
    }

    fn poll_write_parts(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut parts = [IoSlice::new(&[]); 2 * FRAMES_AT_ONCE];
        let mut used = 0;
        let mut skip = self.written_of_first;
        let frames = self.outgoing.iter().take(FRAMES_AT_ONCE);
        for part in frames.flat_map(|(head, payload)| [head.bytes(), payload]) {
            // Skips the bytes of the first frame that were already written.
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
        self.written_of_first += written;
        let mut complete = 0;
        while let Some((head, payload)) = self.outgoing.front() {
            let length = head.bytes().len() + payload.len();
            if self.written_of_first < length {
                break;
            }
            self.written_of_first -= length;
            self.outgoing.pop_front();
            complete += 1;
        }
        if let Some(instruments) = &self.instruments {
            instruments.sent(complete, written as u64);
        }
    }
}

impl<W> Writer<W> {
    /// Counts the queued messages behind the first `kept` frames as failed.
    fn count_unsent(&self, kept: usize) {
        if let Some(instruments) = &self.instruments {
            let unsent = self.outgoing.iter().skip(kept);
            let messages = unsent.filter(|(head, _)| head.is_message()).count();
            instruments.not_sent(messages as u64);
        }
    }
}

impl<W> Drop for Writer<W> {
    fn drop(&mut self) {
        self.count_unsent(0);
    }
}

impl<W: AsyncWrite + AsRef<TcpStream> + Unpin> Writer<W> {
    /// Sends as many queued frames as the connection accepts without waiting; returns whether that was all.
    /// To wait for the rest, use [`Self::poll_flush`].
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn try_flush(&mut self) -> io::Result<bool> {
        let mut room = [0; SHORT];
        if let Some(frame) = self.short(&mut room) {
            // Calls the kernel directly: asking the runtime first whether the socket is writable costs more
            // than an occasional `EAGAIN`.
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            match send(self.stream.as_ref(), frame, flags) {
                Ok(written) => self.advance(written),
                Err(Errno::AGAIN | Errno::INTR) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        let mut noop = Context::from_waker(Waker::noop());
        match self.poll_flush(&mut noop) {
            Poll::Ready(sent) => sent.map(|()| true),
            Poll::Pending => Ok(false),
        }
    }
}

/// The code in network byte order, then the reason, truncated to [`MAX_REASON`].
fn close_payload(frame: Option<CloseFrame>) -> Bytes {
    let Some(CloseFrame { code, reason }) = frame else {
        return Bytes::new();
    };
    let end = reason.floor_char_boundary(MAX_REASON);
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(reason.get(..end).unwrap_or_default().as_bytes());
    payload.into()
}
