//! From bytes to messages: a pure state machine.

use super::frame::{ClientHead, Opcode, unmask};
use crate::protocol::close_code;
use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A message.
    Text(Utf8Bytes),
    /// A message.
    Binary(Bytes),
    /// That it wants this back.
    Ping(Bytes),
    /// That it is there.
    Pong,
    /// That it leaves, and with which code.
    Close(Option<u16>),
}

/// Why nothing more can be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The rules were broken.
    Protocol,
    /// A text is none.
    NotUtf8,
    /// A message is too long.
    TooBig,
    /// The connection has ended.
    Gone,
}

/// Empty parts of one message after which the connection ends. A part that carries bytes is bounded by the
/// length of a message; an empty one is bounded by nothing else, and costs a header to parse. Libraries send
/// one at most, to finish a message.
const MAX_EMPTY_PARTS: u8 = 64;

/// What was read and is not yet a message.
#[derive(Debug)]
pub(super) struct Assembly {
    max_message: usize,
    /// Unallocated while empty.
    bytes: Vec<u8>,
    /// The frame whose payload is still coming; its length is what is missing of it.
    current: Option<ClientHead>,
    /// The parts so far of a message that comes in parts, or of a frame that comes in pieces.
    message: Option<Box<Parts>>,
    /// What ended it.
    over: Option<Fault>,
}

#[derive(Debug)]
struct Parts {
    opcode: Opcode,
    payload: Vec<u8>,
    /// Bytes at the beginning of `payload` that are known to be UTF-8, if it is a text.
    valid: usize,
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

    /// Checks what a text has so far, as soon as it is there: a character may still be incomplete at the end.
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

    fn into_heard(self) -> Result<Incoming, Fault> {
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
            over: None,
        }
    }

    /// Adds what was read.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.over.is_none() {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Bytes it keeps.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        let parts = self.message.as_ref().map_or(0, |parts| parts.payload.len());
        self.bytes.len() + parts
    }

    /// What is said by what was read so far, if it is all there.
    pub(super) fn next(&mut self) -> Result<Option<Incoming>, Fault> {
        if let Some(over) = self.over {
            return Err(over);
        }
        let heard = self.frames();
        match &heard {
            Ok(Some(Incoming::Close(_))) => self.end(Fault::Gone),
            Ok(_) => {}
            Err(fault) => self.end(*fault),
        }
        heard
    }

    fn end(&mut self, fault: Fault) {
        self.over = Some(fault);
        self.bytes = Vec::new();
        self.message = None;
    }

    fn frames(&mut self) -> Result<Option<Incoming>, Fault> {
        while let Some(head) = self.head()? {
            let heard = if head.opcode.is_control() {
                self.control(head)?
            } else {
                self.data(head)?
            };
            if heard.is_some() || self.current.is_some() {
                return Ok(heard);
            }
        }
        Ok(None)
    }

    /// The header of the frame whose payload is to be read; absent while not all of it is there.
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

    /// Whether a frame may come here, before its payload has.
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

    /// Reads a frame about the connection itself, which may come between the parts of a message.
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

    /// Reads what has come of a part of a message; the message, once all of it has.
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
            return parts.into_heard().map(Some);
        }
        parts.check_text()?;
        self.message = Some(parts);
        self.current = Some(head).filter(|head| head.length > 0);
        Ok(None)
    }

    /// Takes `length` bytes off what was read; no memory is kept for nothing.
    fn take(&mut self, length: usize) -> Vec<u8> {
        if length >= self.bytes.len() {
            return std::mem::take(&mut self.bytes);
        }
        self.bytes.drain(..length).collect()
    }
}

/// The code of a close: none, or one that may be sent, with a reason that is a text.
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

/// RFC 6455, 7.4, and those registered since; 1005, 1006 and 1015 only stand for the lack of one.
const fn may_be_sent(code: u16) -> bool {
    matches!(code, close_code::NORMAL..=close_code::UNSUPPORTED | close_code::INVALID_UTF8..=1014 | 3000..=4999)
}
