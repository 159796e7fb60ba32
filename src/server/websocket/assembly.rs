//! Assembles messages from bytes: a state machine without I/O. It keeps at most one message and one frame
//! header, and checks UTF-8 as bytes arrive.

use super::frame::{ClientHead, Opcode, unmask};
use crate::protocol::close_code;
use bytes::Bytes;
use bytestring::ByteString;

/// A message or control frame from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A text message.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
    /// A ping; the pong must carry this payload.
    Ping(Bytes),
    /// A pong; its payload is ignored.
    Pong,
    /// A close frame with its code, if it had one.
    Close(Option<u16>),
}

/// Why a connection can receive nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The client violated the protocol.
    Protocol,
    /// A text message is not UTF-8.
    NotUtf8,
    /// A message is longer than allowed.
    TooBig,
    /// The connection has ended, or a close frame was received.
    Gone,
}

impl Fault {
    /// The code and the reason with which the server closes the connection; `None` if it has ended.
    pub const fn close(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Protocol => Some((close_code::PROTOCOL, "protocol error")),
            Self::NotUtf8 => Some((close_code::INVALID_UTF8, "not UTF-8")),
            Self::TooBig => Some((close_code::TOO_BIG, "message too long")),
            Self::Gone => None,
        }
    }
}

/// Most empty fragments of one message; one more is a protocol fault. The maximal message length bounds the
/// other fragments; an empty one is bounded by nothing else and costs a header to parse. Libraries send at
/// most one, to finish a message.
const MAX_EMPTY_PARTS: u8 = 64;

/// Bytes that were read and do not form a complete message yet.
#[derive(Debug)]
pub(super) struct Assembly {
    max_message: usize,
    /// Bytes that were not parsed yet. Unallocated while empty.
    bytes: Vec<u8>,
    /// The frame whose payload is incomplete; its `length` is the number of missing bytes.
    current: Option<ClientHead>,
    /// The payload so far of a fragmented message, or of a frame that was read only in part.
    message: Option<Box<Parts>>,
    /// Set after a fault or a close frame; nothing more is parsed.
    fault: Option<Fault>,
}

/// The fragments of one message.
#[derive(Debug)]
struct Parts {
    opcode: Opcode,
    payload: Vec<u8>,
    /// For a text: bytes at the beginning of `payload` that were checked to be UTF-8.
    valid: usize,
    /// Number of empty fragments, see [`MAX_EMPTY_PARTS`].
    empty: u8,
}

impl Parts {
    const fn new(opcode: Opcode) -> Self {
        Self {
            opcode,
            payload: Vec::new(),
            valid: 0,
            empty: 0,
        }
    }

    /// Checks the unchecked bytes of a text; the last character may be incomplete.
    fn check_text(&mut self) -> Result<(), Fault> {
        if self.opcode != Opcode::Text {
            return Ok(());
        }
        match std::str::from_utf8(self.payload.get(self.valid..).unwrap_or_default()) {
            Ok(_) => self.valid = self.payload.len(),
            Err(error) if error.error_len().is_none() => self.valid += error.valid_up_to(),
            Err(_) => return Err(Fault::NotUtf8),
        }
        Ok(())
    }

    fn into_message(self) -> Result<Incoming, Fault> {
        Ok(match self.opcode {
            Opcode::Text => {
                let text = String::from_utf8(self.payload).map_err(|_| Fault::NotUtf8)?;
                Incoming::Text(text.into())
            }
            _ => Incoming::Binary(self.payload.into()),
        })
    }
}

impl Assembly {
    pub(super) const fn new(max_message: usize) -> Self {
        Self {
            max_message,
            bytes: Vec::new(),
            current: None,
            message: None,
            fault: None,
        }
    }

    /// Adds bytes that were read.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.fault.is_none() {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Bytes kept in memory.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        let parts = self.message.as_ref().map_or(0, |parts| parts.payload.len());
        self.bytes.len() + parts
    }

    /// The next message of the bytes pushed so far; `None` while it is incomplete.
    pub(super) fn next(&mut self) -> Result<Option<Incoming>, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let message = self.frames();
        match &message {
            Ok(Some(Incoming::Close(_))) => self.end(Fault::Gone),
            Ok(_) => {}
            Err(fault) => self.end(*fault),
        }
        message
    }

    fn end(&mut self, fault: Fault) {
        self.fault = Some(fault);
        self.bytes = Vec::new();
        self.message = None;
    }

    fn frames(&mut self) -> Result<Option<Incoming>, Fault> {
        while let Some(head) = self.head()? {
            let message = if head.opcode.is_control() {
                self.control(head)?
            } else {
                self.data(head)?
            };
            if message.is_some() || self.current.is_some() {
                return Ok(message);
            }
        }
        Ok(None)
    }

    /// The header of the frame whose payload is to be read; `None` while it is incomplete.
    fn head(&mut self) -> Result<Option<ClientHead>, Fault> {
        if let Some(head) = self.current.take() {
            return Ok(Some(head));
        }
        let Some(head) = ClientHead::parse(&self.bytes)? else {
            return Ok(None);
        };
        self.check(&head)?;
        self.take(head.size);
        Ok(Some(head))
    }

    /// Checks, before the payload is read, that the frame is allowed here and that the message does not
    /// become too long.
    fn check(&mut self, head: &ClientHead) -> Result<(), Fault> {
        let begun = match (&mut self.message, head.opcode) {
            (_, opcode) if opcode.is_control() => return Ok(()),
            (Some(parts), Opcode::Continuation) => {
                if head.length == 0 {
                    parts.empty += 1;
                }
                if parts.empty > MAX_EMPTY_PARTS {
                    return Err(Fault::Protocol);
                }
                parts.payload.len()
            }
            (None, Opcode::Text | Opcode::Binary) => 0,
            _ => return Err(Fault::Protocol),
        };
        let room = self.max_message.saturating_sub(begun);
        if head.length > room as u64 {
            return Err(Fault::TooBig);
        }
        Ok(())
    }

    /// Reads a control frame, which may come between the fragments of a message.
    fn control(&mut self, head: ClientHead) -> Result<Option<Incoming>, Fault> {
        let length = usize::try_from(head.length).map_err(|_| Fault::TooBig)?;
        if self.bytes.len() < length {
            self.current = Some(head);
            return Ok(None);
        }
        let mut payload = self.take(length);
        unmask(&mut payload, head.mask);
        Ok(Some(match head.opcode {
            Opcode::Close => Incoming::Close(close(&payload)?),
            Opcode::Ping => Incoming::Ping(payload.into()),
            _ => Incoming::Pong,
        }))
    }

    /// Adds the bytes read so far of a data frame to the message; returns the message once it is complete.
    fn data(&mut self, mut head: ClientHead) -> Result<Option<Incoming>, Fault> {
        let missing = usize::try_from(head.length).map_err(|_| Fault::TooBig)?;
        let mut piece = self.take(missing.min(self.bytes.len()));
        unmask(&mut piece, head.mask);
        let rotation = piece.len() % head.mask.len();
        head.mask.rotate_left(rotation);
        head.length -= piece.len() as u64;
        let mut parts = match self.message.take() {
            Some(parts) => parts,
            None => Box::new(Parts::new(head.opcode)),
        };
        if parts.payload.is_empty() {
            parts.payload = piece;
        } else {
            parts.payload.extend_from_slice(&piece);
        }
        if head.length == 0 && head.is_final {
            return parts.into_message().map(Some);
        }
        parts.check_text()?;
        self.message = Some(parts);
        self.current = Some(head).filter(|head| head.length > 0);
        Ok(None)
    }

    /// Removes up to `length` bytes from the front of the buffer, and frees the buffer when it is empty.
    fn take(&mut self, length: usize) -> Vec<u8> {
        if length >= self.bytes.len() {
            return std::mem::take(&mut self.bytes);
        }
        self.bytes.drain(..length).collect()
    }
}

/// The code of a close frame, `None` if its payload is empty. Checks that the code may be sent and that the
/// reason is UTF-8.
fn close(payload: &[u8]) -> Result<Option<u16>, Fault> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        let nothing = payload.is_empty();
        return nothing.then_some(None).ok_or(Fault::Protocol);
    };
    let code = u16::from_be_bytes(*code);
    if !may_be_sent(code) {
        return Err(Fault::Protocol);
    }
    match std::str::from_utf8(reason) {
        Ok(_) => Ok(Some(code)),
        Err(_) => Err(Fault::NotUtf8),
    }
}

/// Whether a code may occur in a close frame: RFC 6455, 7.4, and codes registered since. 1005, 1006 and
/// 1015 only stand for a missing code.
const fn may_be_sent(code: u16) -> bool {
    matches!(code, close_code::NORMAL..=close_code::UNSUPPORTED | close_code::INVALID_UTF8..=1014 | 3000..=4999)
}
