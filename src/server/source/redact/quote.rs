//! Quotation marks in command lines and JSON, also escaped ones within quoted text.

/// A quotation mark and the number of backslashes before it: 0, or 1, 3, 7 … per level of nested quoting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quote {
    mark: u8,
    backslashes: usize,
}

impl Quote {
    /// The mark at `at`, and where the quoted text begins.
    pub(super) fn at(text: &[u8], at: usize) -> Option<(Self, usize)> {
        let rest = text.get(at..)?;
        let backslashes = rest.iter().take_while(|byte| **byte == b'\\').count();
        let mark = *rest.get(backslashes).filter(|byte| is_mark(**byte))?;
        let quote = Self { mark, backslashes };
        Some((quote, at + backslashes + 1))
    }

    /// The mark that ends at `end`, and where it begins.
    pub(super) fn before(text: &[u8], end: usize) -> Option<(Self, usize)> {
        let (mark, before) = text.get(..end)?.split_last()?;
        let backslashes = before
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count();
        let quote = Self {
            mark: *mark,
            backslashes,
        };
        is_mark(*mark).then(|| (quote, before.len() - backslashes))
    }

    /// Where the quotation that begins at `from` ends, and where the text after it begins. A mark that
    /// belongs to the quoted text has more backslashes.
    pub(super) fn end(self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let mut backslashes = 0_usize;
        for (at, byte) in text.iter().enumerate().skip(from) {
            let more = backslashes.checked_sub(self.backslashes);
            let is_end = more.is_some_and(|more| more % (2 * (self.backslashes + 1)) == 0);
            if *byte == self.mark && is_end {
                return Some((at - self.backslashes, at + 1));
            }
            backslashes = if *byte == b'\\' { backslashes + 1 } else { 0 };
        }
        None
    }
}

fn is_mark(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_ends_at_its_own_mark() {
        for (text, inner) in [
            (r#""abc" d"#, Some("abc")),
            (r#""a\"bc" d"#, Some(r#"a\"bc"#)),
            (r#""abc\\" d"#, Some(r"abc\\")),
            (r#"\"abc\" d"#, Some("abc")),
            (r#"\"a\\\"bc\" d"#, Some(r#"a\\\"bc"#)),
            (r#"\"abc\\\\\" d"#, Some(r"abc\\\\")),
            (r#"'a"c' d"#, Some("a\"c")),
            (r#""abc"#, None),
        ] {
            let (quote, from) = Quote::at(text.as_bytes(), 0).unwrap();
            let end = quote.end(text.as_bytes(), from);
            assert_eq!(end.map(|(end, _)| &text[from..end]), inner, "{text}");
        }
    }
}
