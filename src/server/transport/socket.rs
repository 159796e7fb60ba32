//! A WebSocket that never waits for ever and always says why it closes.

use crate::protocol::close_code;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;

/// How long one message may take to leave. Who reads slower than this cannot follow anything live.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a peer may take to answer a close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a conversation is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// We close, with this code and reason.
    Close(u16, &'static str),
    /// The peer has closed; only the answer is to be sent.
    Closed,
    /// The connection is gone.
    Gone,
}

/// The peer is of another build.
pub(super) const OTHER_VERSION: End =
    End::Close(close_code::VERSION, "another version of the protocol");

/// What a peer can say.
#[derive(Debug)]
pub(super) enum Heard {
    /// A message.
    Text(Utf8Bytes),
    /// A message in the binary form.
    Binary(Bytes),
    /// That it lives.
    Alive,
}

/// A WebSocket with a limit on everything.
#[derive(Debug)]
pub(super) struct Socket {
    inner: WebSocket,
}

impl Socket {
    pub(super) fn new(inner: WebSocket) -> Self {
        Self { inner }
    }

    /// Sends one message.
    pub(super) async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(SEND_TIMEOUT, self.inner.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Close(close_code::TOO_SLOW, "too slow")),
        }
    }

    /// Asks the peer for a sign of life.
    pub(super) async fn ping(&mut self) -> Result<(), End> {
        self.send(Message::Ping(Bytes::new())).await
    }

    /// Waits for what the peer says. May be cancelled without a loss.
    pub(super) async fn hear(&mut self) -> Result<Heard, End> {
        match self.inner.recv().await {
            Some(Ok(Message::Text(text))) => Ok(Heard::Text(text)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Heard::Alive),
            Some(Ok(Message::Binary(bytes))) => Ok(Heard::Binary(bytes)),
            Some(Ok(Message::Close(_))) => Err(End::Closed),
            Some(Err(error)) => Err(end_of(error)),
            None => Err(End::Gone),
        }
    }

    /// Ends the connection in a way that lets the peer know why.
    pub(super) async fn end(mut self, end: End) {
        if end == End::Gone {
            return;
        }
        let goodbye = async {
            if let End::Close(code, reason) = end {
                let reason = Utf8Bytes::from_static(reason);
                let frame = CloseFrame { code, reason };
                self.inner.send(Message::Close(Some(frame))).await?;
            }
            // Reading on sends the answer to the peer's close, or gets the answer to ours; closing
            // with unread data would make the kernel reset the connection before our reason arrives.
            while let Some(heard) = self.inner.recv().await {
                heard?;
            }
            Ok::<_, axum::Error>(())
        };
        let _ = timeout(CLOSE_TIMEOUT, goodbye).await;
    }
}

/// How a failed read ends the conversation: axum sends no close frame of its own.
fn end_of(error: axum::Error) -> End {
    use tungstenite::{Error, error::ProtocolError};
    match error.into_inner().downcast::<Error>().map(|error| *error) {
        Ok(Error::Capacity(_)) => End::Close(close_code::TOO_BIG, "message too long"),
        Ok(Error::Utf8(_)) => End::Close(close_code::INVALID_UTF8, "not UTF-8"),
        Ok(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => End::Gone,
        Ok(Error::Protocol(_)) => End::Close(close_code::PROTOCOL, "protocol error"),
        _ => End::Gone,
    }
}
