//! From bytes to messages: a pure state machine.

use super::frame::{ClientHead, Opcode, unmask};
use crate::protocol::close_code;
use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
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

/// What was read and is not yet a message.
#[derive(Debug)]
pub(super) struct Assembly {
    max_message: usize,
    /// Unallocated while empty.
    bytes: Vec<u8>,
    /// The parts so far of a message that comes in parts.
    message: Option<Box<Parts>>,
    /// What ended it.
    over: Option<Fault>,
}

#[derive(Debug)]
struct Parts {
    opcode: Opcode,
    payload: Vec<u8>,
}

impl Assembly {
    pub(super) const fn new(max_message: usize) -> Self {
        Self {
            max_message,
            bytes: Vec::new(),
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
    pub(super) fn next(&mut self) -> Result<Option<Heard>, Fault> {
        if let Some(over) = self.over {
            return Err(over);
        }
        let heard = self.frames();
        match &heard {
            Ok(Some(Heard::Close(_))) => self.end(Fault::Gone),
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

    fn frames(&mut self) -> Result<Option<Heard>, Fault> {
        while let Some(head) = ClientHead::parse(&self.bytes)? {
            self.check(&head)?;
            // In memory by now, or not too long to be.
            let length = usize::try_from(head.length).map_err(|_| Fault::TooBig)?;
            let end = head.size + length;
            let Some(payload) = self.bytes.get_mut(head.size..end) else {
                return Ok(None);
            };
            unmask(payload, head.mask);
            let payload = payload.to_vec();
            if end == self.bytes.len() {
                self.bytes = Vec::new();
            } else {
                self.bytes.drain(..end);
            }
            if let Some(heard) = self.frame(&head, payload)? {
                return Ok(Some(heard));
            }
        }
        Ok(None)
    }

    /// Whether a frame may come here, before its payload has.
    fn check(&self, head: &ClientHead) -> Result<(), Fault> {
        let begun = match (&self.message, head.opcode) {
            (_, opcode) if opcode.is_control() => return Ok(()),
            (Some(parts), Opcode::Continuation) => parts.payload.len(),
            (None, Opcode::Text | Opcode::Binary) => 0,
            _ => return Err(Fault::Protocol),
        };
        let room = self.max_message.saturating_sub(begun);
        if head.length > room as u64 {
            return Err(Fault::TooBig);
        }
        Ok(())
    }

    fn frame(&mut self, head: &ClientHead, payload: Vec<u8>) -> Result<Option<Heard>, Fault> {
        let (opcode, payload) = match (head.opcode, self.message.take()) {
            (Opcode::Close, _) => return close(&payload).map(Heard::Close).map(Some),
            (opcode @ (Opcode::Ping | Opcode::Pong), message) => {
                // Between the parts of a message.
                self.message = message;
                let is_ping = opcode == Opcode::Ping;
                let heard = if is_ping {
                    Heard::Ping(payload.into())
                } else {
                    Heard::Pong
                };
                return Ok(Some(heard));
            }
            (_, Some(mut parts)) => {
                parts.payload.extend_from_slice(&payload);
                (parts.opcode, parts.payload)
            }
            (opcode, None) => (opcode, payload),
        };
        if !head.is_final {
            self.message = Some(Box::new(Parts { opcode, payload }));
            return Ok(None);
        }
        Ok(Some(match opcode {
            Opcode::Text => {
                let text = String::from_utf8(payload).map_err(|_| Fault::NotUtf8)?;
                Heard::Text(text.into())
            }
            _ => Heard::Binary(payload.into()),
        }))
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
