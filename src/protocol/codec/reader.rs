//! Reads values from a frame.

use super::{CODEC_VERSION, DecodeError};
use crate::model::Timestamp;

/// Most bytes of strings in a frame: a few bytes can refer to a long string repeatedly. More than a list of
/// ten thousand containers with all their labels.
const MAX_TEXT: usize = 32 << 20;

/// Reads values from a frame. After a failure, all further values are empty.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    strings: Vec<&'a str>,
    /// The last time that was read, in milliseconds.
    at: i64,
    /// Bytes of strings that may still be read.
    text: usize,
    failure: Option<DecodeError>,
}

impl<'a> Reader<'a> {
    /// A reader at the beginning of `frame`.
    ///
    /// # Errors
    /// When it is empty or of another version.
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

    /// Returns `value` if the frame was valid and was read completely.
    ///
    /// # Errors
    /// The first failure.
    pub fn finish<T>(self, value: T) -> Result<T, DecodeError> {
        match self.failure {
            Some(failure) => Err(failure),
            None if self.rest.is_empty() => Ok(value),
            None => Err(DecodeError::Malformed),
        }
    }

    /// Records that the frame is invalid.
    pub fn fail(&mut self) {
        self.fail_with(DecodeError::Malformed);
    }

    /// Records a failure, unless there is an earlier one.
    pub fn fail_with(&mut self, failure: DecodeError) {
        self.failure.get_or_insert(failure);
        self.rest = &[];
    }

    /// Whether a failure was recorded.
    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Reads one byte.
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

    /// Reads `len` bytes; returns none if there are fewer.
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

    /// Reads a number.
    pub fn number(&mut self) -> u64 {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte();
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                // Each number has exactly one valid encoding, of at most 64 bits.
                if (shift == 63 && byte > 1) || (shift > 0 && byte == 0) {
                    self.fail();
                }
                return number;
            }
        }
        self.fail();
        0
    }

    /// Reads a signed number.
    pub fn signed(&mut self) -> i64 {
        unzigzag(self.number())
    }

    /// Reads the number of values that follow, each of at least one byte.
    pub fn count(&mut self) -> usize {
        self.count_of(1)
    }

    /// Reads the number of values that follow, each of at least `size` bytes.
    pub fn count_of(&mut self, size: usize) -> usize {
        let count = usize::try_from(self.number()).unwrap_or(usize::MAX);
        if count > self.rest.len() / size {
            self.fail();
            return 0;
        }
        count
    }

    /// Reads a time.
    pub fn time(&mut self) -> Timestamp {
        self.at = self.at.wrapping_add(self.signed());
        Timestamp::from_millis(self.at)
    }

    /// The last time that was read, in milliseconds.
    pub fn last_time(&self) -> i64 {
        self.at
    }

    /// Reads a string.
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

    /// The unread bytes.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

/// The inverse of [`super::writer::zigzag`].
pub(super) fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}
