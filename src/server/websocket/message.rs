//! Messages to a client.

use bytes::Bytes;
use bytestring::ByteString;

/// A message or control frame to a client. Payloads are shared: a copy costs a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
    /// A ping, with at most 125 bytes.
    Ping(Bytes),
    /// The answer to a ping, with its payload.
    Pong(Bytes),
    /// A close frame; `None` for one without a code.
    Close(Option<CloseFrame>),
}

/// Why a connection is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// The close code.
    pub code: u16,
    /// The reason; what is beyond 123 bytes is cut off.
    pub reason: ByteString,
}
