//! Frame headers (RFC 6455, 5.2): two to fourteen bytes before the payload. Parses those of clients and
//! builds those of the server.

use super::Fault;

/// The kind of a frame (RFC 6455, 11.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    /// A further fragment of a message.
    Continuation = 0,
    /// A text message, or its first fragment.
    Text = 1,
    /// A binary message, or its first fragment.
    Binary = 2,
    /// The sender sends nothing more.
    Close = 8,
    /// A request for a pong with the same payload.
    Ping = 9,
    /// The answer to a ping, or a keep-alive.
    Pong = 10,
}

/// Longest payload of a control frame, in bytes.
const MAX_CONTROL: u64 = 125;
/// Bits of the first byte that only extensions use; the server negotiates none.
const RESERVED: u8 = 0b0111_0000;
/// Set on the last fragment of a message.
const FINAL: u8 = 0b1000_0000;
/// Set when the payload is masked, which is required of clients.
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

    /// Whether this is a control frame: close, ping or pong.
    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The header of a client's frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClientHead {
    pub(super) is_final: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: [u8; 4],
    /// Bytes of the payload that are still to be read.
    pub(super) length: u64,
    /// Bytes of the header itself.
    pub(super) size: usize,
}

impl ClientHead {
    /// Parses the header at the beginning of `bytes`; `None` while it is incomplete.
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

/// Unmasks a payload in place.
pub(super) fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    for (byte, mask) in payload.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
}

/// The header of a server's frame: always a complete message, never masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    bytes: [u8; 10],
    length: u8,
}

impl Head {
    /// The header of a payload of `length` bytes.
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

    /// Whether the payload is a message, rather than that of a control frame.
    pub(super) const fn is_message(&self) -> bool {
        let [first, ..] = self.bytes;
        let opcode = first & !FINAL;
        opcode == Opcode::Text as u8 || opcode == Opcode::Binary as u8
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}
