//! Encoded forms of a secret that cannot be read off the text around it.

use crate::protocol::codec::to_base64;
use std::ops::Range;

/// Longer values are not looked for in base64: whole keys in PEM hardly are encoded once more.
const LONGEST: usize = 1024;
/// Shorter ones would be too short to be told from other text.
const SHORTEST: usize = 8;

/// What a value in base64 begins with, whatever follows it (a line end, which `echo` adds): in the
/// alphabet of MIME, and in that of URLs where it differs.
pub(in crate::server::source) fn base64_stems(value: &str) -> Vec<Vec<u8>> {
    let whole = value.len() - value.len() % 3;
    let bytes = value.as_bytes().get(..whole).unwrap_or_default();
    let stem = to_base64(bytes);
    if value.len() > LONGEST || stem.len() < SHORTEST {
        return Vec::new();
    }
    let of_urls = stem.replace('+', "-").replace('/', "_");
    let of_urls = (of_urls != stem).then_some(of_urls);
    let stems = std::iter::once(stem).chain(of_urls);
    stems.map(String::into_bytes).collect()
}

/// All of the base64 around the stem at `range`.
pub(in crate::server::source) fn base64_around(text: &[u8], range: Range<usize>) -> Range<usize> {
    let is_digit = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
    };
    let before = text.get(..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    let before = before.iter().rev().take_while(is_digit).count();
    let after = after.iter().take_while(is_digit).count();
    range.start - before..range.end + after
}

/// `text` with `%XX` decoded; none when nothing is encoded in it.
pub(in crate::server::source) fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .filter(|_| *byte == b'%')
            .and_then(super::hex);
        decoded.push(code.map_or(*byte, |code| code as u8));
        rest = code.and_then(|_| after.get(2..)).unwrap_or(after);
    }
    let decoded = String::from_utf8(decoded).ok()?;
    (decoded != text).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_known_by_its_beginning() {
        assert_eq!(base64_stems("hunter2"), [b"aHVudGVy"]);
        assert_eq!(base64_stems("???>>>"), [b"Pz8/Pj4+", b"Pz8_Pj4-"]);
        assert!(base64_stems("abcde").is_empty());
        let text = b"Basic aHVudGVyMg== x";
        assert_eq!(base64_around(text, 6..14), 6..18);
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        assert_eq!(percent_decoded("p%40s%C3%A9%"), Some("p@sé%".to_owned()));
        assert_eq!(percent_decoded("p@s%zz"), None);
        assert_eq!(percent_decoded("p%ff"), None);
    }
}
