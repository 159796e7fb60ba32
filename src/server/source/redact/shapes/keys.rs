//! API keys with short prefixes, which ordinary words contain, too.

use super::runs::{is_run, is_word, run};

/// Least length of an API key after `sk-`. Those of `OpenAI` have 48 characters or more, those of Anthropic 100;
/// other services have shorter ones.
const SHORTEST: usize = 20;
/// Least length of a part between dashes: no word of a name such as `sk-node-pool-eu-west-12` is as long.
const LONG_PART: usize = 16;
/// Characters of the id in a key of `SendGrid`.
const SENDGRID_ID: usize = 22;
/// Characters of its secret, somewhat below the 43 that it has.
const SENDGRID_SECRET: usize = 40;

/// Whether an API key has its `sk-` at `start..end`, and not the end of a word as in `task-1`.
pub(super) fn is_api_key(text: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).and_then(|before| text.get(before));
    if before.is_some_and(is_word) {
        return false;
    }
    let key = run(text, end, is_word);
    let mut parts = key.split(|byte| *byte == b'-');
    key.len() >= SHORTEST
        && key.iter().any(u8::is_ascii_digit)
        && parts.any(|part| part.len() >= LONG_PART)
}

/// Whether a key of `SendGrid` continues at `from`, after `SG.`.
pub(super) fn is_sendgrid_key(text: &[u8], from: usize) -> bool {
    let dot = from + SENDGRID_ID;
    is_run(text, from, SENDGRID_ID, is_word)
        && text.get(dot) == Some(&b'.')
        && is_run(text, dot + 1, SENDGRID_SECRET, is_word)
}
