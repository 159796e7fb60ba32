//! The read half: reads bytes from the stream and returns complete messages.

use super::assembly::{Assembly, Fault, Incoming};
use std::{
    future::poll_fn,
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, ReadBuf};

/// Size of the read buffer, which is on the stack: client messages are short.
const CHUNK: usize = 2 * 1024;

/// The read half of a connection.
#[derive(Debug)]
pub struct Reader<R> {
    stream: R,
    assembly: Assembly,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// A reader on `stream` after the upgrade. `read` are the bytes of the client that were already read
    /// with the request; its messages may have up to `max_message` bytes.
    pub fn new(stream: R, read: &[u8], max_message: usize) -> Self {
        let mut assembly = Assembly::new(max_message);
        assembly.push(read);
        Self { stream, assembly }
    }

    /// Waits for the next message. Cancel safe.
    ///
    /// # Errors
    /// When the client violates the protocol or the connection has ended. Every later call fails, too.
    pub async fn receive(&mut self) -> Result<Incoming, Fault> {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Fault>> {
        loop {
            if let Some(message) = self.assembly.next()? {
                return Poll::Ready(Ok(message));
            }
            let mut chunk = [MaybeUninit::uninit(); CHUNK];
            let mut chunk = ReadBuf::uninit(&mut chunk);
            match ready!(self.poll_read(cx, &mut chunk)) {
                Ok(0) | Err(_) => return Poll::Ready(Err(Fault::Gone)),
                Ok(_) => self.assembly.push(chunk.filled()),
            }
        }
    }

    /// Waits for a close frame or a fault.
    pub(super) async fn until_close(&mut self) {
        while !matches!(self.receive().await, Ok(Incoming::Close(_)) | Err(_)) {}
    }

    /// Reads and drops bytes until the end of the stream.
    pub(super) async fn drain(&mut self) {
        let mut read = |cx: &mut Context<'_>| {
            let mut chunk = [MaybeUninit::uninit(); CHUNK];
            self.poll_read(cx, &mut ReadBuf::uninit(&mut chunk))
        };
        while matches!(poll_fn(&mut read).await, Ok(n) if n > 0) {}
    }

    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        chunk: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, chunk);
        read.map_ok(|()| chunk.filled().len())
    }
}
