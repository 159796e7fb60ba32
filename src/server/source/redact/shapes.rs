//! Finds secrets by their shape: tokens with a known prefix, keys of AWS, JSON web tokens, private keys, and
//! credentials in URLs and headers.
//!
//! All shapes contain one of a few literals, which are searched for together; in a text without one, as
//! most lines of a log, that search is the only cost. What follows a literal is then checked by hand. The
//! checks take time in proportion to the text, whatever it contains: none reads the same bytes again and again.

mod aws;
mod header;
mod hits;
mod jwt;
mod keys;
mod literals;
mod pem;
mod runs;

use super::{
    encoding::from_base64_url,
    reading::Text,
    rule::{Found, Rule},
};
use hits::Hits;
use literals::SEARCH;
use pem::Block;

/// Bytes that are kept beyond the visible part of a truncated line, so that a secret that begins within the
/// visible part is recognized: more than any of the tokens, and a multiple of most JSON web tokens.
pub(in crate::server::source) const LONGEST: usize = 8 * 1024;

/// What the lines before a line imply for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    block: Block,
    /// Whether the line before contains the id of an access key.
    follows_key_id: bool,
}

impl Context {
    /// The context of the first line when reading begins anywhere in a log, perhaps within a private key.
    pub(in crate::server::source) const fn anywhere() -> Self {
        Self {
            block: Block::Unknown,
            follows_key_id: false,
        }
    }

    /// Whether it implies nothing.
    pub(in crate::server::source) fn is_idle(self) -> bool {
        self == Self::default()
    }
}

/// Whether `text` contains a literal. Without one, and in an idle context, it has no secret that is not
/// escaped.
pub(in crate::server::source) fn may_be_in(text: &[u8]) -> bool {
    SEARCH.as_ref().is_some_and(|search| search.is_match(text))
}

/// The secrets in `text`, one line or several, in any order. `context` becomes that of the next line.
pub(in crate::server::source) fn find(text: &Text<'_>, context: &mut Context) -> Vec<Found> {
    let written = text.written().as_bytes();
    let mut hits = Hits::of(written);
    if std::mem::replace(&mut context.follows_key_id, hits.has_key_id) {
        hits.push_all(aws::keys_at_start(written), Rule::Aws);
    }
    let block = &mut context.block;
    if hits.has_armour || block.is_active() {
        let found = text.search_shown(|shown| in_blocks(shown, block));
        hits.found.extend(found);
    }
    if !text.is_plain() {
        hits.found.extend(text.search_readings(find_alone));
    }
    hits.found
}

/// The secrets in a text without context.
fn find_alone(text: &[u8]) -> Vec<Found> {
    let mut hits = Hits::of(text);
    if hits.has_armour {
        hits.found.extend(in_blocks(text, &mut Block::default()));
    }
    hits.found
}

/// The private keys in the lines of `text`.
fn in_blocks(text: &[u8], block: &mut Block) -> Vec<Found> {
    let (mut found, mut at) = (Vec::new(), 0);
    for line in text.split(|byte| *byte == b'\n') {
        let secrets = block.advance(line).into_iter();
        found.extend(secrets.map(|it| Found::new(at + it.start..at + it.end, Rule::Pem)));
        at += line.len() + 1;
    }
    found
}

#[cfg(test)]
mod tests;
