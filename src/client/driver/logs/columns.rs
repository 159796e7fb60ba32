//! How high entries are, before they are drawn.

use crate::client::logs::{Store, ansi, json};

/// Width of a character in pixels, about; what is drawn is measured.
const CHARACTER: f64 = 7.6;
/// Bytes of a line that are drawn before somebody asks for all of it.
pub(super) const DRAWN_BYTES: usize = 2_000;

/// What heights are worked out from before they are measured.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    characters: usize,
    wrap: bool,
}

impl Columns {
    /// Of a text `width` pixels wide.
    pub(super) fn new(width: f64, wrap: bool) -> Self {
        Self {
            characters: (width / CHARACTER).max(10.0) as usize,
            wrap,
        }
    }

    /// Lines of text an entry takes, about.
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
