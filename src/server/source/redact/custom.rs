//! The patterns of the configuration: regular expressions for what else is secret.
//!
//! They are compiled once, with bounds, and searched for in linear time per match. A text with very many
//! matches is masked to its end, so that no pattern makes the search slow.

use super::{
    reading::Text,
    rule::{Found, Rule},
};
use regex::{Regex, RegexBuilder};
use std::ops::Range;
use thiserror::Error;

/// Most patterns. Each is searched for in every line of a log.
const MOST: usize = 64;
/// Longest pattern in bytes.
const LONGEST: usize = 1024;
/// Most bytes of a compiled pattern. Some twenty repetitions of `\w`, which is all of Unicode, fit.
const COMPILED: usize = 1 << 20;
/// Most bytes of the cache for the search of one pattern, per thread.
const CACHE: usize = 256 * 1024;
/// Most matches of a pattern in one text. Each may take time in proportion to the text.
const MATCHES: usize = 256;
/// Most characters of a pattern that are quoted in an error.
const QUOTED: usize = 80;

/// The compiled patterns. They are equal if their texts are.
#[derive(Clone, Debug, Default)]
pub struct CustomPatterns(Vec<Regex>);

/// Why patterns cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{value}: must be {allowed}")]
pub struct BadPattern {
    /// The pattern, or the number of patterns.
    pub value: String,
    /// What is allowed, in words.
    pub allowed: String,
}

impl PartialEq for CustomPatterns {
    fn eq(&self, other: &Self) -> bool {
        let texts = |of: &Self| {
            of.0.iter()
                .map(|it| it.as_str().to_owned())
                .collect::<Vec<_>>()
        };
        texts(self) == texts(other)
    }
}

impl Eq for CustomPatterns {}

impl CustomPatterns {
    /// Compiles `patterns`.
    ///
    /// # Errors
    /// When one is not a regular expression, too long, too large, or matches the empty text, or when there
    /// are too many.
    pub fn compile(patterns: &[String]) -> Result<Self, BadPattern> {
        if patterns.len() > MOST {
            return Err(BadPattern {
                value: format!("{} patterns", patterns.len()),
                allowed: format!("at most {MOST}"),
            });
        }
        let compiled = patterns.iter().map(|pattern| compiled(pattern));
        compiled.collect::<Result<_, _>>().map(Self)
    }

    /// Whether a pattern matches `text`.
    pub(in crate::server::source) fn is_in(&self, text: &str) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(text))
    }

    /// Whether there are no patterns.
    pub(in crate::server::source) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The matches in `text`, as it is written and as it is shown, in any order.
    pub(in crate::server::source) fn find(&self, text: &Text<'_>) -> Vec<Found> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut found = self.find_in(text.written());
        if !text.is_plain() {
            found.extend(text.search_shown(|shown| {
                // Most texts are shown as they are written.
                if shown == text.written().as_bytes() {
                    return Vec::new();
                }
                self.find_in(&String::from_utf8_lossy(shown))
            }));
        }
        found
    }

    fn find_in(&self, text: &str) -> Vec<Found> {
        let ranges = self.0.iter().flat_map(|pattern| matches(pattern, text));
        ranges
            .map(|range| Found::new(range, Rule::Custom))
            .collect()
    }
}

/// The matches of `pattern`, adjacent ones as one: the number of masks would reveal their number.
fn matches(pattern: &Regex, text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (count, hit) in pattern.find_iter(text).enumerate() {
        let range = if count < MATCHES {
            hit.range()
        } else {
            hit.start()..text.len()
        };
        match found.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ if range.is_empty() => {}
            _ => found.push(range),
        }
        if count == MATCHES {
            break;
        }
    }
    found
}

fn compiled(pattern: &str) -> Result<Regex, BadPattern> {
    let refused = |allowed: String| {
        let quoted: String = pattern.chars().take(QUOTED).collect();
        let more = if quoted.len() < pattern.len() {
            "…"
        } else {
            ""
        };
        BadPattern {
            value: format!("{:?}", quoted + more),
            allowed,
        }
    };
    if pattern.len() > LONGEST {
        return Err(refused(format!("at most {LONGEST} bytes long")));
    }
    let regex = RegexBuilder::new(pattern)
        .size_limit(COMPILED)
        .dfa_size_limit(CACHE)
        .build()
        .map_err(|error| refused(allowed(&error)))?;
    if regex.is_match("") {
        return Err(refused(
            "a pattern that does not match the empty text".to_owned(),
        ));
    }
    Ok(regex)
}

/// What is allowed instead of the pattern that `error` is about.
fn allowed(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => {
            format!(
                "smaller: a pattern may take {} KiB in memory",
                COMPILED / 1024
            )
        }
        error => {
            // The message has several lines, of which the last says what is wrong.
            let message = error.to_string();
            let last = message.lines().last().unwrap_or_default();
            let why = last.strip_prefix("error: ").unwrap_or(last);
            format!("a regular expression ({why})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(patterns: &[&str]) -> Result<CustomPatterns, BadPattern> {
        let patterns: Vec<_> = patterns
            .iter()
            .map(|pattern| (*pattern).to_owned())
            .collect();
        CustomPatterns::compile(&patterns)
    }

    fn found(patterns: &[&str], text: &str) -> Vec<String> {
        let found = custom(patterns).unwrap().find(&Text::new(text)).into_iter();
        found.map(|found| text[found.range].to_owned()).collect()
    }

    #[test]
    fn matches_are_found_as_written_and_as_shown() {
        let patterns = [r"ACC-\d{6}", "x+y"];
        assert_eq!(found(&patterns, "a ACC-123456 xxy"), ["ACC-123456", "xxy"]);
        assert_eq!(
            found(&patterns, "ACC-12\u{1b}[1m3456"),
            ["ACC-12\u{1b}[1m3456"]
        );
        assert!(found(&patterns, "ACC-12345 100 %").is_empty());
        assert_eq!(found(&[r"\d"], "a 1234 b"), ["1234"]);
    }

    #[test]
    fn a_bad_pattern_is_named_with_the_reason() {
        for (pattern, words) in [
            (
                "(a".to_owned(),
                &["\"(a\"", "regular expression", "unclosed group"][..],
            ),
            (r"(a)\1".to_owned(), &["backreferences"]),
            ("x*".to_owned(), &["\"x*\"", "empty"]),
            (String::new(), &["\"\"", "empty"]),
            (r"\w{400}".to_owned(), &[r"\\w{400}", "KiB"]),
            ("é".repeat(600), &["éé", "…", "1024 bytes"]),
        ] {
            let error = custom(&["ok", &pattern]).unwrap_err().to_string();
            for word in words {
                assert!(error.contains(word), "{error}");
            }
            assert!(error.len() < 400, "{error}");
        }
        let many = vec!["a"; MOST + 1];
        assert_eq!(
            custom(&many).unwrap_err().to_string(),
            "65 patterns: must be at most 64"
        );
        assert!(custom(&many[1..]).is_ok());
    }

    #[test]
    fn a_text_with_very_many_matches_is_masked_to_its_end() {
        let text = "1 ".repeat(MATCHES + 10);
        let found = found(&[r"\d"], &text);
        assert_eq!(found.len(), MATCHES + 1);
        assert_eq!(found.last().map(String::len), Some(20));
    }
}
