//! Private keys in PEM, also over several lines of a log.
//!
//! A key is written as its first line, lines of base64, and its last line. The state is that of one stream of
//! lines; it is left soon after lines that cannot belong to a key, so that the mere mention of a first line
//! hides no others. Lines may have a prefix, such as a time. The text between the first and the last line is
//! masked, those two are kept.

use super::runs::{is_base64, run, runs};
use memchr::memmem;
use std::ops::Range;

/// What begins and ends an armour.
pub(super) const DASHES: &[u8] = b"-----";
/// Longest label of a block, as `ENCRYPTED PRIVATE KEY`.
const LONGEST_LABEL: usize = 64;
/// The part of a label that marks a secret; the block of a certificate is public.
const SECRET_LABEL: &[u8] = b"PRIVATE KEY";
/// Least length of a line of the body, except for the last one. Usual are 64, 70 and 76.
const SHORTEST_LINE: usize = 24;
/// Lengths of lines by which a key is recognized without its first line.
const USUAL_LINES: [usize; 3] = [64, 70, 76];
/// Least length of the parts of a last line that are masked.
const SHORTEST_PART: usize = 6;
/// Most lines between the first line and the body: an encrypted key has two headers and an empty line.
const MOST_HEADERS: u16 = 4;
/// Most lines of a key: those of 16,384 bits have some two hundred.
const MOST_LINES: u16 = 400;

/// Where a line is in relation to a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Block {
    /// Outside of any.
    #[default]
    Outside,
    /// Perhaps within one: reading has begun here.
    Unknown,
    /// After the first line, and this many that may be headers.
    Begun(u16),
    /// Within the body.
    Body {
        /// Lines of the body so far.
        lines: u16,
        /// Whether the first line was seen. Without it, words are not taken for base64.
        is_certain: bool,
    },
}

/// The first or last line of a block.
struct Armour {
    range: Range<usize>,
    is_begin: bool,
    is_secret: bool,
}

impl Block {
    /// Whether the next line may be secret without containing a first or last line.
    pub(super) fn is_active(self) -> bool {
        self != Self::Outside
    }

    /// The secret parts of the next `line`, in order.
    pub(super) fn advance(&mut self, line: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        // Where the text after the last armour begins, and the body of a key that begins in this line.
        let (mut at, mut body) = (0, None);
        while let Some(armour) = next_armour(line, at) {
            let before = at..armour.range.start;
            if armour.is_begin {
                *self = if armour.is_secret {
                    Self::Begun(0)
                } else {
                    Self::Outside
                };
                body = armour.is_secret.then_some(armour.range.end);
            } else {
                if armour.is_secret {
                    found.extend(self.before_end(line, before, body.take().is_some()));
                }
                *self = Self::Outside;
                body = None;
            }
            at = armour.range.end;
        }
        match body {
            Some(from) => found.extend(self.rest(line, from)),
            None if at == 0 => found.extend(self.of_body(line)),
            None => {}
        }
        found
    }

    /// The secrets in `part`, which the last line of a key follows. With `is_whole` it is the whole body.
    fn before_end(self, line: &[u8], part: Range<usize>, is_whole: bool) -> Vec<Range<usize>> {
        let text = line.get(part.clone()).unwrap_or_default();
        if is_whole {
            let has_body = text.iter().any(is_base64);
            return has_body.then_some(part).into_iter().collect();
        }
        if self.is_active() {
            let runs = runs(line, part, is_base64);
            return runs.filter(|run| run.len() >= SHORTEST_PART).collect();
        }
        // Reading may have begun in the middle of a line with escaped line ends.
        let is_escaped = |byte: &u8| is_base64(byte) || matches!(byte, b'=' | b'\\');
        let len = text
            .iter()
            .rev()
            .take_while(|byte| is_escaped(byte))
            .count();
        let rest = part.end - len..part.end;
        Some(rest)
            .filter(|rest| rest.len() >= SHORTEST_PART)
            .into_iter()
            .collect()
    }

    /// The rest of a line after the first line of a key, if it has a part of the body.
    fn rest(&mut self, line: &[u8], from: usize) -> Option<Range<usize>> {
        let has_body = runs(line, from..line.len(), is_base64).any(|run| is_body(line, &run));
        if has_body {
            *self = Self::Body {
                lines: 1,
                is_certain: true,
            };
        }
        has_body.then_some(from..line.len())
    }

    /// The secrets in a line without armour.
    fn of_body(&mut self, line: &[u8]) -> Vec<Range<usize>> {
        let text = line.trim_ascii();
        if !self.is_active() || text.is_empty() {
            return Vec::new();
        }
        let mut runs: Vec<_> = runs(line, 0..line.len(), is_base64).collect();
        let is_whole = is_base64_only(text);
        let is_body = |run: &Range<usize>| is_body(line, run);
        let of = |run: &Range<usize>| line.get(run.clone()).unwrap_or_default();
        match *self {
            Self::Body { lines, .. } if lines >= MOST_LINES => {
                *self = Self::Outside;
                runs.clear();
            }
            Self::Begun(_) | Self::Body { .. } if runs.iter().any(is_body) => {
                runs.retain(is_body);
                *self = self.next();
            }
            Self::Body { is_certain, .. } => {
                // The last line, or the first one after a block that has no end.
                let is_short = |run: &Range<usize>| run.len() < SHORTEST_PART && !is_whole;
                runs.retain(|run| !is_short(run) && (is_certain || !is_ordinary(of(run))));
                // The line of another thread may be between two lines of the key.
                *self = if is_certain {
                    Self::Unknown
                } else {
                    Self::Outside
                };
            }
            Self::Begun(headers) => {
                let may_follow = headers < MOST_HEADERS;
                *self = if may_follow {
                    Self::Begun(headers + 1)
                } else {
                    Self::Outside
                };
                runs.retain(|run| is_whole && !is_ordinary(of(run)));
            }
            Self::Unknown => {
                let is_usual =
                    |run: &Range<usize>| USUAL_LINES.contains(&run.len()) && !is_ordinary(of(run));
                let is_line = runs.iter().any(is_usual);
                let is_last = is_whole && text.len() >= SHORTEST_PART && is_last_line(text);
                runs.retain(|run| is_usual(run) || (is_last && !is_ordinary(of(run))));
                *self = if is_line { self.next() } else { Self::Outside };
            }
            Self::Outside => {}
        }
        runs
    }

    /// The state after a line of the body.
    fn next(self) -> Self {
        let (lines, is_certain) = match self {
            Self::Body { lines, is_certain } => (lines, is_certain),
            before => (0, before != Self::Unknown),
        };
        Self::Body {
            lines: lines + 1,
            is_certain,
        }
    }
}

/// The next armour from `from` on.
fn next_armour(line: &[u8], from: usize) -> Option<Armour> {
    let mut from = from;
    loop {
        let start = from + memmem::find(line.get(from..)?, DASHES)?;
        if let Some(armour) = armour(line, start) {
            return Some(armour);
        }
        from = start + 1;
    }
}

/// The armour that begins at `start`.
fn armour(line: &[u8], start: usize) -> Option<Armour> {
    let after = line.get(start + DASHES.len()..)?;
    let begin = after.strip_prefix(b"BEGIN ");
    let label = begin.or_else(|| after.strip_prefix(b"END "))?;
    let is_label = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ';
    let near = label.get(..LONGEST_LABEL).unwrap_or(label);
    let name = run(near, 0, is_label);
    let rest = label.get(name.len()..)?.strip_prefix(DASHES)?;
    Some(Armour {
        range: start..line.len() - rest.len(),
        is_begin: begin.is_some(),
        is_secret: memmem::find(name, SECRET_LABEL).is_some(),
    })
}

/// Whether `text` is base64 from its beginning to its end, with padding or without.
fn is_base64_only(text: &[u8]) -> bool {
    let digits = run(text, 0, is_base64);
    matches!(text.get(digits.len()..), Some(b"" | b"=" | b"==")) && !digits.is_empty()
}

/// Whether `text` may be the last line of a key: the length of a key in base64 is a multiple of four.
fn is_last_line(text: &[u8]) -> bool {
    text.len().is_multiple_of(4) && !text.starts_with(b"/")
}

/// Whether base64 reads like a word, a number, a hash or a path, and not as if it was random.
fn is_ordinary(text: &[u8]) -> bool {
    let has = |is_of_kind: fn(&u8) -> bool| text.iter().any(is_of_kind);
    let tail = text.get(1..).unwrap_or_default();
    !(has(u8::is_ascii_lowercase) && tail.iter().any(u8::is_ascii_uppercase))
}

/// Whether the `run` of base64 in `line` is a line of a body.
fn is_body(line: &[u8], run: &Range<usize>) -> bool {
    let text = line.get(run.clone()).unwrap_or_default();
    text.len() >= SHORTEST_LINE && !is_ordinary(text)
}

#[cfg(test)]
mod tests;
