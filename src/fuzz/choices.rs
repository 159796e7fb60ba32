//! Interprets the bytes of an input as a sequence of choices.

/// The bytes of an input, read from front to back. After the end every choice is the first one, so any input
/// is valid, and a shorter one means less.
#[derive(Debug)]
pub(crate) struct Choices<'a> {
    rest: &'a [u8],
}

impl<'a> Choices<'a> {
    pub(super) const fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    /// Whether all bytes were read.
    pub(crate) const fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    /// One byte.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else {
            return 0;
        };
        self.rest = rest;
        *first
    }

    /// Eight bytes as a number.
    pub(crate) fn number(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    /// A number below `limit`, which is at most 65,536.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let mut choice = usize::from(self.byte());
        if limit > 256 {
            choice = choice << 8 | usize::from(self.byte());
        }
        choice % limit.max(1)
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// One of `all`.
    pub(crate) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// What `choose` returns, or nothing.
    pub(crate) fn maybe<T>(&mut self, choose: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flag().then(|| choose(self))
    }

    /// The next bytes, fewer than 256.
    pub(crate) fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.rest.len());
        let (bytes, rest) = self.rest.split_at(length);
        self.rest = rest;
        bytes
    }

    /// The next bytes as text, with invalid UTF-8 replaced.
    pub(crate) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// All remaining bytes.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// All remaining bytes as text, with invalid UTF-8 replaced.
    pub(crate) fn rest_as_text(&mut self) -> String {
        String::from_utf8_lossy(self.rest()).into_owned()
    }

    /// A list of up to `most` things.
    pub(crate) fn list<T>(
        &mut self,
        most: usize,
        mut choose: impl FnMut(&mut Self) -> T,
    ) -> Vec<T> {
        let length = self.below(most + 1);
        (0..length).map(|_| choose(self)).collect()
    }

    /// Lengths of pieces, the first bytes of the input: with these `cut` cuts what the rest means.
    pub(crate) fn lengths(&mut self) -> Vec<usize> {
        self.list(8, |choices| {
            // Mostly short pieces, which cut within small structures.
            let length = choices.below(24);
            if length < 20 {
                length + 1
            } else {
                choices.below(5_000) + 1
            }
        })
    }
}

/// `bytes` in pieces of `lengths`, which are repeated; in one piece when there are none.
pub(crate) fn cut<'b>(bytes: &'b [u8], lengths: &[usize]) -> Vec<&'b [u8]> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            return pieces;
        }
        let (piece, after) = rest.split_at((*length).clamp(1, rest.len()));
        pieces.push(piece);
        rest = after;
    }
    vec![bytes]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_form_the_whole_again() {
        let bytes = b"0123456789";
        assert_eq!(cut(bytes, &[]), [bytes]);
        assert_eq!(
            cut(bytes, &[3, 1]),
            [&b"012"[..], b"3", b"456", b"7", b"89"]
        );
        assert_eq!(cut(b"", &[3]), [b""; 0]);
    }

    #[test]
    fn an_input_that_is_over_makes_the_first_choice() {
        let mut choices = Choices::new(&[2, 7]);
        assert_eq!(choices.pick(&['a', 'b', 'c']), 'c');
        assert_eq!(choices.below(300), (7 << 8) % 300);
        assert!(choices.is_over() && !choices.flag() && choices.bytes().is_empty());
        assert_eq!(choices.pick(&['a', 'b']), 'a');
    }
}
