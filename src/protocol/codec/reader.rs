//! Takes values from a frame.

use super::{CODEC_VERSION, DecodeError};
use crate::model::Timestamp;

/// Bytes of strings a frame may stand for: a few bytes can name a long string again and again. More
/// than a list of ten thousand containers with all their labels.
const MAX_TEXT: usize = 32 << 20;

/// Takes values from a frame. Once it has met nonsense, all further values are empty.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    strings: Vec<&'a str>,
    /// The last time that was read.
    at: i64,
    /// Bytes of strings that may still come.
    text: usize,
    failure: Option<DecodeError>,
}

impl<'a> Reader<'a> {
    /// From the beginning of `frame`.
    ///
    /// # Errors
    /// When it is of another version.
    pub fn new(frame: &'a [u8]) -> Result<Self, DecodeError> {
        let Some((version, rest)) = frame.split_first() else {
            return Err(DecodeError::Malformed);
        };
        if *version != CODEC_VERSION {
            return Err(DecodeError::Version);
        }
        Ok(Self {
            rest,
            strings: Vec::new(),
            at: 0,
            text: MAX_TEXT,
            failure: None,
        })
    }

    /// Hands `value` out when all of it was there, and nothing more.
    ///
    /// # Errors
    /// What was wrong first.
    pub fn finish<T>(self, value: T) -> Result<T, DecodeError> {
        match self.failure {
            Some(failure) => Err(failure),
            None if self.rest.is_empty() => Ok(value),
            None => Err(DecodeError::Malformed),
        }
    }

    /// Remembers that this is no message.
    pub fn fail(&mut self) {
        self.fail_with(DecodeError::Malformed);
    }

    /// Remembers what is wrong, unless something was before.
    pub fn fail_with(&mut self, failure: DecodeError) {
        self.failure.get_or_insert(failure);
        self.rest = &[];
    }

    /// Whether it has met nonsense.
    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Takes one byte.
    pub fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((byte, rest)) => {
                self.rest = rest;
                *byte
            }
            None => {
                self.fail();
                0
            }
        }
    }

    /// Takes `len` bytes as they are; none when there are not that many.
    pub fn raw(&mut self, len: usize) -> &'a [u8] {
        match self.rest.split_at_checked(len) {
            Some((bytes, rest)) => {
                self.rest = rest;
                bytes
            }
            None => {
                self.fail();
                &[]
            }
        }
    }

    /// Takes a number.
    pub fn number(&mut self) -> u64 {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                // No more bits than there is room for, and no more bytes than needed.
                if (shift == 63 && byte > 1) || (shift > 0 && byte == 0) {
                    self.fail();
                }
                return number;
            }
        }
        self.fail();
        0
    }

    /// Takes a number that may be negative.
    pub fn signed(&mut self) -> i64 {
        unzigzag(self.number())
    }

    /// Takes how many values follow, each of at least one byte.
    pub fn count(&mut self) -> usize {
        self.count_of(1)
    }

    /// Takes how many values follow, each of at least `size` bytes.
    pub fn count_of(&mut self, size: usize) -> usize {
        let count = usize::try_from(self.number()).unwrap_or(usize::MAX);
        if count > self.rest.len() / size {
            self.fail();
            return 0;
        }
        count
    }

    /// Takes a time.
    pub fn time(&mut self) -> Timestamp {
        self.at = self.at.wrapping_add(self.signed());
        Timestamp::from_millis(self.at)
    }

    /// The last time that was read.
    pub fn last_time(&self) -> i64 {
        self.at
    }

    /// Takes a string.
    pub fn string(&mut self) -> &'a str {
        let head = self.number();
        let n = usize::try_from(head >> 1).unwrap_or(usize::MAX);
        let text = if head & 1 == 0 {
            self.strings.get(n).copied()
        } else {
            let text = std::str::from_utf8(self.raw(n)).ok();
            self.strings.extend(text);
            text
        };
        let text = text.unwrap_or_else(|| {
            self.fail();
            ""
        });
        match self.text.checked_sub(text.len()) {
            Some(left) => self.text = left,
            None => self.fail(),
        }
        text
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

/// The inverse of [`super::writer::zigzag`].
pub(super) fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}
