//! The binary form of the protocol, `deckwatch.v1.bin`: what our own pages speak.
//!
//! The same messages as in JSON, as `docs/PROTOCOL.md` lays them out byte by byte. A frame begins
//! with [`CODEC_VERSION`]; integers are varints, times are differences to the time before them, a
//! string that came before is named by its number, and figures of containers are columns of
//! quantised differences (see [`figures`]). A frame stands on its own, but for the differences to an
//! earlier list of figures, which [`Ticks`] keeps.
//!
//! It is written by hand because it is the largest part of what the page would otherwise load:
//! serde's generated code. Reading never fails half-way: a [`Reader`] that meets nonsense gives
//! empty values from then on and refuses the frame at its end, which spares every field its own
//! error path.

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

/// Version of the layout, the first byte of every frame. It must change with any change to the
/// layout, so that a page of another build is told to load again.
pub const CODEC_VERSION: u8 = 5;

/// Media type of the binary form over HTTP.
pub const MEDIA_TYPE: &str = "application/vnd.deckwatch.v1";

/// In the place of a message's tag: the message follows, compressed with DEFLATE (RFC 1951).
pub const DEFLATED: u8 = 255;

/// Something that has a binary form.
pub trait Wire: Sized {
    /// Appends it.
    fn write(&self, to: &mut Writer);

    /// Takes it. Of nonsense it makes an empty value, and the reader remembers.
    fn read(from: &mut Reader<'_>) -> Self;

    /// Appends several.
    fn write_list(list: &[Self], to: &mut Writer) {
        to.count(list.len());
        for item in list {
            item.write(to);
        }
    }

    /// Takes several.
    fn read_list(from: &mut Reader<'_>) -> Vec<Self> {
        (0..from.count()).map(|_| Self::read(from)).collect()
    }
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They are of another version.
    Version,
    /// They are none, or not all of one, or more than one.
    Malformed,
    /// They are changes to figures that are not there.
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

/// `value` as a frame.
pub fn encode(value: &impl Wire) -> Vec<u8> {
    let mut writer = Writer::default();
    value.write(&mut writer);
    writer.finish()
}

/// The value of a frame.
///
/// # Errors
/// When it is none of these, or of another version.
pub fn decode<T: Wire>(frame: &[u8]) -> Result<T, DecodeError> {
    let mut reader = Reader::new(frame)?;
    let value = T::read(&mut reader);
    reader.finish(value)
}

/// A frame around a message that was compressed.
pub fn deflated(message: &[u8]) -> Vec<u8> {
    [&[CODEC_VERSION, DEFLATED], message].concat()
}

/// The compressed message of a frame, when it is compressed.
pub fn as_deflated(frame: &[u8]) -> Option<&[u8]> {
    match frame {
        [CODEC_VERSION, DEFLATED, message @ ..] => Some(message),
        _ => None,
    }
}

/// A frame around a message that is no longer compressed.
pub fn inflated(message: &[u8]) -> Vec<u8> {
    [&[CODEC_VERSION], message].concat()
}
