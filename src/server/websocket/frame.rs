//! Frames: a header of two to fourteen bytes, then the payload (RFC 6455, 5.2).

use super::Fault;

/// What a frame is (RFC 6455, 11.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    /// The next part of a message.
    Continuation = 0,
    /// A message in UTF-8, or its first part.
    Text = 1,
    /// A message, or its first part.
    Binary = 2,
    /// No more comes from this side.
    Close = 8,
    /// To be answered.
    Ping = 9,
    /// The answer.
    Pong = 10,
}

/// Longest payload of what is about the connection itself.
const MAX_CONTROL: u64 = 125;
/// Everything in the first byte that we do not speak: there are no extensions.
const RESERVED: u8 = 0b0111_0000;
/// The message, or the part of it, is the last.
const FINAL: u8 = 0b1000_0000;
/// What a client sends is masked.
const MASKED: u8 = 0b1000_0000;

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    /// Whether it is about the connection itself.
    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// A frame's header, as a client sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClientHead {
    pub(super) is_final: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: [u8; 4],
    /// Of the payload.
    pub(super) length: u64,
    /// Of the header itself.
    pub(super) size: usize,
}

impl ClientHead {
    /// Reads the header at the beginning of `bytes`; absent while not all of it is there.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>, Fault> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        let opcode = Opcode::from_bits(first & 0x0f).filter(|_| first & RESERVED == 0);
        let opcode = opcode.ok_or(Fault::Protocol)?;
        let is_final = first & FINAL != 0;
        if second & MASKED == 0 {
            return Err(Fault::Protocol);
        }
        let (length, rest) = match second & !MASKED {
            126 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
            short => (u64::from(short), rest),
        };
        if opcode.is_control() && (!is_final || length > MAX_CONTROL) {
            return Err(Fault::Protocol);
        }
        let Some((mask, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        Ok(Some(Self {
            is_final,
            opcode,
            mask: *mask,
            length,
            size: bytes.len() - rest.len(),
        }))
    }
}

/// Takes the mask off, in place.
pub(super) fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    for (byte, mask) in payload.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
}

/// A frame's header, as we send it: whole messages, not masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    bytes: [u8; 10],
    length: u8,
}

impl Head {
    /// Before a payload of `length` bytes.
    pub(super) fn new(opcode: Opcode, length: usize) -> Self {
        let first = FINAL | opcode as u8;
        let mut bytes = [0; 10];
        let length = match (u8::try_from(length), u16::try_from(length)) {
            (Ok(short @ ..126), _) => {
                bytes[..2].copy_from_slice(&[first, short]);
                2
            }
            (_, Ok(middle)) => {
                bytes[..2].copy_from_slice(&[first, 126]);
                bytes[2..4].copy_from_slice(&middle.to_be_bytes());
                4
            }
            _ => {
                bytes[..2].copy_from_slice(&[first, 127]);
                bytes[2..].copy_from_slice(&(length as u64).to_be_bytes());
                10
            }
        };
        Self { bytes, length }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}
