//! Decides which entries are shown, and which match the search.

use super::{Head, Kind, LevelFilter, LogView, StreamFilter, ansi};
use crate::model::LogStream;
use std::{borrow::Cow, ops::Range};

/// Bytes shown before the first match of a long line, if the match is far from its beginning: few, because
/// a phone shows some thirty.
const LEAD_BYTES: usize = 24;

/// The filter of a log view, apart from the search text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The levels to show.
    pub level: LevelFilter,
    /// The streams to show.
    pub stream: StreamFilter,
    /// Whether only matches of the search are shown.
    pub only_matches: bool,
}

impl Filter {
    /// The filter of `view`.
    pub fn of(view: &LogView) -> Self {
        Self {
            level: view.level,
            stream: view.stream,
            only_matches: view.is_search() && (view.only || view.invert),
        }
    }

    /// Whether an entry is shown. Entries other than lines always are.
    pub fn shows(self, entry: &Head) -> bool {
        let Kind::Line(stream) = entry.kind else {
            return true;
        };
        let stream = match self.stream {
            StreamFilter::Both => true,
            StreamFilter::Stdout => stream == LogStream::Stdout,
            StreamFilter::Stderr => stream == LogStream::Stderr,
        };
        stream
            && self.level.shows(entry.level)
            && (!self.only_matches || entry.is_match == Some(true))
    }
}

/// The direction in which the next match is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Towards the end.
    Next,
    /// Towards the beginning.
    Previous,
}

/// The searchable text of a line: all of it, without its styles.
pub fn searched(line: &str) -> Cow<'_, str> {
    ansi::plain(line)
}

/// The `bytes` of `text` to draw when its first match is at `found`: the beginning, or the part around the
/// match if that is further back.
pub fn excerpt(text: &str, found: Option<usize>, bytes: usize) -> Range<usize> {
    let is_behind = |found: &usize| *found >= text.floor_char_boundary(bytes);
    let from = found.filter(is_behind).map_or(0, |found| {
        text.floor_char_boundary(found.saturating_sub(LEAD_BYTES))
    });
    from..text.floor_char_boundary(from + bytes)
}

/// A search text, matched without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    lower: String,
    is_ascii: bool,
}

impl Needle {
    /// A search for `text`.
    pub fn new(text: &str) -> Self {
        Self {
            lower: text.to_lowercase(),
            is_ascii: text.is_ascii(),
        }
    }

    /// Whether the raw `line` contains it.
    pub fn is_in(&self, line: &str) -> bool {
        let text = searched(line);
        if self.is_ascii {
            return self.find_ascii(text.as_bytes(), 0).is_some();
        }
        text.to_lowercase().contains(&self.lower)
    }

    /// The positions of the first `limit` matches in `text`.
    pub fn ranges(&self, text: &str, limit: usize) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        if self.is_ascii {
            let mut from = 0;
            while ranges.len() < limit
                && let Some(at) = self.find_ascii(text.as_bytes(), from)
            {
                from = at + self.lower.len();
                ranges.push(at..from);
            }
            return ranges;
        }
        // Lower case may have another length, so each letter keeps its source range.
        let sources = text
            .char_indices()
            .flat_map(|(at, c)| c.to_lowercase().map(move |_| at..at + c.len_utf8()));
        let sources: Vec<_> = sources.collect();
        let lower: Vec<_> = text.chars().flat_map(char::to_lowercase).collect();
        let needle: Vec<_> = self.lower.chars().collect();
        let mut from = 0;
        while ranges.len() < limit && !needle.is_empty() {
            let found = lower.get(from..).unwrap_or_default();
            let Some(at) = found.windows(needle.len()).position(|w| w == needle) else {
                break;
            };
            let (first, last) = (from + at, from + at + needle.len() - 1);
            if let (Some(first), Some(last)) = (sources.get(first), sources.get(last)) {
                ranges.push(first.start..last.end);
            }
            from = last + 1;
        }
        ranges
    }

    fn find_ascii(&self, text: &[u8], from: usize) -> Option<usize> {
        let needle = self.lower.as_bytes();
        let (first, _) = needle.split_first()?;
        let upper = first.to_ascii_uppercase();
        let last = text.len().checked_sub(needle.len())?;
        let mut at = from;
        while at <= last {
            let ahead = text.get(at..=last)?;
            at += ahead
                .iter()
                .position(|byte| byte == first || *byte == upper)?;
            if text
                .get(at..at + needle.len())?
                .eq_ignore_ascii_case(needle)
            {
                return Some(at);
            }
            at += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{client::logs::Entry, model::LogLine};
    use proptest::prelude::*;

    fn head(text: &str, stream: LogStream) -> Head {
        let line = LogLine {
            stream,
            line: text.into(),
            ..LogLine::default()
        };
        Entry::line(0, line).head
    }

    #[test]
    fn filters_hide_lines_but_never_markers() {
        let warn = Filter {
            level: LevelFilter::Warn,
            stream: StreamFilter::Stderr,
            only_matches: false,
        };
        assert!(warn.shows(&head("ERROR x", LogStream::Stderr)));
        assert!(!warn.shows(&head("ERROR x", LogStream::Stdout)));
        assert!(!warn.shows(&head("INFO x", LogStream::Stderr)));
        assert!(!warn.shows(&head("x", LogStream::Stderr)));
        assert!(warn.shows(&Entry::at(0, None, Kind::Gap(None)).head));
        let only = Filter {
            only_matches: true,
            ..Filter::default()
        };
        let mut found = head("x", LogStream::Stdout);
        assert!(!only.shows(&found));
        found.is_match = Some(true);
        assert!(only.shows(&found));
    }

    #[test]
    fn text_is_found_regardless_of_case_and_colours() {
        assert!(Needle::new("TimeOut").is_in("db: connection \u{1b}[31mtime\u{1b}[0mout"));
        assert!(Needle::new("시간").is_in("연결 시간 초과"));
        assert!(Needle::new("ÉTÉ").is_in("l'été"));
        assert!(!Needle::new("timeout").is_in("time out"));
        assert!(!Needle::new("").is_in("x"));
        assert_eq!(Needle::new("a").ranges("aXA", 9), [0..1, 2..3]);
        assert_eq!(Needle::new("aa").ranges("aaaaa", 9), [0..2, 2..4]);
        assert_eq!(Needle::new("é").ranges("aÉé", 9), [1..3, 3..5]);
        assert_eq!(Needle::new("a").ranges("aaaa", 2).len(), 2);
    }

    #[test]
    fn a_long_line_is_searched_completely() {
        let line = format!("{}needle", "é\u{1b}[1m ".repeat(10_000));
        assert!(Needle::new("NEEDLE").is_in(&line));
        assert!(searched(&line).ends_with("needle"));
    }

    #[test]
    fn the_drawn_part_of_a_long_line_contains_the_first_match() {
        let text = format!("{}needle{}", "é".repeat(5_000), "ü".repeat(5_000));
        let drawn = excerpt(&text, Some(10_000), 1_000);
        assert!(text[drawn.clone()].contains("needle") && drawn.len() <= 1_000);
        assert_eq!(excerpt(&text, Some(998), 1_001), 0..1_000);
        assert_eq!(excerpt(&text, None, 1_001), 0..1_000);
        assert_eq!(excerpt("short", None, 1_001), 0..5);
        let last = excerpt(&text, Some(text.len() - 2), 1_000);
        assert!(last.end == text.len() && last.len() > 20);
    }

    proptest! {
        #[test]
        fn every_match_is_a_valid_range(text in "[aAbéİ ]{0,12}", needle in "[aAbÉi]{1,3}") {
            let found = Needle::new(&needle).ranges(&text, 99);
            for range in &found {
                prop_assert!(text.get(range.clone()).is_some());
            }
            if text.is_ascii() && needle.is_ascii() {
                prop_assert_eq!(!found.is_empty(), text.to_lowercase().contains(&needle.to_lowercase()));
            }
        }
    }
}
