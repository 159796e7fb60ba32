//! Splits a stream into lines, in time linear in its length.

use bytes::Bytes;
use std::collections::VecDeque;

/// A line of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Line {
    /// The text, without the line end.
    Text(Vec<u8>),
    /// A line longer than the limit, which was skipped.
    TooLong,
}

/// Splits chunks of a stream into lines. Every byte is scanned once, and at most `longest` bytes of a line
/// are kept.
#[derive(Debug)]
pub(in super::super) struct Lines {
    longest: usize,
    /// The beginning of the incomplete line.
    begun: Vec<u8>,
    /// Length of the incomplete line, whether kept or skipped.
    length: usize,
}

impl Lines {
    /// Lines of at most `longest` bytes each.
    pub(in super::super) fn new(longest: usize) -> Self {
        Self {
            longest,
            begun: Vec::new(),
            length: 0,
        }
    }

    /// Takes the next `piece` of the stream and appends the lines that it completes to `ready`. Empty lines
    /// are omitted.
    pub(in super::super) fn push(&mut self, piece: &Bytes, ready: &mut VecDeque<Line>) {
        let mut rest = piece.as_ref();
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            self.extend(line);
            rest = after.get(1..).unwrap_or_default();
            let (line, length) = (std::mem::take(&mut self.begun), self.length);
            self.length = 0;
            match length {
                0 => {}
                length if length > self.longest => ready.push_back(Line::TooLong),
                _ => ready.push_back(Line::Text(line)),
            }
        }
        self.extend(rest);
    }

    /// Length in bytes of the incomplete line.
    pub(in super::super) fn unfinished(&self) -> usize {
        self.length
    }

    fn extend(&mut self, part: &[u8]) {
        self.length = self.length.saturating_add(part.len());
        if self.length > self.longest {
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(longest: usize, pieces: &[&str]) -> (Vec<Line>, usize) {
        let (mut lines, mut ready) = (Lines::new(longest), VecDeque::new());
        for piece in pieces {
            lines.push(&Bytes::copy_from_slice(piece.as_bytes()), &mut ready);
        }
        (ready.into(), lines.unfinished())
    }

    fn text(text: &str) -> Line {
        Line::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn lines_do_not_depend_on_how_the_stream_is_split() {
        let whole = "one\ntwo\n\nthree\nfo";
        let expected = (vec![text("one"), text("two"), text("three")], 2);
        assert_eq!(split(10, &[whole]), expected);
        for cut in 0..whole.len() {
            let (a, b) = whole.split_at(cut);
            assert_eq!(split(10, &[a, b]), expected, "{cut}");
        }
    }

    #[test]
    fn a_line_over_the_limit_is_skipped_and_the_next_one_is_not() {
        let (lines, unfinished) = split(3, &["abc\nab", "cd", "efg", "h\nxyz\n"]);
        assert_eq!(lines, [text("abc"), Line::TooLong, text("xyz")]);
        assert_eq!(unfinished, 0);
    }

    #[test]
    fn an_endless_line_uses_no_memory() {
        let mut lines = Lines::new(1_000);
        let (piece, mut ready) = (Bytes::from(vec![b'x'; 4_096]), VecDeque::new());
        for _ in 0..1_000 {
            lines.push(&piece, &mut ready);
        }
        assert!(ready.is_empty());
        assert_eq!(lines.begun.capacity(), 0);
        assert_eq!(lines.unfinished(), 4_096_000);
    }
}
