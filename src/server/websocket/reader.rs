//! What a client says.

use super::assembly::{Assembly, Fault, Incoming};
use std::{
    future::poll_fn,
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, ReadBuf};

/// Bytes read at once, on the stack: clients say little.
const CHUNK: usize = 2 * 1024;

/// The half of a connection that hears what the client says.
#[derive(Debug)]
pub struct Reader<R> {
    stream: R,
    assembly: Assembly,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// On a stream on which both have agreed to speak so. `read` is what the client has already said;
    /// its messages may have so many bytes.
    pub fn new(stream: R, read: &[u8], max_message: usize) -> Self {
        let mut assembly = Assembly::new(max_message);
        assembly.push(read);
        Self { stream, assembly }
    }

    /// Waits for what the client says next. May be cancelled without a loss.
    ///
    /// # Errors
    /// When it breaks the rules, or is gone. Then nothing more can be heard.
    pub async fn receive(&mut self) -> Result<Incoming, Fault> {
        poll_fn(|cx| self.poll_hear(cx)).await
    }

    fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Fault>> {
        loop {
            if let Some(heard) = self.assembly.next()? {
                return Poll::Ready(Ok(heard));
            }
            let mut chunk = [MaybeUninit::uninit(); CHUNK];
            let mut chunk = ReadBuf::uninit(&mut chunk);
            match ready!(self.poll_read(cx, &mut chunk)) {
                Ok(0) | Err(_) => return Poll::Ready(Err(Fault::Gone)),
                Ok(_) => self.assembly.push(chunk.filled()),
            }
        }
    }

    /// Waits until the client has said goodbye, or can no longer be understood.
    pub(super) async fn until_goodbye(&mut self) {
        while !matches!(self.receive().await, Ok(Incoming::Close(_)) | Err(_)) {}
    }

    /// Reads what comes to its end, whatever it is.
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
