//! Makes a line of a log safe to show: colours become styles, everything else that a terminal would
//! interpret is removed or made visible.

pub use super::style::Style;

use std::borrow::Cow;

/// Most style changes per line. A line of only colour codes would otherwise become thousands of elements;
/// the rest of it keeps the last style.
pub const MAX_SPANS: usize = 256;

/// The text of a line and its styles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Styled {
    /// The visible text.
    pub text: String,
    /// The end of each span, in bytes of the text, and its style; the last one ends with the text.
    pub spans: Vec<(usize, Style)>,
}

impl Styled {
    fn clear(&mut self) {
        self.text.clear();
        self.spans.clear();
    }

    /// Ends the current span, which has `style`.
    fn end_span(&mut self, style: Style) {
        let end = self.text.len();
        match self.spans.last_mut() {
            Some(last) if last.0 == end => {}
            Some(last) if last.1 == style => last.0 = end,
            _ if end > 0 => self.spans.push((end, style)),
            _ => {}
        }
    }
}

/// Whether a line can be shown unchanged.
fn is_plain(line: &str) -> bool {
    !line.chars().any(is_special)
}

/// Whether a character has an effect other than to be displayed.
fn is_special(c: char) -> bool {
    match c {
        '\t' | ' '..='~' => false,
        // ASCII controls, and Latin-1 controls that some terminals interpret.
        '\0'..='\u{9f}' => true,
        // Direction marks and overrides, which make text appear as something else.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        // Invisible characters and other line ends.
        '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{2060}' | '\u{feff}' => true,
        _ => false,
    }
}

/// The text of a line without its styles, for searching and copying.
pub fn plain(line: &str) -> Cow<'_, str> {
    if is_plain(line) {
        return Cow::Borrowed(line);
    }
    Cow::Owned(parse(line).text)
}

/// Parses the text and styles of a line.
///
/// Colours and attributes (SGR) become styles; other escape sequences are removed; characters that are
/// invisible or reorder the text are shown by name. Of a line that was overwritten after a carriage return,
/// as progress bars are, only the last version is kept.
pub fn parse(line: &str) -> Styled {
    let mut out = Styled::default();
    let mut style = Style::default();
    let mut rest = line.trim_end_matches('\r');
    while let Some(at) = rest.find(is_special) {
        let (before, special) = rest.split_at(at);
        out.text.push_str(before);
        let mut chars = special.chars();
        let c = chars.next().unwrap_or_default();
        rest = chars.as_str();
        match c {
            '\r' => out.clear(),
            c if is_introducer(c) => match escape(c, rest) {
                Some((after, sgr)) => {
                    rest = after;
                    if let Some(parameters) = sgr
                        && out.spans.len() < MAX_SPANS
                    {
                        out.end_span(style);
                        style.apply(parameters);
                    }
                }
                None => show(c, &mut out.text),
            },
            _ => show(c, &mut out.text),
        }
    }
    out.text.push_str(rest);
    out.end_span(style);
    out
}

/// Length in bytes of the escape sequence at the beginning of `text`, which [`parse`] removes; `None` when
/// it begins with something else.
pub fn sequence_len(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    let introducer = chars.next().filter(|c| is_introducer(*c))?;
    let (after, _) = escape(introducer, chars.as_str())?;
    Some(text.len() - after.len())
}

fn is_introducer(c: char) -> bool {
    matches!(c, '\u{1b}' | '\u{9b}' | '\u{9d}')
}

/// The text after an escape sequence that begins with `introducer`, and its parameters if it sets a style.
/// `None` when it is not a sequence.
fn escape(introducer: char, rest: &str) -> Option<(&str, Option<&str>)> {
    let (kind, rest) = match introducer {
        '\u{9b}' => ('[', rest),
        '\u{9d}' => (']', rest),
        _ => {
            let kind = rest.chars().next()?;
            (kind, rest.get(kind.len_utf8()..)?)
        }
    };
    match kind {
        '[' => {
            let end = rest.find(|c| !matches!(c, ' '..='?'))?;
            let (parameters, last) = rest.split_at(end);
            let last = last.chars().next()?;
            let after = rest.get(end + last.len_utf8()..)?;
            let is_sgr = last == 'm'
                && parameters
                    .bytes()
                    .all(|b| matches!(b, b'0'..=b'9' | b';' | b':'));
            matches!(last, '@'..='~').then_some((after, is_sgr.then_some(parameters)))
        }
        // Strings for the terminal: titles, links, images. One without an end hides nothing.
        ']' | 'P' | 'X' | '^' | '_' => {
            // Another introducer ends the scan, so that a line of only introducers is read once.
            let end = rest.find(['\u{7}', '\u{1b}', '\u{9c}', '\u{9d}']);
            let after = end.and_then(|end| {
                let after = rest.get(end..).filter(|end| !end.starts_with('\u{9d}'))?;
                let mut chars = after.chars();
                let is_escape = chars.next() == Some('\u{1b}');
                let after = chars.as_str();
                Some(if is_escape {
                    after.strip_prefix('\\').unwrap_or(after)
                } else {
                    after
                })
            });
            Some((after.unwrap_or(rest), None))
        }
        ' '..='/' => {
            let end = rest.find(|c| !matches!(c, ' '..='/'))?;
            let last = rest.get(end..)?.chars().next()?;
            Some((rest.get(end + last.len_utf8()..)?, None))
        }
        '0'..='~' => Some((rest, None)),
        _ => None,
    }
}

/// Appends the name of an invisible character.
fn show(c: char, text: &mut String) {
    match c {
        // Unicode has a symbol for each ASCII control character.
        '\0'..='\u{1f}' => text.extend(char::from_u32(0x2400 + u32::from(c))),
        '\u{7f}' => text.push('\u{2421}'),
        _ => text.push_str(&format!("<U+{:04X}>", u32::from(c))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn classes(line: &str) -> Vec<(String, String)> {
        let styled = parse(line);
        let mut from = 0;
        let mut pieces = Vec::new();
        for (end, style) in styled.spans {
            pieces.push((styled.text[from..end].to_owned(), style.class()));
            from = end;
        }
        assert_eq!(from, styled.text.len());
        pieces
    }

    fn pieces(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = expected
            .iter()
            .map(|(text, class)| ((*text).into(), (*class).into()));
        owned.collect()
    }

    #[test]
    fn colours_and_attributes_become_styles() {
        assert_eq!(
            classes("a\u{1b}[1;31mred\u{1b}[22;4m low\u{1b}[0m b\u{1b}[103;7mc\u{1b}[m"),
            pieces(&[
                ("a", ""),
                ("red", "f1 bold"),
                (" low", "f1 underline"),
                (" b", ""),
                ("c", "b11 inverse"),
            ])
        );
    }

    #[test]
    fn any_colour_becomes_one_of_sixteen() {
        for (code, class) in [
            ("38;5;9", "f9"),
            ("38;5;196", "f9"),
            ("38;5;22", "f2"),
            ("38;5;240", "f8"),
            ("38;5;255", "f15"),
            ("48;5;27", "b12"),
            ("38;2;255;165;0", "f11"),
            ("38;2;120;0;120", "f5"),
            ("38:2::0:200:200", "f14"),
            ("38:5:4", "f4"),
            ("38;5;999", ""),
            ("38", ""),
            ("38;2;1", ""),
            ("99999999", ""),
        ] {
            let found = classes(&format!("\u{1b}[{code}mx"));
            assert_eq!(found, pieces(&[("x", class)]), "{code}");
        }
    }

    #[test]
    fn other_sequences_are_removed() {
        for line in [
            "\u{1b}[2J\u{1b}[Hab",
            "a\u{1b}[Kb",
            "a\u{1b}]0;owned\u{7}b",
            "a\u{1b}]8;;http://evil\u{1b}\\b",
            "\u{9d}title\u{9c}ab",
            "a\u{9b}31mb",
            "a\u{1b}(Bb",
            "\u{1b}7ab\u{1b}8",
            "\u{1b}Pq#0~\u{1b}\\ab",
            "a\u{1b}[?25lb",
        ] {
            assert_eq!(parse(line).text, "ab", "{line:?}");
        }
    }

    #[test]
    fn invisible_characters_are_named() {
        assert_eq!(parse("a\0b\u{8}c\u{7f}").text, "a␀b␈c␡");
        assert_eq!(parse("user\u{202e}gpj.exe").text, "user<U+202E>gpj.exe");
        assert_eq!(parse("\u{85}\u{feff}x").text, "<U+0085><U+FEFF>x");
        assert_eq!(parse("x\u{1b}").text, "x␛");
        assert_eq!(parse("tabs\tstay").text, "tabs\tstay");
        assert_eq!(parse("한국어 👩‍👩‍👧").text, "한국어 👩‍👩‍👧");
    }

    #[test]
    fn an_unterminated_terminal_string_hides_nothing() {
        assert_eq!(parse("a\u{1b}]0;the rest").text, "a0;the rest");
    }

    #[test]
    fn the_length_of_a_sequence_is_what_is_removed() {
        for (text, len) in [
            ("\u{1b}[1mb", Some(4)),
            ("\u{9b}1mb", Some(4)),
            ("\u{1b}]0;t\u{7}b", Some(6)),
            ("\u{1b}2b", Some(2)),
            ("\u{1b}]0;b", Some(2)),
            ("\u{1b}", None),
            ("b\u{1b}[1m", None),
            ("", None),
        ] {
            assert_eq!(sequence_len(text), len, "{text:?}");
        }
        let bomb = "\u{9d}".repeat(100_000);
        assert_eq!(parse(&bomb).text, "", "each is read once");
    }

    #[test]
    fn only_the_last_state_of_a_progress_bar_is_kept() {
        assert_eq!(parse("10%\r50%\r\u{1b}[32m100%\r").text, "100%");
        assert_eq!(classes("\u{1b}[31m1%\r2%"), pieces(&[("2%", "f1")]));
    }

    #[test]
    fn a_line_of_only_colours_has_a_limited_number_of_spans() {
        let bomb = "\u{1b}[31mx\u{1b}[32my".repeat(10_000);
        let styled = parse(&bomb);
        assert_eq!(styled.text.len(), 20_000);
        assert!(styled.spans.len() <= MAX_SPANS + 1);
        assert_eq!(styled.spans.last().unwrap().0, 20_000);
    }

    proptest! {
        #[test]
        fn no_line_leaves_special_characters(line in "(\u{1b}|\\[|\\]|[0-9;:m]|\r|\u{9b}|\u{202e}|\0|é|x){0,40}") {
            let styled = parse(&line);
            prop_assert!(is_plain(&styled.text), "{:?}", styled.text);
            prop_assert_eq!(styled.spans.last().map_or(0, |span| span.0), styled.text.len());
            prop_assert!(styled.spans.is_sorted_by(|a, b| a.0 < b.0));
            let text = plain(&line);
            prop_assert_eq!(text.as_ref(), styled.text.as_str());
        }
    }
}
