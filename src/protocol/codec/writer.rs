//! Appends values to a frame.

use super::CODEC_VERSION;
use crate::model::Timestamp;

/// Number of slots that are searched for a string. Strings with colliding hashes, which could be chosen on
/// purpose, are written again instead.
const PROBES: usize = 8;

/// Appends values to a frame.
#[derive(Debug)]
pub struct Writer {
    bytes: Vec<u8>,
    strings: Strings,
    /// The last time that was written, in milliseconds.
    at: i64,
}

/// The strings of the frame so far: the position of each, and an index to find it.
#[derive(Debug, Default)]
struct Strings {
    places: Vec<(usize, usize)>,
    /// Numbers of strings by hash; the length is a power of two.
    slots: Vec<Option<usize>>,
}

impl Default for Writer {
    fn default() -> Self {
        Self {
            bytes: vec![CODEC_VERSION],
            strings: Strings::default(),
            at: 0,
        }
    }
}

impl Writer {
    /// The complete frame.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Appends one byte.
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Appends bytes.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a number in as few bytes as possible: seven bits each, lowest first.
    pub fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    /// Appends a signed number.
    pub fn signed(&mut self, number: i64) {
        self.number(zigzag(number));
    }

    /// Appends the number of values that follow.
    pub fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    /// Appends a time as the difference to the previous time.
    pub fn time(&mut self, at: Timestamp) {
        let at = at.as_millis();
        self.signed(at.wrapping_sub(self.at));
        self.at = at;
    }

    /// The last time that was written, in milliseconds.
    pub fn last_time(&self) -> i64 {
        self.at
    }

    /// Appends a string: `2 n + 1` and its `n` bytes, or `2 n` to repeat the `n`-th string of the frame.
    pub fn string(&mut self, text: &str) {
        match self.strings.find_or_remember(text.as_bytes(), &self.bytes) {
            Some(n) => self.number((n as u64) << 1),
            None => {
                self.number((text.len() as u64) << 1 | 1);
                self.strings.places.push((self.bytes.len(), text.len()));
                self.raw(text.as_bytes());
            }
        }
    }
}

impl Strings {
    /// The number of `text`, if it is known; otherwise registers it under the next number.
    fn find_or_remember(&mut self, text: &[u8], bytes: &[u8]) -> Option<usize> {
        if self.slots.len() <= self.places.len() * 2 {
            self.grow(bytes);
        }
        let hash = hash(text);
        for probe in 0..PROBES {
            let at = hash.wrapping_add(probe) & (self.slots.len() - 1);
            match self.slots.get_mut(at)? {
                Some(n) => {
                    let (start, len) = *self.places.get(*n)?;
                    if bytes.get(start..start + len) == Some(text) {
                        return Some(*n);
                    }
                }
                free => {
                    *free = Some(self.places.len());
                    return None;
                }
            }
        }
        None
    }

    fn grow(&mut self, bytes: &[u8]) {
        let size = (self.slots.len() * 2).max(16);
        self.slots = vec![None; size];
        for (n, (start, len)) in self.places.iter().enumerate() {
            let hash = hash(bytes.get(*start..start + len).unwrap_or_default());
            let mut slots = (0..PROBES).map(|probe| hash.wrapping_add(probe) & (size - 1));
            if let Some(at) = slots.find(|at| matches!(self.slots.get(*at), Some(None)))
                && let Some(slot) = self.slots.get_mut(at)
            {
                *slot = Some(n);
            }
        }
    }
}

/// FNV-1a.
fn hash(text: &[u8]) -> usize {
    let hash = text.iter().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    // Only the low bits are used, so they should depend on the high ones.
    (hash ^ hash >> 15) as usize
}

/// Maps numbers near zero to small numbers: 0, -1, 1, -2 … to 0, 1, 2, 3 …
pub(super) fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}
