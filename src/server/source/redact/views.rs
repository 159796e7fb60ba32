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

/// Whether `byte` may be the first one of a special character. Without branches, so that the bytes of a block
/// are checked together.
fn begins_special(byte: u8) -> bool {
    let is_control = ((byte < b' ') & (byte != b'\t')) | (byte == 0x7f);
    let is_other = (byte == 0xc2) | (byte == 0xcd) | (byte == 0xd8) | (byte >= 0xef);
    is_control | is_other | (byte.wrapping_sub(0xe1) <= 2)
}

/// The position of the first special character in `text`. Most non-ASCII text contains none of their first
/// bytes.
fn find_special(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let at = candidate(rest.as_bytes())?;
        let c = rest.get(at..)?.chars().next()?;
        if is_special(c) {
            return Some(from + at);
        }
        from += at + c.len_utf8();
    }
}

/// The position of the first byte that may begin a special character.
fn candidate(text: &[u8]) -> Option<usize> {
    /// Bytes that are checked together.
    const WIDTH: usize = 16;
    let any = |block: &[u8; WIDTH]| {
        block
            .iter()
            .fold(false, |any, it| any | begins_special(*it))
    };
    let (blocks, rest) = text.as_chunks::<WIDTH>();
    let clean = blocks.iter().take_while(|block| !any(block)).count();
    // The last block overlaps, which is cheaper than checking its bytes one by one.
    if clean == blocks.len() && (rest.is_empty() || text.last_chunk().is_some_and(|it| !any(it))) {
        return None;
    }
    let from = WIDTH * clean;
    let mut rest = text.get(from..)?.iter();
    let at = rest.position(|byte| begins_special(*byte));
    at.map(|at| from + at)
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
    all(View::of(text))
}

/// `text` as the viewer shows it; `None` when that is the text itself.
pub(super) fn shown(text: &str) -> Option<View> {
    // Positions cost several times as much as this search.
    find_special(text)?;
    View::of(text).as_shown()
}

fn all(first: View) -> Vec<View> {
    type Read = fn(&View) -> Option<View>;
    const WITHOUT_SPECIAL: [Read; 2] = [View::as_shown, View::as_downloaded];
    const RESOLVED: [Read; 3] = [View::overstruck, View::unescaped, View::decoded];
    // Most texts have no more readings than these.
    let mut views = Vec::with_capacity(4);
    views.push(first);
    let mut next = 0;
    while next < views.len() {
        let is_special = views
            .get(next)
            .is_some_and(|view| candidate(&view.text).is_some());
        let special: &[Read] = if is_special { &WITHOUT_SPECIAL } else { &[] };
        for read in special.iter().chain(&RESOLVED) {
            let Some(other) = views.get(next).and_then(read) else {
                continue;
            };
            if views.len() < MOST && views.iter().all(|known| known.text != other.text) {
                views.push(other);
            }
        }
        next += 1;
    }
    views.remove(0);
    views
}

impl View {
    /// `text` itself, with positions. Each byte of a character has the range of the whole character, so that
    /// no character is split.
    fn of(text: &str) -> Self {
        let written = text.char_indices().flat_map(|(at, c)| {
            let source = (at as u32, (at + c.len_utf8()) as u32);
            std::iter::repeat_n(source, c.len_utf8())
        });
        Self {
            text: text.as_bytes().to_vec(),
            written: Some(written.collect()),
        }
    }

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
        let mut view = self.empty();
        let mut at = 0;
        // The check of a whole text is much faster than that of its parts.
        let whole = std::str::from_utf8(&self.text).ok().map(|text| (text, 0));
        let parts = whole.is_none().then(|| self.text.utf8_chunks());
        let parts = parts.into_iter().flatten();
        let parts = parts.map(|part| (part.valid(), part.invalid().len()));
        for (mut rest, invalid) in whole.into_iter().chain(parts) {
            while let Some(special) = find_special(rest) {
                view.append(self, at..at + special);
                let (_, after) = rest.split_at(special);
                let step = len(after).unwrap_or(0).max(1);
                at += special + step;
                rest = after.get(step..).unwrap_or_default();
            }
            view.append(self, at..at + rest.len());
            at += rest.len() + invalid;
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
mod tests;
