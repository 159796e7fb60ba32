//! The server's end of a WebSocket (RFC 6455), as far as Deckwatch needs one: no extensions, whole
//! messages of bounded length, and next to nothing kept for a connection on which nothing is said.
//!
//! What a client says is read through the caller's stack; memory is taken while part of a message
//! is there and given back with it. What is said to clients is shared: a frame of ours is not
//! masked, so its few bytes of header and the bytes that all clients get leave in one `writev`, and
//! nothing is copied or kept. `docs/adr/0008-own-websocket-end.md` says what that saves.
//!
//! Both halves are apart, because different tasks use them: a client's own hears it, and news is
//! brought to all of them by one.

mod assembly;
mod frame;
mod reader;
#[cfg(test)]
mod tests;
mod upgrade;
mod writer;

pub use assembly::{Fault, Incoming};
pub use reader::Reader;
pub use upgrade::{NoUpgrade, Upgrade};
pub use writer::Writer;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
};

/// The server's end of one connection, in its two halves.
pub type WebSocket = (Reader<OwnedReadHalf>, Writer<OwnedWriteHalf>);

/// Sends what is queued, last of all a close, and waits until the client has closed too. The caller limits the
/// time.
///
/// Closing a connection while something unread is there would make the kernel reset it, and the
/// client never learn why; so everything is read to the end.
pub async fn close<R, W>(mut reader: Reader<R>, mut writer: Writer<W>)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    if writer.flush().await.is_err() {
        return;
    }
    reader.until_goodbye().await;
    if writer.shutdown().await.is_ok() {
        reader.drain().await;
    }
}
