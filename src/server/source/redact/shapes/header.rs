//! Credentials in headers of HTTP, and in the addresses of webhooks.

use super::runs::{after_separator, is_word, run};
use std::ops::Range;

/// Schemes whose credentials are one word.
const SCHEMES: [&str; 5] = ["bearer", "basic", "token", "apikey", "negotiate"];
/// Least length of a word after `Bearer` that is a token and not an ordinary word, outside of a header.
const SHORTEST_BEARER: usize = 16;
/// Least length of the secret part of a webhook's address.
const SHORTEST_PATH: usize = 8;

/// The credentials after `Authorization`, which ends at `from`.
pub(super) fn credentials(text: &[u8], from: usize) -> Option<Range<usize>> {
    let at = after_separator(text, from);
    if at == from {
        return None;
    }
    let scheme = run(text, at, u8::is_ascii_alphanumeric);
    let is_known = SCHEMES
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known.as_bytes()));
    let after = at + scheme.len();
    let gap = run(text, after, |byte| matches!(byte, b' ' | b'\t')).len();
    if !is_known || gap == 0 {
        return None;
    }
    let begin = after + gap;
    let credentials = run(text, begin, is_credential);
    // `authorization token expired` is a sentence.
    let separator = text.get(from..at).unwrap_or_default();
    let is_sentence = separator.iter().all(u8::is_ascii_whitespace)
        && credentials
            .iter()
            .skip(1)
            .all(|byte| !byte.is_ascii_digit() && !byte.is_ascii_uppercase());
    (!is_sentence).then(|| begin..begin + credentials.len())
}

/// The token after a word `Bearer`, whose second letter is at `start` and which ends at `end`.
pub(super) fn bearer(text: &[u8], start: usize, end: usize) -> Option<Range<usize>> {
    let first = start.checked_sub(1).and_then(|first| text.get(first));
    let token = run(text, end, is_credential);
    let is_token = token.len() >= SHORTEST_BEARER && token.iter().any(u8::is_ascii_digit);
    (matches!(first, Some(b'B' | b'b')) && is_token).then(|| end..end + token.len())
}

/// The secret part of a webhook's address, whose host ends at `from`.
pub(super) fn webhook(text: &[u8], from: usize) -> Option<Range<usize>> {
    let kind = run(text, from, u8::is_ascii_lowercase);
    let slash = from + kind.len();
    if text.get(slash) != Some(&b'/') {
        return None;
    }
    let begin = slash + 1;
    let is_path = |byte: &u8| is_word(byte) || matches!(byte, b'/' | b'.' | b'+' | b'=');
    let path = run(text, begin, is_path);
    (path.len() >= SHORTEST_PATH).then(|| begin..begin + path.len())
}

/// Whether a byte may be part of credentials: any but those that end a word in a line of a log.
fn is_credential(byte: &u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(
            byte,
            b'"' | b'\'' | b',' | b';' | b'\\' | b']' | b'}' | b')' | b'<' | b'>' | b'&'
        )
}
