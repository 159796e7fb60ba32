//! The binary form of the protocol, `deckwatch.v1.bin`, which the pages use.
//!
//! It has the same messages as JSON; `docs/PROTOCOL.md` defines the layout byte by byte. A frame begins with
//! [`CODEC_VERSION`]; integers are varints, times are differences to the previous time, repeated strings are
//! referred to by number, and container figures are columns of quantised differences (see [`figures`]).
//! Frames are independent of one another, except for differences to an earlier list of figures, which
//! [`Ticks`] keeps.
//!
//! It is written by hand, because serde's generated code would be the largest part of the page's code.
//! Decoding never stops half-way: after invalid bytes a [`Reader`] returns empty values, and rejects the
//! frame at its end, so that no field needs its own error path.

mod access;
mod base64;
mod bits;
mod figures;
mod history;
mod log;
mod messages;
mod model;
mod reader;
#[cfg(test)]
mod tests;
mod ticks;
mod values;
mod writer;

pub use base64::{from_base64, to_base64};
pub use history::{from_number, to_number};
pub use messages::Bundle;
pub use reader::Reader;
pub use ticks::{Ticks, encode_tick};
pub use writer::Writer;

use std::fmt;

/// Version of the layout, the first byte of every frame. It must change with any change to the layout, so
/// that pages of another build are reloaded.
pub const CODEC_VERSION: u8 = 6;

/// Media type of the binary form over HTTP.
pub const MEDIA_TYPE: &str = "application/vnd.deckwatch.v1";

/// In place of a message's tag: the message follows, compressed with DEFLATE (RFC 1951).
pub const DEFLATED: u8 = 255;

/// A type with a binary form.
pub trait Wire: Sized {
    /// Appends the value.
    fn write(&self, to: &mut Writer);

    /// Reads a value. From invalid bytes it returns an empty value, and the reader records the failure.
    fn read(from: &mut Reader<'_>) -> Self;

    /// Appends a list.
    fn write_list(list: &[Self], to: &mut Writer) {
        to.count(list.len());
        for item in list {
            item.write(to);
        }
    }

    /// Reads a list.
    fn read_list(from: &mut Reader<'_>) -> Vec<Self> {
        (0..from.count()).map(|_| Self::read(from)).collect()
    }
}

/// The reason why a frame is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// It is of another version.
    Version,
    /// It is invalid, incomplete, or followed by more bytes.
    Malformed,
    /// It contains differences to figures that are not known.
    Base,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "another version of the protocol",
            Self::Malformed => "not a message",
            Self::Base => "changes to figures that are not there",
        })
    }
}

impl std::error::Error for DecodeError {}

/// Encodes `value` as a frame.
pub fn encode(value: &impl Wire) -> Vec<u8> {
    let mut writer = Writer::default();
    value.write(&mut writer);
    writer.finish()
}

/// Decodes the value of a frame.
///
/// # Errors
/// When it is invalid, or of another version.
pub fn decode<T: Wire>(frame: &[u8]) -> Result<T, DecodeError> {
    let mut reader = Reader::new(frame)?;
    let value = T::read(&mut reader);
    reader.finish(value)
}

/// A frame with a compressed message.
pub fn deflated(message: &[u8]) -> Vec<u8> {
    [&[CODEC_VERSION, DEFLATED], message].concat()
}

/// The compressed message in a frame, if it is compressed.
pub fn as_deflated(frame: &[u8]) -> Option<&[u8]> {
    match frame {
        [CODEC_VERSION, DEFLATED, message @ ..] => Some(message),
        _ => None,
    }
}

/// A frame with a message that was decompressed.
pub fn inflated(message: &[u8]) -> Vec<u8> {
    [&[CODEC_VERSION], message].concat()
}
