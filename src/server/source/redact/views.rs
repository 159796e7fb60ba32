//! The ways in which a text may be read, each with the positions in the text itself. The bytes of a log
//! differ from what is read: viewers and downloads omit control sequences, programs escape strings for JSON
//! and URLs. A secret is searched for in what is read, and masked in the bytes.

use super::hex;
use crate::client::logs::ansi;
use memchr::{memchr, memchr2};
use std::ops::Range;

/// Most readings of one text. A text with every kind of escape has some ten.
const MOST: usize = 16;

/// One way to read a text.
#[derive(Clone, Debug, Default)]
pub(in crate::server::source) struct View {
    text: Vec<u8>,
    /// The source range of each byte; `None` when positions are not needed. Lines are far shorter than 4
    /// GiB.
    written: Option<Vec<(u32, u32)>>,
}

/// Whether `text` has only one reading: ASCII without control characters and escapes. True for most lines,
/// for which this check is the only cost.
pub(in crate::server::source) fn is_plain(text: &[u8]) -> bool {
    /// Bytes that are checked together, without a branch in between.
    const WIDTH: usize = 16;
    let is_other =
        |byte: u8| byte.wrapping_sub(b' ') > b'~' - b' ' || byte == b'\\' || byte == b'%';
    let any = |bytes: &[u8]| bytes.iter().fold(false, |any, byte| any | is_other(*byte));
    // The last block overlaps, which is cheaper than checking its bytes one by one.
    let Some(last) = text.last_chunk::<WIDTH>() else {
        return !any(text);
    };
    let whole = text.get(..text.len() / WIDTH * WIDTH).unwrap_or_default();
    !any(whole) && !any(last)
}

/// Whether `text` may contain special characters: most non-ASCII text contains none of their first bytes.
fn may_be_special(text: &[u8]) -> bool {
    let begins = |byte: &u8| matches!(byte, 0..=8 | 10..=31 | 0x7f | 0xc2 | 0xcd | 0xd8 | 0xe1..=0xe3 | 0xef..=0xff);
    text.iter().any(begins)
}

/// Every other reading of `text`, without positions: enough to know whether one contains a secret, and much
/// cheaper.
pub(in crate::server::source) fn readings(text: &str) -> Vec<View> {
    all(View {
        text: text.as_bytes().to_vec(),
        written: None,
    })
}

/// Every other reading of `text`: without control sequences and invisible characters, and with escapes
/// resolved, also nested ones.
pub(in crate::server::source) fn views(text: &str) -> Vec<View> {
    // Each byte of a character has the range of the whole character, so that no character is split.
    let written = text.char_indices().flat_map(|(at, c)| {
        let source = (at as u32, (at + c.len_utf8()) as u32);
        std::iter::repeat_n(source, c.len_utf8())
    });
    all(View {
        text: text.as_bytes().to_vec(),
        written: Some(written.collect()),
    })
}

fn all(first: View) -> Vec<View> {
    let readings = [
        View::as_shown,
        View::as_downloaded,
        View::overstruck,
        View::unescaped,
        View::decoded,
    ];
    let mut views = vec![first];
    let mut next = 0;
    while next < views.len() {
        for read in readings {
            let Some(other) = views.get(next).and_then(read) else {
                continue;
            };
            if views.len() < MOST && views.iter().all(|known| known.text != other.text) {
                views.push(other);
            }
        }
        next += 1;
    }
    views.split_off(1)
}

impl View {
    pub(in crate::server::source) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The source range of the reading's `range`.
    pub(in crate::server::source) fn written(&self, range: Range<usize>) -> Option<Range<usize>> {
        let written = self.written.as_ref()?;
        let (from, _) = written.get(range.start)?;
        let (_, to) = written.get(range.end.checked_sub(1)?)?;
        Some(*from as usize..*to as usize)
    }

    /// As the viewer shows it: without control sequences.
    fn as_shown(&self) -> Option<Self> {
        self.without(|rest| ansi::sequence_len(rest).or_else(|| first_len(rest)))
    }

    /// As the download writes it: without control characters, but with the rest of a sequence.
    fn as_downloaded(&self) -> Option<Self> {
        self.without(first_len)
    }

    /// As a terminal shows text with backspaces, with which some programs print bold and underlined text.
    fn overstruck(&self) -> Option<Self> {
        /// The backspace character.
        const BACK: u8 = 8;
        memchr(BACK, &self.text)?;
        let mut view = self.empty();
        for (at, byte) in self.text.iter().enumerate() {
            if *byte == BACK {
                view.drop_last();
            } else {
                view.append(self, at..at + 1);
            }
        }
        Some(view)
    }

    /// With the string escapes of JSON and most languages resolved.
    fn unescaped(&self) -> Option<Self> {
        memchr(b'\\', &self.text)?;
        let mut view = self.empty();
        let mut from = 0;
        while let Some(at) = memchr(b'\\', self.rest(from)) {
            view.append(self, from..from + at);
            from += at;
            match escape(self.rest(from)) {
                Some((c, len)) => {
                    view.append_replaced(
                        self,
                        c.encode_utf8(&mut [0; 4]).as_bytes(),
                        from..from + len,
                    );
                    from += len;
                }
                None => {
                    view.append(self, from..from + 1);
                    from += 1;
                }
            }
        }
        view.append(self, from..self.text.len());
        Some(view)
    }

    /// With `%XX` decoded, and `+` as a space as in forms.
    fn decoded(&self) -> Option<Self> {
        memchr2(b'%', b'+', &self.text)?;
        let mut view = self.empty();
        let mut from = 0;
        while let Some(at) = memchr2(b'%', b'+', self.rest(from)) {
            view.append(self, from..from + at);
            from += at;
            let code = match self.rest(from) {
                [b'%', a, b, ..] => hex(&[*a, *b]).map(|code| (code as u8, 3)),
                [b'%', ..] => None,
                _ => Some((b' ', 1)),
            };
            match code {
                Some((byte, len)) => {
                    view.append_replaced(self, &[byte], from..from + len);
                    from += len;
                }
                None => {
                    view.append(self, from..from + 1);
                    from += 1;
                }
            }
        }
        view.append(self, from..self.text.len());
        (view.text != self.text).then_some(view)
    }

    /// Without the special parts, whose length `len` returns for the text that begins with one. `None` when
    /// nothing is removed.
    fn without(&self, len: impl Fn(&str) -> Option<usize>) -> Option<Self> {
        if is_plain(&self.text) || !may_be_special(&self.text) {
            return None;
        }
        let mut view = self.empty();
        let mut at = 0;
        for chunk in self.text.utf8_chunks() {
            let mut rest = chunk.valid();
            while let Some(special) = rest.find(is_special) {
                view.append(self, at..at + special);
                let (_, after) = rest.split_at(special);
                let step = len(after).unwrap_or(0).max(1);
                at += special + step;
                rest = after.get(step..).unwrap_or_default();
            }
            view.append(self, at..at + rest.len());
            at += rest.len() + chunk.invalid().len();
        }
        (view.text.len() != self.text.len()).then_some(view)
    }

    fn rest(&self, from: usize) -> &[u8] {
        self.text.get(from..).unwrap_or_default()
    }

    /// An empty view, to be filled from this one.
    fn empty(&self) -> Self {
        Self {
            text: Vec::with_capacity(self.text.len()),
            written: self.written.as_ref().map(|_| Vec::new()),
        }
    }

    /// Appends the `range` of `of`.
    fn append(&mut self, of: &Self, range: Range<usize>) {
        self.text
            .extend_from_slice(of.text.get(range.clone()).unwrap_or_default());
        if let (Some(written), Some(of)) = (&mut self.written, &of.written) {
            written.extend_from_slice(of.get(range).unwrap_or_default());
        }
    }

    /// Appends `bytes`, which replace the `range` of `of`.
    fn append_replaced(&mut self, of: &Self, bytes: &[u8], range: Range<usize>) {
        self.text.extend_from_slice(bytes);
        if let (Some(written), Some(range)) = (&mut self.written, of.written(range)) {
            let source = (range.start as u32, range.end as u32);
            written.extend(bytes.iter().map(|_| source));
        }
    }

    /// Removes the last character.
    fn drop_last(&mut self) {
        let is_first = |byte: &u8| !matches!(byte, 0x80..0xc0);
        let end = self.text.iter().rposition(is_first).unwrap_or(0);
        self.text.truncate(end);
        if let Some(written) = &mut self.written {
            written.truncate(end);
        }
    }
}

/// The character of the escape at the beginning of `text`, and the length of the escape.
fn escape(text: &[u8]) -> Option<(char, usize)> {
    let (first, rest) = text.strip_prefix(b"\\")?.split_first()?;
    let code =
        |digits: &[u8], more: usize| Some((char::from_u32(hex(digits)?)?, digits.len() + more));
    let long = match first {
        b'x' => rest.get(..2).and_then(|digits| code(digits, 2)),
        b'u' => match rest.strip_prefix(b"{") {
            Some(rest) => {
                let len = rest.iter().take(7).position(|byte| *byte == b'}');
                len.and_then(|len| code(rest.get(..len)?, 4))
            }
            None => rest
                .get(..4)
                .and_then(|digits| code(digits, 2))
                .or_else(|| surrogates(rest)),
        },
        _ => None,
    };
    let short = || {
        Some(match first {
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'e' => '\u{1b}',
            b'0' => '\0',
            // Quotes, slashes, and other characters that a shell escapes.
            first if first.is_ascii_punctuation() || *first == b' ' => char::from(*first),
            _ => return None,
        })
    };
    long.or_else(|| Some((short()?, 2)))
}

/// `d83d\\ude00`, after `\\u`: the JSON form of a character with more than four digits.
fn surrogates(text: &[u8]) -> Option<(char, usize)> {
    let high = hex(text.get(..4)?)?;
    let low = hex(text.get(4..10)?.strip_prefix(b"\\u")?)?;
    let units = [u16::try_from(high).ok()?, u16::try_from(low).ok()?];
    let c = char::decode_utf16(units).next()?.ok()?;
    Some((c, 12))
}

/// The length of the first character.
fn first_len(text: &str) -> Option<usize> {
    text.chars().next().map(char::len_utf8)
}

/// Whether a character is invisible or begins a control sequence. Invisible are those that Unicode ignores
/// by default, direction marks among them.
fn is_special(c: char) -> bool {
    match c {
        '\t' | ' '..='~' => false,
        '\0'..='\u{9f}' => true,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fffd}' => {
            true
        }
        '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let views = readings(text);
        let text = |view: &View| String::from_utf8_lossy(view.text()).into_owned();
        views.iter().map(text).collect()
    }

    #[test]
    fn the_readings_of_a_text_contain_the_expected_one() {
        for (written, expected) in [
            ("a\u{1b}[1mb", "ab"),
            ("a\u{1b}2b", "a2b"),
            ("a\u{1b}]0;title\u{7}b", "ab"),
            ("a\0b\rc", "abc"),
            ("ax\u{8}b", "ab"),
            ("a\u{8}b", "ab"),
            ("a\u{200b}b\u{ad}c\u{fe0f}", "abc"),
            ("a\u{fffd}b", "ab"),
            (r#"a\"b\\c\/d"#, r#"a"b\c/d"#),
            (r"\u0061\u00e9\ud83d\ude00\x41\u{42}", "aé😀AB"),
            (r#"a\\\"b"#, r#"a"b"#),
            (r"a\u001b[1mb", "ab"),
            ("a%40b%2fc%c3%a9+d", "a@b/cé d"),
            (r"a\u0025\u00340b", "a@b"),
            ("a%1b[1mb", "ab"),
        ] {
            let read = read(written);
            assert!(
                read.iter().any(|read| read == expected),
                "{written:?}: {read:?}"
            );
        }
        assert!(read("100 % of 한국어").is_empty());
    }

    #[test]
    fn a_reading_knows_its_source_positions() {
        let text = "x\u{1b}[1ma\\u0040b%41";
        for view in views(text) {
            for at in 0..view.text().len() {
                let written = view.written(at..at + 1).unwrap();
                assert!(text.get(written.clone()).is_some(), "{written:?}");
            }
            let all = view.written(0..view.text().len()).unwrap();
            assert_eq!(all, 0..text.len());
        }
    }

    #[test]
    fn plain_lines_have_no_special_bytes() {
        assert!(is_plain(b"GET /index.html?a=b 200 ~"));
        for other in ["a\tb", "a\\b", "50%", "\u{7f}", "é", "\0"] {
            assert!(!is_plain(other.as_bytes()), "{other:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_read_with_valid_positions(text in "(\u{1b}|\\\\|%|u|x|[0-9a-f]{1,4}|\\[|\\]|\u{8}|\u{9d}|é|.){0,30}") {
            for view in views(&text) {
                let len = view.text().len();
                proptest::prop_assert_eq!(view.written.as_ref().map(Vec::len), Some(len));
                for at in 0..len {
                    let written = view.written(at..at + 1).unwrap();
                    proptest::prop_assert!(text.get(written).is_some());
                }
            }
        }
    }
}
