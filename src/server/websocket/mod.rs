//! The server side of a WebSocket (RFC 6455), reduced to what Deckwatch needs: no extensions, complete
//! messages of bounded length, and almost no memory per idle connection.
//!
//! Incoming bytes are read through the caller's stack; heap memory is allocated only while a message is
//! incomplete and freed with it. Outgoing payloads are shared between clients: server frames are not
//! masked, so the few header bytes and the shared payload leave in one `writev`, and nothing is copied or
//! kept. `docs/adr/0008-own-websocket-end.md` has the figures.
//!
//! The two halves are separate because different tasks own them: each client has its own reader task, while
//! one delivery task writes to all clients.

mod assembly;
mod frame;
#[cfg(test)]
mod fuzz;
mod message;
mod reader;
#[cfg(test)]
mod tests;
mod upgrade;
mod writer;

pub use assembly::{Fault, Incoming};
pub use message::{CloseFrame, Message};
pub use reader::Reader;
pub use upgrade::{NoUpgrade, Upgrade};
pub use writer::Writer;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
};

/// The server side of one connection: its read half and its write half.
pub type WebSocket = (Reader<OwnedReadHalf>, Writer<OwnedWriteHalf>);

/// Sends the queued frames, the last of which is a close frame, and waits until the client has closed too.
/// It has no timeout of its own; the caller sets one.
///
/// Closing a connection with unread bytes makes the kernel reset it, and the client might never see the
/// close code; so everything is read until the end of the stream.
pub async fn close<R, W>(mut reader: Reader<R>, mut writer: Writer<W>)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    if writer.flush().await.is_err() {
        return;
    }
    reader.until_close().await;
    if writer.shutdown().await.is_ok() {
        reader.drain().await;
    }
}
