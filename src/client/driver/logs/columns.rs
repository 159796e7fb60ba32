//! Estimates the heights of entries before they are drawn.

use crate::client::logs::{Store, ansi, json};

/// Approximate width of a character in pixels; drawn rows are measured.
const CHARACTER: f64 = 7.6;
/// Bytes of a line that are drawn while it is not expanded.
pub(super) const DRAWN_BYTES: usize = 2_000;

/// The parameters from which heights are estimated.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    characters: usize,
    wrap: bool,
}

impl Columns {
    /// For a text column of `width` pixels.
    pub(super) fn new(width: f64, wrap: bool) -> Self {
        Self {
            characters: (width / CHARACTER).max(10.0) as usize,
            wrap,
        }
    }

    /// Approximate number of text lines of an entry.
    pub(super) fn height(self, store: &Store, number: u64) -> u16 {
        let wrapped = |len: usize| len.div_ceil(self.characters).max(1);
        let spread = |text: &str| {
            let text = ansi::plain(text);
            let json = json::pretty(&text).map(|pretty| pretty.lines().count());
            json.unwrap_or_else(|| wrapped(text.len()))
        };
        let lines = match store.head(number) {
            Some(head) if head.is_expanded => store.with_text(number, spread),
            Some(head) if self.wrap && head.is_line() => {
                let length = store.length(number);
                length.map(|length| wrapped(length.min(DRAWN_BYTES)))
            }
            _ => None,
        };
        u16::try_from(lines.unwrap_or(1)).unwrap_or(u16::MAX)
    }
}
