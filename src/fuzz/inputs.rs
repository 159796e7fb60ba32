//! Makes random inputs: random bytes, and seeds that are changed, joined and cut.

use super::MAX_INPUT;
use fastrand::Rng;

/// Most changes to one seed.
const MAX_CHANGES: usize = 6;
/// Bytes at which parsers change their minds: limits of lengths, signs, and characters with a meaning.
const NOTABLE: &[u8] =
    b"\0\x01\x7e\x7f\x80\x81\xfe\xff\x1b\r\n\t \"'\\/%+,;:=?&#<>()[]{}-.0129aAfFeEuz";

/// An endless sequence of inputs, determined by its seed.
pub(super) struct Inputs<'a> {
    rng: Rng,
    seeds: &'a [&'a [u8]],
}

impl<'a> Inputs<'a> {
    pub(super) fn new(seed: u64, seeds: &'a [&'a [u8]]) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            seeds,
        }
    }

    /// The next input.
    pub(super) fn next(&mut self) -> Vec<u8> {
        if self.seeds.is_empty() || self.rng.u8(..3) == 0 {
            return self.random();
        }
        let mut input = self.seed().to_vec();
        for _ in 0..self.rng.usize(..=MAX_CHANGES) {
            self.change(&mut input);
        }
        input.truncate(MAX_INPUT);
        input
    }

    fn random(&mut self) -> Vec<u8> {
        // Most are short: those are the ones that can be understood.
        let limit = self.rng.choice([8, 64, 512, MAX_INPUT]).unwrap_or(8);
        let length = self.rng.usize(..=limit);
        (0..length).map(|_| self.byte()).collect()
    }

    fn seed(&mut self) -> &'a [u8] {
        self.rng.choice(self.seeds).copied().unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        match self.rng.u8(..4) {
            0 => self.rng.choice(NOTABLE).copied().unwrap_or_default(),
            _ => self.rng.u8(..),
        }
    }

    /// A range of positions in `input`, which may be empty.
    fn part(&mut self, input: &[u8]) -> std::ops::Range<usize> {
        let from = self.rng.usize(..=input.len());
        let length = self.rng.usize(..=(input.len() - from).min(32));
        from..from + length
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.rng.usize(..=input.len());
        let part = self.part(input);
        match self.rng.u8(..7) {
            0 if at < input.len() => input[at] ^= 1 << self.rng.u8(..8),
            1 if at < input.len() => input[at] = self.byte(),
            2 => input.insert(at, self.byte()),
            3 => drop(input.drain(part)),
            4 => {
                let again = input[part].to_vec();
                drop(input.splice(at..at, again));
            }
            5 => {
                let seed = self.seed();
                let other = seed[self.part(seed)].to_vec();
                drop(input.splice(part, other));
            }
            _ => input.truncate(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs() {
        let seeds: [&[u8]; 2] = [b"one", b"another"];
        let [first, again, other] = [7, 7, 8].map(|seed| {
            let mut inputs = Inputs::new(seed, &seeds);
            (0..100).map(|_| inputs.next()).collect::<Vec<_>>()
        });
        assert_eq!(first, again);
        assert_ne!(first, other);
        assert!(first.iter().all(|input| input.len() <= MAX_INPUT));
    }
}
