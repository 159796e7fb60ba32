//! Encodes columns of numbers in as few bits as possible.
//!
//! A column begins with one byte, its mode: [`ZEROS`], or the encoding of its numbers. A number is encoded as
//! `k` low bits and a class, the number of bits above them: the class in unary, those bits without their
//! leading one, then the low bits. `k` is chosen for the shortest column. If many numbers are zero, each
//! begins with a bit that marks zeros, and only the others follow, minus one. This is the Elias gamma code
//! over `2^k`, and comes within some percent of the columns' entropy.

use super::{Reader, Writer};

/// Mode of a column in which every number is zero; nothing follows.
const ZEROS: u8 = 0;
/// Added to the mode when zeros are marked by a bit.
const FLAGGED: u8 = 64;

/// Appends a column.
pub(super) fn write_column(numbers: &[u64], to: &mut Writer) {
    if numbers.iter().all(|number| *number == 0) {
        return to.byte(ZEROS);
    }
    let mode = best_mode(numbers);
    to.byte(mode);
    let mut bits = BitWriter::default();
    let k = u32::from(mode - 1) % u32::from(FLAGGED);
    for number in numbers {
        match number.checked_sub(1) {
            _ if mode <= FLAGGED => bits.number(*number, k),
            None => bits.push(0, 1),
            Some(less) => {
                bits.push(1, 1);
                bits.number(less, k);
            }
        }
    }
    to.raw(&bits.finish());
}

/// Reads a column of `len` numbers.
pub(super) fn read_column(len: usize, from: &mut Reader<'_>) -> Vec<u64> {
    let mode = from.byte();
    if mode == ZEROS {
        return vec![0; len];
    }
    let mut bits = BitReader {
        bytes: from.rest(),
        at: 0,
        too_long: false,
    };
    let k = u32::from(mode - 1) % u32::from(FLAGGED);
    let mut numbers = Vec::with_capacity(len);
    for _ in 0..len {
        let number = if mode <= FLAGGED {
            bits.number(k)
        } else if bits.bit() == 0 {
            0
        } else {
            bits.number(k).wrapping_add(1)
        };
        numbers.push(number);
    }
    // Fails if there were fewer bits.
    from.raw(bits.at.div_ceil(8));
    if mode > 2 * FLAGGED || bits.too_long || bits.rest_of_byte() != 0 {
        from.fail();
    }
    numbers
}

/// The mode with the shortest encoding.
fn best_mode(numbers: &[u64]) -> u8 {
    let most = numbers.iter().copied().max().unwrap_or(0);
    let bits = |flagged: bool, k: u8| -> u64 {
        let cost = |number: &u64| match (flagged, number.checked_sub(1)) {
            (false, _) => cost(*number, k.into()),
            (true, None) => 1,
            (true, Some(less)) => 1 + cost(less, k.into()),
        };
        numbers.iter().map(cost).sum()
    };
    // More low bits than the largest number has are useless.
    let ks = 0..=(u64::BITS - most.leading_zeros()).min(63) as u8;
    let plain = ks.clone().map(|k| (bits(false, k), 1 + k));
    let flagged = ks.map(|k| (bits(true, k), 1 + FLAGGED + k));
    plain.chain(flagged).min().map_or(1, |(_, mode)| mode)
}

fn cost(number: u64, k: u32) -> u64 {
    let class = u64::BITS - (number >> k).leading_zeros();
    u64::from(class + 1 + class.saturating_sub(1) + k)
}

/// Writes bits, highest first.
#[derive(Default)]
struct BitWriter {
    bytes: Vec<u8>,
    /// Number of bits used in the last byte.
    used: u32,
}

impl BitWriter {
    fn push(&mut self, value: u64, bits: u32) {
        for n in (0..bits).rev() {
            if self.used == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> n & 1) as u8) << (7 - self.used);
            }
            self.used = (self.used + 1) % 8;
        }
    }

    fn number(&mut self, number: u64, k: u32) {
        let high = number >> k;
        let class = u64::BITS - high.leading_zeros();
        for _ in 0..class {
            self.push(1, 1);
        }
        self.push(0, 1);
        self.push(high, class.saturating_sub(1));
        self.push(number, k);
    }

    fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads bits, highest first; zeros after the end.
struct BitReader<'a> {
    bytes: &'a [u8],
    /// Number of bits read.
    at: usize,
    /// Whether a number had more bits than fit.
    too_long: bool,
}

impl BitReader<'_> {
    fn bit(&mut self) -> u64 {
        let byte = self.bytes.get(self.at / 8).copied().unwrap_or(0);
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        bit.into()
    }

    fn take(&mut self, bits: u32) -> u64 {
        (0..bits).fold(0, |value, _| value << 1 | self.bit())
    }

    fn number(&mut self, k: u32) -> u64 {
        let mut class = 0;
        while self.bit() == 1 {
            class += 1;
        }
        if class + k > u64::BITS {
            self.too_long = true;
            return 0;
        }
        let high = match class {
            0 => 0,
            class => 1_u64 << (class - 1) | self.take(class - 1),
        };
        high << k | self.take(k)
    }

    /// The unread bits of the last byte.
    fn rest_of_byte(&self) -> u8 {
        let unused = (8 - self.at % 8) % 8;
        let last = self.at.checked_sub(1).and_then(|at| self.bytes.get(at / 8));
        last.map_or(0, |byte| byte & ((1_u16 << unused) - 1) as u8)
    }
}
