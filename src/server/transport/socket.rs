//! A WebSocket whose waits all have a timeout, and that always sends the reason for its close.

use super::outbox::Outbox;
use crate::{
    protocol::close_code,
    server::websocket::{CloseFrame, Incoming, Message, Reader, WebSocket, close},
};
use bytestring::ByteString;
use std::time::Duration;
use tokio::{net::tcp::OwnedReadHalf, time::timeout};
use tokio_util::sync::CancellationToken;

/// How long sending may take. A client that reads more slowly than this cannot follow live data.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a client that was too slow may take to read again, so that it receives the reason for the
/// close. It keeps its permit for that time, but no more memory than the rest of one frame.
const SLOW_CLOSE: Duration = Duration::from_secs(20);
/// How long a client may take to answer a close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The server closes with this code and reason.
    Close(u16, &'static str),
    /// The client has closed; only the answer is still to be sent.
    Closed(Option<u16>),
    /// The connection is lost.
    Gone,
}

impl End {
    /// The close code; `None` if the connection is lost.
    pub(super) const fn code(self) -> Option<u16> {
        match self {
            Self::Close(code, _) => Some(code),
            Self::Closed(code) => code,
            Self::Gone => None,
        }
    }
}

/// The close for a client of another build.
pub(super) const OTHER_VERSION: End =
    End::Close(close_code::VERSION, "another version of the protocol");

/// Sends all messages in `outbox`.
pub(super) async fn flush(outbox: &Outbox) -> Result<(), End> {
    match timeout(SEND_TIMEOUT, outbox.flush()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(End::Close(close_code::TOO_SLOW, "too slow")),
    }
}

/// Waits for the next message of the client. Cancel safe.
pub(super) async fn receive(reader: &mut Reader<OwnedReadHalf>) -> Result<Incoming, End> {
    match reader.receive().await {
        Ok(Incoming::Close(code)) => Err(End::Closed(code)),
        Ok(heard) => Ok(heard),
        Err(fault) => {
            let close = fault.close();
            Err(close.map_or(End::Gone, |(code, reason)| End::Close(code, reason)))
        }
    }
}

/// Ends the connection so that the client receives the reason.
pub(super) async fn end((reader, mut writer): WebSocket, end: End, shutdown: &CancellationToken) {
    let (code, reason) = match end {
        End::Gone => return,
        End::Close(code, reason) => (Some(code), reason),
        End::Closed(code) => (code, ""),
    };
    let is_slow = code == Some(close_code::TOO_SLOW);
    if is_slow {
        // A slow client has no room even for the reason, so its unsent frames are dropped.
        writer.abandon();
    }
    let reason = ByteString::from_static(reason);
    let frame = code.map(|code| CloseFrame { code, reason });
    writer.queue(Message::Close(frame));
    if is_slow {
        let left = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            left = timeout(SLOW_CLOSE, writer.flush()) => left,
        };
        if !matches!(left, Ok(Ok(()))) {
            return;
        }
    }
    // A client that does not read is not waited for any longer.
    let _ = timeout(CLOSE_TIMEOUT, close(reader, writer)).await;
}
