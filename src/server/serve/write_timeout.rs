//! A stream that fails a write on which the client makes no progress, and that closes so that the client
//! still receives the last answer.

use super::{Connection, Traffic};
use std::{
    future::Future,
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// How long a client may go on sending after the last answer. Closing a connection with unread bytes makes
/// the kernel reset it, and the answer (e.g. that a head is too long) may be lost.
const LINGER: Duration = Duration::from_secs(1);
/// Most bytes that are read and dropped in that time: several times the longest body.
const LINGER_BYTES: usize = 512 * 1024;

/// How long a write may make no progress. A slow client still reads something now and then; one that reads
/// nothing is inactive, and holds a slot and memory.
pub(super) const WRITE_STALL: Duration = Duration::from_secs(10);

/// A stream whose writes fail after a time without progress.
#[derive(Debug)]
pub(in crate::server) struct WriteTimeout<S> {
    stream: S,
    stall: Duration,
    traffic: Traffic,
    connection: Connection,
    /// Bytes that may still be read after the write direction was closed.
    lingering: usize,
    /// Set while a write or the close waits for the client.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteTimeout<S> {
    /// Wraps `stream`, the stream of `connection`. Writes fail after `stall` without progress; all bytes
    /// are added to `traffic`.
    pub(super) fn new(
        stream: S,
        stall: Duration,
        traffic: Traffic,
        connection: Connection,
    ) -> Self {
        Self {
            stream,
            stall,
            traffic,
            connection,
            lingering: LINGER_BYTES,
            deadline: None,
        }
    }

    /// The stream itself, for callers that have their own write timeout.
    pub(in crate::server) fn into_inner(self) -> S {
        self.stream
    }

    /// The result of a write, or an error when it has made no progress for too long.
    fn check_progress(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(result) = &written {
            self.traffic.add_sent(*result.as_ref().unwrap_or(&0));
            self.deadline = None;
            return written;
        }
        let stall = self.stall;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(sleep(stall)))
            .as_mut();
        deadline
            .poll(context)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeout<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let byte_count = buffer.filled().len().saturating_sub(before);
        if byte_count > 0 {
            self.traffic.add_received(byte_count);
            self.connection.bytes_received();
        }
        read
    }
}

impl<S: AsyncRead + Unpin> WriteTimeout<S> {
    /// Reads and drops what the client still sends, until it closes the connection or [`LINGER`] is over.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        if deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        while self.lingering > 0 {
            let mut chunk = [MaybeUninit::uninit(); 4 * 1024];
            let mut chunk = ReadBuf::uninit(&mut chunk);
            match ready!(Pin::new(&mut self.stream).poll_read(context, &mut chunk)) {
                Ok(()) if !chunk.filled().is_empty() => {
                    self.lingering = self.lingering.saturating_sub(chunk.filled().len());
                }
                _ => return Poll::Ready(()),
            }
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WriteTimeout<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.check_progress(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.check_progress(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        self.poll_linger(context).map(Ok)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test has no shutdown")]
mod tests {
    use super::*;
    use crate::server::serve::connections::Connections;
    use std::net::{IpAddr, Ipv4Addr};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    fn write_timeout(stream: DuplexStream) -> WriteTimeout<DuplexStream> {
        let address = IpAddr::from(Ipv4Addr::LOCALHOST);
        let connection = Connections::new(1).register(address).unwrap();
        WriteTimeout::new(stream, WRITE_STALL, Traffic::default(), connection)
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_without_progress_times_out() {
        let (ours, _theirs) = tokio::io::duplex(16);
        let error = write_timeout(ours).write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_to_a_slow_reader_does_not_time_out() {
        let (ours, mut theirs) = tokio::io::duplex(16);
        let reader = tokio::spawn(async move {
            for _ in 0..64 {
                sleep(WRITE_STALL / 2).await;
                theirs.read_u8().await.unwrap();
            }
        });
        write_timeout(ours).write_all(&[0; 64]).await.unwrap();
        reader.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn closing_reads_on_until_the_client_has_closed_too() {
        let (ours, mut theirs) = tokio::io::duplex(16);
        let mut ours = write_timeout(ours);
        let client = async {
            theirs.write_all(&[0; 1_000]).await.unwrap();
            assert_eq!(theirs.read(&mut [0]).await.unwrap(), 0);
            drop(theirs);
        };
        let (end, ()) = tokio::join!(ours.shutdown(), client);
        end.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn closing_does_not_wait_forever() {
        let (ours, mut theirs) = tokio::io::duplex(16);
        write_timeout(ours).shutdown().await.unwrap();
        let (ours, theirs_too) = tokio::io::duplex(16);
        let sender = tokio::spawn(async move {
            let (_reader, mut writer) = tokio::io::split(theirs_too);
            while writer.write_all(&[0; 16]).await.is_ok() {}
        });
        write_timeout(ours).shutdown().await.unwrap();
        sender.await.unwrap();
        assert_eq!(theirs.read(&mut [0]).await.unwrap(), 0);
    }
}
