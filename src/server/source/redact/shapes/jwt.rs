//! JSON web tokens: three parts in base64, of which the first is an object that names an algorithm.

use super::{
    from_base64_url,
    runs::{is_word, run},
};
use serde_json::Value;

/// Longest header in base64. It names an algorithm and a key; some contain a certificate.
const LONGEST_HEADER: usize = 2 * 1024;

/// Whether a token begins at `at`; the number of bytes that were read is added to `read`. One without a
/// signature counts, because the rest of a truncated line is unknown.
pub(super) fn is_token(text: &[u8], at: usize, read: &mut usize) -> bool {
    let near = text.get(at..).unwrap_or_default();
    let near = near.get(..LONGEST_HEADER).unwrap_or(near);
    let header = run(near, 0, is_word);
    *read += header.len();
    near.get(header.len()) == Some(&b'.') && names_algorithm(header)
}

fn names_algorithm(header: &[u8]) -> bool {
    let json = from_base64_url(header);
    let header: Option<Value> = json.and_then(|json| serde_json::from_slice(&json).ok());
    header.is_some_and(|header| header.get("alg").is_some())
}
