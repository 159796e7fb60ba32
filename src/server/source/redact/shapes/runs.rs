//! Runs of bytes of one kind.

use std::ops::Range;

/// The bytes from `from` on that satisfy `is_part`.
pub(super) fn run(text: &[u8], from: usize, mut is_part: impl FnMut(&u8) -> bool) -> &[u8] {
    let rest = text.get(from..).unwrap_or_default();
    let len = rest.iter().position(|byte| !is_part(byte));
    rest.get(..len.unwrap_or(rest.len())).unwrap_or_default()
}

/// Whether the `len` bytes from `from` on satisfy `is_part`.
pub(super) fn is_run(text: &[u8], from: usize, len: usize, is_part: fn(&u8) -> bool) -> bool {
    let part = text.get(from..from + len);
    part.is_some_and(|part| part.iter().all(is_part))
}

/// The runs that begin within `window`, each to its end, even outside of the window.
pub(super) fn runs(
    text: &[u8],
    window: Range<usize>,
    is_part: impl Fn(&u8) -> bool,
) -> impl Iterator<Item = Range<usize>> {
    let mut at = window.start;
    std::iter::from_fn(move || {
        let rest = text.get(at..window.end.min(text.len()))?;
        let start = at + rest.iter().position(&is_part)?;
        at = start + run(text, start, &is_part).len();
        Some(start..at)
    })
}

/// Whether a byte may be part of a token: a digit of base64 in URLs.
pub(super) fn is_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Whether a byte is a digit of base64, without padding.
pub(super) fn is_base64(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// The position after at most `most` bytes that separate a name from its value: `=`, `": "`, ` => [`.
pub(super) fn after_separator(text: &[u8], from: usize) -> usize {
    /// Longest separator: `\": [\"`, with some spaces.
    const MOST: usize = 12;
    let is_part = |byte: &u8| {
        byte.is_ascii_whitespace()
            || matches!(
                byte,
                b'=' | b':' | b'>' | b'"' | b'\'' | b'\\' | b'[' | b'('
            )
    };
    from + run(text, from, is_part).len().min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_begin_in_the_window_are_complete() {
        let text = b"ab, cd; efgh ij";
        let found: Vec<_> = runs(text, 1..10, u8::is_ascii_alphabetic).collect();
        assert_eq!(found, [1..2, 4..6, 8..12]);
        assert_eq!(runs(text, 12..99, u8::is_ascii_alphabetic).count(), 1);
        assert_eq!(runs(text, 99..100, u8::is_ascii_alphabetic).count(), 0);
    }

    #[test]
    fn a_separator_ends_where_the_value_begins() {
        for text in ["=x", ": x", "\": \"x", "\\\":\\\"x", " => [\"x", "x"] {
            let at = after_separator(text.as_bytes(), 0);
            assert_eq!(text.get(at..), Some("x"), "{text}");
        }
    }
}
