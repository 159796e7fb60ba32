//! Finds the end of a secret value that follows its name in a text.
//!
//! The value is masked, what follows it is kept. In doubt more is masked rather than less.

use super::{MASK, quote::Quote};
use std::ops::Range;

/// The syntax around a value.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Syntax {
    /// A space precedes it: `password: correct horse`. The value may contain more of them.
    pub(super) spaced: bool,
    /// The name is quoted, as in JSON.
    pub(super) json: bool,
    /// The name is a flag, `--password=…`: the whole word is the value.
    pub(super) flag: bool,
    /// The name is part of a URL's query.
    pub(super) query: bool,
    /// The name is a header whose value is a list of assignments itself.
    pub(super) header: bool,
    /// Name and value are quoted together: `"Authorization: Bearer x"`.
    pub(super) quote: Option<Quote>,
}

/// The value that begins at `from`; empty when there is none.
pub(super) fn value(text: &[u8], from: usize, syntax: Syntax) -> Range<usize> {
    let mut begin = from;
    if let Some((quote, inner)) = Quote::at(text, from) {
        let Some((end, after)) = quote.end(text, inner) else {
            return inner..text.len();
        };
        if ends_word(text, after) || is_outer(text, after, syntax) {
            return inner..end;
        }
        // The shell joins `"a"b` into one word.
        begin = after;
    } else if matches!(text.get(from), Some(b'[' | b'{')) && (syntax.json || syntax.spaced) {
        return from..bracket_end(text, from);
    } else if syntax.json
        && let Some(end) = scalar_end(text, from)
    {
        return from..end;
    }
    let outer = syntax.quote.and_then(|quote| quote.end(text, begin));
    let end = match outer {
        Some((end, _)) => end,
        None if syntax.spaced => words_end(text, begin, syntax),
        None => word_end(text, begin, syntax),
    };
    from..trim_end(text, from, end)
}

/// The end of a value without spaces.
fn word_end(text: &[u8], from: usize, syntax: Syntax) -> usize {
    let ends = |at: &usize| {
        let rest = text.get(*at..).unwrap_or_default();
        rest.first().is_none_or(u8::is_ascii_whitespace)
            || ends_quotation(text, *at)
            || (syntax.query && matches!(rest.first(), Some(b'&' | b'#')))
            || (!syntax.flag && begins_next(rest))
    };
    (from..text.len()).find(ends).unwrap_or(text.len())
}

/// The end of a value that may contain spaces: that of the line or quotation, or the next flag or the next
/// name with a value of its own.
fn words_end(text: &[u8], from: usize, syntax: Syntax) -> usize {
    let ends = |at: &usize| {
        let rest = text.get(*at..).unwrap_or_default();
        match rest.split_first() {
            Some((b'\n' | b'\r', _)) => true,
            Some((first, rest)) if first.is_ascii_whitespace() => {
                is_flag(rest) || is_name(rest, syntax.header)
            }
            _ => ends_quotation(text, *at) || (!syntax.header && begins_next(rest)),
        }
    };
    (from..text.len()).find(ends).unwrap_or(text.len())
}

/// Whether `rest` is a separator followed by a name with a value: `;Port=1`.
fn begins_next(rest: &[u8]) -> bool {
    let Some((b'&' | b';' | b',', rest)) = rest.split_first() else {
        return false;
    };
    is_name(rest, false)
}

/// Whether `rest` begins with `name=`, `name:` or `"name":`; with `only_headers`, only `Name: ` counts.
fn is_name(rest: &[u8], only_headers: bool) -> bool {
    /// Longer names exist, but are rare.
    const LONGEST: usize = 64;
    let begin = Quote::at(rest, 0).map_or(0, |(_, begin)| begin);
    let name = rest.get(begin..).unwrap_or_default();
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let len = name.iter().take(LONGEST).take_while(is_part).count();
    if len == 0
        || !name
            .first()
            .is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
    {
        return false;
    }
    let after = begin + len;
    let after = match Quote::at(rest, after) {
        Some((_, after)) if begin > 0 => after,
        _ => after,
    };
    match (rest.get(after), rest.get(after + 1)) {
        (Some(b':'), next) => !only_headers || next.is_some_and(u8::is_ascii_whitespace),
        (Some(b'='), _) => !only_headers,
        _ => false,
    }
}

fn is_flag(rest: &[u8]) -> bool {
    match rest {
        [b'-', b'-', ..] => true,
        [b'-', first, ..] => first.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Whether the quotation around the value ends here: a mark followed by the end of a word.
fn ends_quotation(text: &[u8], at: usize) -> bool {
    // Backslashes are counted once, from the first one.
    let is_within = at > 0 && text.get(at - 1) == Some(&b'\\') && text.get(at) == Some(&b'\\');
    !is_within && Quote::at(text, at).is_some_and(|(_, after)| ends_word(text, after))
}

fn ends_word(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|byte| {
        byte.is_ascii_whitespace()
            || matches!(
                byte,
                b',' | b';' | b'}' | b']' | b')' | b'&' | b'|' | b'<' | b'>' | b':'
            )
    })
}

/// Whether the quotation around name and value ends here.
fn is_outer(text: &[u8], at: usize, syntax: Syntax) -> bool {
    Quote::at(text, at)
        .is_some_and(|(quote, after)| syntax.quote == Some(quote) || ends_word(text, after))
}

/// The end of a list or object; the end of the text when it is incomplete.
fn bracket_end(text: &[u8], from: usize) -> usize {
    let (mut depth, mut at) = (0_usize, from);
    while let Some(byte) = text.get(at) {
        if let Some((quote, begin)) = Quote::at(text, at) {
            at = quote
                .end(text, begin)
                .map_or(text.len(), |(_, after)| after);
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        // Backslashes are counted once, from the first one.
        let backslashes = rest.iter().take_while(|byte| **byte == b'\\').count();
        at += backslashes.max(1);
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The end of a JSON number. `true`, `false` and `null` are not secrets; their value is empty.
fn scalar_end(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    if rest.starts_with(MASK.as_bytes()) {
        // It is already masked.
        return Some(from + MASK.len());
    }
    let len = rest
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'))
        .count();
    let scalar = rest.get(..len)?;
    let is_word = [&b"true"[..], b"false", b"null"].contains(&scalar);
    let is_number = std::str::from_utf8(scalar).is_ok_and(|text| text.parse::<f64>().is_ok());
    (ends_word(text, from + len) && (is_word || is_number)).then_some(if is_word {
        from
    } else {
        from + len
    })
}

fn trim_end(text: &[u8], from: usize, end: usize) -> usize {
    let value = text.get(from..end).unwrap_or_default();
    from + value.trim_ascii_end().len()
}
