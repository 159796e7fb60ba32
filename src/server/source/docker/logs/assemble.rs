//! Lines from chunks.

use super::super::super::{NANOS_PER_MS, SourceLine, secrets::Secrets};
use crate::model::{LogStream, Timestamp};
use std::collections::VecDeque;

/// Longest line that is kept, in bytes.
const MAX_LINE_BYTES: usize = 64 * 1024;
/// Stands at the end of a line that was longer.
const TRUNCATED: &str = " … (truncated)";
/// Docker splits longer lines into parts of this many bytes, each with its own time.
const PART_BYTES: usize = 16 * 1024;

/// Puts lines together: an engine splits long ones into parts, each with its own time.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    secrets: Secrets,
    stdout: Option<Partial>,
    stderr: Option<Partial>,
}

#[derive(Debug)]
struct Partial {
    nanos: Option<i64>,
    text: Vec<u8>,
    truncated: bool,
}

impl Assembler {
    /// Masks `secrets` in every line: in whole lines, so that it does not matter where the engine
    /// splits them.
    pub(super) fn new(secrets: Secrets) -> Self {
        Self {
            secrets,
            ..Self::default()
        }
    }

    /// Takes what one of the streams brought.
    pub(super) fn push(
        &mut self,
        stream: LogStream,
        bytes: &[u8],
        ready: &mut VecDeque<SourceLine>,
    ) {
        self.take(stream, false, bytes, ready);
    }

    /// Takes what a terminal brought, which mixes both streams: all of it is standard output.
    pub(super) fn push_terminal(&mut self, bytes: &[u8], ready: &mut VecDeque<SourceLine>) {
        self.take(LogStream::Stdout, true, bytes, ready);
    }

    fn take(
        &mut self,
        stream: LogStream,
        is_terminal: bool,
        bytes: &[u8],
        ready: &mut VecDeque<SourceLine>,
    ) {
        // A secret that begins within the part that is shown must be seen whole.
        let most = MAX_LINE_BYTES + self.secrets.longest();
        let slot = match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (nanos, text) = split_timestamp(part);
            let complete = text.ends_with(b"\n");
            let partial = slot.get_or_insert_with(|| Partial {
                nanos,
                text: Vec::new(),
                truncated: false,
            });
            let text = text.strip_suffix(b"\n").unwrap_or(text);
            if is_terminal {
                parts_of_terminal(text).for_each(|text| partial.append(text, most));
            } else {
                partial.append(text, most);
            }
            if complete {
                ready.extend(slot.take().map(|p| p.into_line(stream, &self.secrets)));
            }
        }
    }

    pub(super) fn finish(&mut self, ready: &mut VecDeque<SourceLine>) {
        for (slot, stream) in [
            (&mut self.stdout, LogStream::Stdout),
            (&mut self.stderr, LogStream::Stderr),
        ] {
            ready.extend(slot.take().map(|p| p.into_line(stream, &self.secrets)));
        }
    }
}

impl Partial {
    fn append(&mut self, text: &[u8], most: usize) {
        let room = most.saturating_sub(self.text.len());
        self.truncated |= text.len() > room;
        self.text
            .extend_from_slice(text.get(..room).unwrap_or(text));
    }

    fn into_line(self, stream: LogStream, secrets: &Secrets) -> SourceLine {
        let mut text = self.text;
        if text.ends_with(b"\r") {
            text.pop();
        }
        let text = secrets.mask(text);
        let mut line = String::from_utf8(text)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        if self.truncated || line.len() > MAX_LINE_BYTES {
            line.truncate(line.floor_char_boundary(MAX_LINE_BYTES));
            line.push_str(TRUNCATED);
        }
        SourceLine {
            nanos: self.nanos,
            stream,
            line,
        }
    }
}

/// The parts of a line of a terminal: what one writes comes without frames, so that the times of a
/// long line's parts stand within its text.
fn parts_of_terminal(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let (part, after) = text.split_at_checked(PART_BYTES).unwrap_or((text, &[]));
        match split_timestamp(after) {
            (Some(_), after) => {
                rest = Some(after);
                Some(part)
            }
            (None, _) => Some(text),
        }
    })
}

/// Splits `2026-01-02T03:04:05.678901234Z text` where the first word is a time, which it gives in
/// nanoseconds since the Unix epoch.
fn split_timestamp(line: &[u8]) -> (Option<i64>, &[u8]) {
    /// RFC 3339 with nanoseconds and an offset is 35 bytes.
    const LONGEST: usize = 36;
    let space = line.iter().take(LONGEST).position(|byte| *byte == b' ');
    let nanos = space.and_then(|space| nanos(std::str::from_utf8(line.get(..space)?).ok()?));
    match (nanos, space.and_then(|space| line.get(space + 1..))) {
        (Some(nanos), Some(text)) => (Some(nanos), text),
        _ => (None, line),
    }
}

/// Nanoseconds since the Unix epoch; [`Timestamp`] knows milliseconds only.
fn nanos(text: &str) -> Option<i64> {
    let at: Timestamp = text.parse().ok()?;
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit);
    let below_ms = digits.chain(std::iter::repeat(b'0')).skip(3).take(6);
    let below_ms = below_ms.fold(0, |nanos, digit| nanos * 10 + i64::from(digit - b'0'));
    at.as_millis()
        .checked_mul(NANOS_PER_MS)?
        .checked_add(below_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2026-01-02T03:04:05.678901234Z";

    fn assemble(variables: &[&str], chunks: &[(LogStream, &[u8])]) -> Vec<SourceLine> {
        let secrets = Secrets::of(variables.iter().copied());
        let (mut assembler, mut ready) = (Assembler::new(secrets), VecDeque::new());
        for (stream, bytes) in chunks {
            assembler.push(*stream, bytes, &mut ready);
        }
        assembler.finish(&mut ready);
        ready.into()
    }

    fn lines(chunks: &[(LogStream, &[u8])]) -> Vec<SourceLine> {
        assemble(&[], chunks)
    }

    #[test]
    fn a_line_has_its_time_apart() {
        let read = lines(&[(
            LogStream::Stdout,
            format!("{TIME} hello world\r\n").as_bytes(),
        )]);
        let [line] = read.as_slice() else {
            panic!("{read:?}")
        };
        assert_eq!(line.line, "hello world");
        assert_eq!(
            line.timestamp().unwrap().to_string(),
            "2026-01-02T03:04:05.678Z"
        );
        assert_eq!(line.nanos.unwrap() % 1_000_000_000, 678_901_234);
    }

    #[test]
    fn times_are_read_to_the_nanosecond_however_many_digits_they_have() {
        let second = nanos("2026-01-02T03:04:05Z").unwrap();
        for (text, more) in [
            ("2026-01-02T03:04:05.1Z", 100_000_000),
            ("2026-01-02T03:04:05.000000001Z", 1),
            ("2026-01-02T04:04:05.123456+01:00", 123_456_000),
        ] {
            assert_eq!(nanos(text).unwrap() - second, more, "{text}");
        }
        assert!(nanos("0001-01-01T00:00:00Z").is_none(), "out of range");
    }

    #[test]
    fn parts_of_a_long_line_are_put_together_whatever_comes_between() {
        let part = format!("{TIME} {}", "a".repeat(PART_BYTES));
        let rest = format!("{TIME} b\n");
        let other = format!("{TIME} oops\n");
        let read = lines(&[
            (LogStream::Stdout, part.as_bytes()),
            (LogStream::Stderr, other.as_bytes()),
            (LogStream::Stdout, rest.as_bytes()),
        ]);
        let texts: Vec<_> = read.iter().map(|line| line.line.len()).collect();
        assert_eq!(texts, [4, PART_BYTES + 1]);
    }

    #[test]
    fn parts_of_a_long_line_of_a_terminal_lose_their_times() {
        let part = "a".repeat(PART_BYTES);
        let text = format!("{TIME} {part}{TIME} {part}{TIME} b 2026\r\n");
        let (mut assembler, mut read) = (Assembler::default(), VecDeque::new());
        assembler.push_terminal(text.as_bytes(), &mut read);
        let expected = format!("{part}{part}b 2026");
        assert!(read.iter().map(|line| &line.line).eq([&expected]));
    }

    #[test]
    fn what_is_too_long_is_cut_with_a_mark_and_what_is_not_utf_8_is_replaced() {
        let long = vec![b'x'; 1_000_000];
        let read = lines(&[
            (LogStream::Stdout, &long),
            (LogStream::Stdout, b"\n\xff\0a\rb\n"),
        ]);
        let [long, bad] = read.as_slice() else {
            panic!("{}", read.len())
        };
        assert_eq!(long.line.len(), MAX_LINE_BYTES + TRUNCATED.len());
        assert_eq!(bad.line, "\u{fffd}\0a\rb");
        assert_eq!(bad.nanos, None);
    }

    #[test]
    fn an_end_without_a_line_end_is_a_line() {
        let read = lines(&[(LogStream::Stderr, format!("{TIME} last words").as_bytes())]);
        assert_eq!(
            read.first().map(|line| line.line.as_str()),
            Some("last words")
        );
    }

    #[test]
    fn a_secret_is_masked_wherever_the_engine_splits_the_line() {
        let text = format!("{}hunter2-and-more tail", "a".repeat(100));
        for at in 95..130 {
            let (a, b) = text.split_at(at.min(text.len()));
            let (a, b) = (format!("{TIME} {a}"), format!("{TIME} {b}\n"));
            let chunks = [a, b].map(String::into_bytes);
            let chunks = chunks
                .each_ref()
                .map(|chunk| (LogStream::Stdout, &chunk[..]));
            let read = assemble(&["TOKEN=hunter2-and-more"], &chunks);
            let expected = format!("{}•••••• tail", "a".repeat(100));
            assert!(
                read.iter().map(|line| &line.line).eq([&expected]),
                "{read:?}"
            );
        }
    }

    #[test]
    fn no_part_of_a_secret_is_left_where_a_line_is_cut() {
        for before in [MAX_LINE_BYTES - 15, MAX_LINE_BYTES - 1, MAX_LINE_BYTES] {
            let text = format!("{TIME} {}0123456789abcdef\n", "-".repeat(before));
            let chunk = (LogStream::Stdout, text.as_bytes());
            let read = assemble(&["TOKEN=0123456789abcdef"], &[chunk]);
            let shown = &read[0].line;
            assert!(!shown.contains("01"), "{}", &shown[before - 10..]);
            assert!(shown.ends_with(TRUNCATED) || before < MAX_LINE_BYTES);
        }
    }
}
