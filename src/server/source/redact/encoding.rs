//! Encoded forms of a secret: base64 and percent-encoding.

use crate::protocol::codec::to_base64;
use std::ops::Range;

/// Longest value, in bytes, whose base64 form is searched for: complete PEM keys are rarely encoded again.
const LONGEST: usize = 1024;
/// Shortest base64 prefix that is searched for; shorter ones match other text.
const SHORTEST: usize = 8;

/// The prefixes of `value` in base64 that do not depend on the text after it (such as the line end that
/// `echo` adds): in the standard alphabet, and in the URL alphabet where it differs.
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

/// The complete base64 word around the prefix at `range`.
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

/// Decodes base64 in the alphabet of URLs without padding; `None` when `text` is not.
pub(super) fn from_base64_url(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for digit in text {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        buffer = buffer << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits) as u8);
        }
    }
    Some(bytes)
}

/// `text` with `%XX` decoded; `None` when nothing is encoded.
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
    fn base64_is_recognized_by_its_prefix() {
        assert_eq!(base64_stems("hunter2"), [b"aHVudGVy"]);
        assert_eq!(base64_stems("???>>>"), [b"Pz8/Pj4+", b"Pz8_Pj4-"]);
        assert!(base64_stems("abcde").is_empty());
        let text = b"Basic aHVudGVyMg== x";
        assert_eq!(base64_around(text, 6..14), 6..18);
    }

    #[test]
    fn base64_of_urls_is_decoded() {
        for (text, decoded) in [
            ("", Some(&b""[..])),
            ("aGk", Some(b"hi")),
            ("eyJhIjoxfQ", Some(b"{\"a\":1}")),
            ("Pz8_Pj4-", Some(b"???>>>")),
            ("a b", None),
            ("Pz8/", None),
        ] {
            assert_eq!(
                from_base64_url(text.as_bytes()).as_deref(),
                decoded,
                "{text}"
            );
        }
    }

    #[test]
    fn percent_encoded_text_is_decoded() {
        assert_eq!(percent_decoded("p%40s%C3%A9%"), Some("p@sé%".to_owned()));
        assert_eq!(percent_decoded("p@s%zz"), None);
        assert_eq!(percent_decoded("p%ff"), None);
    }
}
