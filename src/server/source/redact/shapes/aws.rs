//! Access keys of AWS. The id of a key has a prefix; the secret key has no shape of its own and is found
//! by its name, or beside an id.

use super::runs::{after_separator, is_base64, is_run, run, runs};
use std::ops::Range;

/// Characters of an id after its prefix.
const ID: usize = 16;
/// Characters of a secret key. Session tokens are longer.
const SECRET: usize = 40;
/// Least number of characters of a secret key that follows its name.
const NAMED: usize = 16;
/// Bytes before and after an id in which its secret key may begin: both are usually in one line of a file,
/// or in one object.
const BESIDE: usize = 256;

/// Whether an id continues at `from`, after its prefix.
pub(super) fn is_key_id(text: &[u8], from: usize) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    is_run(text, from, ID, is_part)
}

/// The secret keys beside the id at `at`, from `searched` on.
pub(super) fn keys_beside(text: &[u8], at: usize, searched: usize) -> Vec<Range<usize>> {
    let window = at.saturating_sub(BESIDE)..at + BESIDE;
    // A run that began before the window is not beside the id.
    let is_within = window
        .start
        .checked_sub(1)
        .and_then(|before| text.get(before));
    let begun = if is_within.is_some_and(is_base64) {
        let near = text.get(..window.end).unwrap_or(text);
        run(near, window.start, is_base64).len()
    } else {
        0
    };
    keys_in(text, (window.start + begun).max(searched)..window.end)
}

/// The secret keys at the beginning of the line after one with an id.
pub(super) fn keys_at_start(text: &[u8]) -> Vec<Range<usize>> {
    keys_in(text, 0..BESIDE)
}

fn keys_in(text: &[u8], window: Range<usize>) -> Vec<Range<usize>> {
    let is_key = |run: &Range<usize>| {
        run.len() >= SECRET && !is_digest(text.get(run.clone()).unwrap_or_default())
    };
    runs(text, window, is_base64).filter(is_key).collect()
}

/// Whether `run` is the hash of a commit or another digest. One of 10^24 secret keys has no other digits.
fn is_digest(run: &[u8]) -> bool {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    run.iter().all(is_digit)
}

/// The secret key after its name, which ends at `from`.
pub(super) fn key_after(text: &[u8], from: usize) -> Option<Range<usize>> {
    let at = after_separator(text, from);
    if at == from {
        return None;
    }
    let len = run(text, at, is_base64).len();
    (len >= NAMED).then_some(at..at + len)
}
