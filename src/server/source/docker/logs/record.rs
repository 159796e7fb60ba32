//! What engines make of lines: records, each with its time.
//!
//! Docker (`daemon/logger/copier.go`) reads a container's output into a buffer of 16 KiB and stores
//! a record per line. When the buffer is full without a line end it stores what it has as a partial
//! record, and all partial records of one line have the time of the first. When the output ends, what
//! is left is a record as well, though it has no line end: the last words of a run. So the next record
//! of a stream goes on with a line only if the one before is as long as the buffer and has the same
//! time. Podman stores whatever it reads at once, with a time of its own, and tells nothing of where
//! a run ends. What both send was recorded in `docs/adr/0006-log-position.md`.

use crate::{model::Timestamp, server::source::NANOS_PER_MS};

/// Bytes of Docker's buffer. A partial record is as long, or longer when it is not UTF-8: each byte
/// of a character that is cut becomes a replacement character of three.
const BUFFER: usize = 16 * 1024;
/// Bytes of a terminal's output that Podman reads at least of a long line, mostly: half of what a
/// terminal holds.
const TERMINAL_PART: usize = 2 * 1024;
const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_MICROSECOND: i64 = 1_000;

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// When it was read from the container, or its line's first part was.
    pub(super) nanos: Option<i64>,
    pub(super) text: &'a [u8],
    /// Whether the line ends with it.
    pub(super) is_ended: bool,
}

impl<'a> Record<'a> {
    /// Reads `2026-01-02T03:04:05.678901234Z text`, with or without a line end.
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let (nanos, text) = split_time(bytes);
        let ended = text.strip_suffix(b"\n");
        Self {
            nanos,
            text: ended.unwrap_or(text),
            is_ended: ended.is_some(),
        }
    }
}

/// Whether a record of `bytes` at `nanos` without a line end goes on in the next record of its
/// stream, at `next`.
pub(super) fn goes_on(nanos: Option<i64>, bytes: usize, next: Option<i64>) -> bool {
    let (Some(nanos), Some(next)) = (nanos, next) else {
        // Without times it cannot be told.
        return true;
    };
    let are_whole = |unit| nanos % unit == 0 && next % unit == 0;
    // Podman's API knows seconds. In Docker's journald driver parts have times of their own, in
    // microseconds.
    are_whole(NANOS_PER_SECOND)
        || (bytes >= BUFFER && (nanos == next || are_whole(NANOS_PER_MICROSECOND)))
}

/// The records in a piece of a terminal's output that ends with a line end, or with the output.
///
/// A terminal's records come without frames: where one has no line end, the next one's time follows
/// its text at once. A container can print times itself, so one in the middle of the text is a
/// record's only if it has the form of the time at the beginning and
/// - it is the same, after as much text as a part of a long line has, or
/// - it is later, but not later than `now`. What a container prints of the present is older than
///   the time its line is given; only what it prints of the future remains, which is not yet.
pub(super) fn of_terminal(piece: &[u8], now: i64) -> impl Iterator<Item = &[u8]> {
    let mut rest = piece;
    std::iter::from_fn(move || {
        let (nanos, text) = split_time(rest);
        let stamp = rest.len() - text.len();
        let end = nanos
            .and_then(|nanos| next_record(text, nanos, stamp, now))
            .map_or(rest.len(), |end| stamp + end);
        let (record, after) = rest.split_at_checked(end)?;
        rest = after;
        (!record.is_empty()).then_some(record)
    })
}

/// Where in `text` of a record at `nanos` the next one begins, whose time has `stamp` bytes with
/// the space behind it.
fn next_record(text: &[u8], nanos: i64, stamp: usize, now: i64) -> Option<usize> {
    let part = if nanos % NANOS_PER_SECOND == 0 {
        TERMINAL_PART
    } else {
        BUFFER
    };
    memchr::memmem::find_iter(text, b"Z ").find_map(|zone| {
        let begin = (zone + 2).checked_sub(stamp).filter(|begin| *begin > 0)?;
        let next = text.get(begin..=zone).and_then(self::nanos)?;
        let is_record = (next == nanos && begin >= part) || (nanos < next && next <= now);
        is_record.then_some(begin)
    })
}

/// Splits a record's time, in nanoseconds since the Unix epoch, from its text.
fn split_time(record: &[u8]) -> (Option<i64>, &[u8]) {
    /// RFC 3339 with nanoseconds and an offset is 35 bytes.
    const LONGEST: usize = 36;
    let space = record.iter().take(LONGEST).position(|byte| *byte == b' ');
    let nanos = space.and_then(|space| nanos(record.get(..space)?));
    match (nanos, space.and_then(|space| record.get(space + 1..))) {
        (Some(nanos), Some(text)) => (Some(nanos), text),
        _ => (None, record),
    }
}

/// Nanoseconds since the Unix epoch; [`Timestamp`] knows milliseconds only.
fn nanos(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
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
    const LATER: &str = "2026-01-02T03:04:06.000000001Z";
    const NOW: &str = "2026-01-02T03:05:00Z";

    fn at(text: &str) -> i64 {
        nanos(text.as_bytes()).unwrap()
    }

    fn terminal(piece: &str) -> Vec<&str> {
        of_terminal(piece.as_bytes(), at(NOW))
            .map(|record| std::str::from_utf8(record).unwrap())
            .collect()
    }

    #[test]
    fn times_are_read_to_the_nanosecond_however_many_digits_they_have() {
        let second = at("2026-01-02T03:04:05Z");
        for (text, more) in [
            ("2026-01-02T03:04:05.1Z", 100_000_000),
            ("2026-01-02T03:04:05.000000001Z", 1),
            ("2026-01-02T04:04:05.123456+01:00", 123_456_000),
        ] {
            assert_eq!(at(text) - second, more, "{text}");
        }
        assert!(nanos(b"0001-01-01T00:00:00Z").is_none(), "out of range");
    }

    #[test]
    fn a_record_goes_on_only_if_it_is_as_long_as_the_buffer_and_of_one_time() {
        let (time, later) = (Some(at(TIME)), Some(at(LATER)));
        for (bytes, next, expected) in [
            (BUFFER, time, true),
            (BUFFER + 9, time, true),
            (BUFFER, later, false),
            (BUFFER - 1, time, false),
            (5, later, false),
            (5, None, true),
        ] {
            assert_eq!(goes_on(time, bytes, next), expected, "{bytes} {next:?}");
        }
        let [micro, milli] =
            ["05.678901Z", "06.5Z"].map(|s| Some(at(&format!("2026-01-02T03:04:{s}"))));
        assert!(goes_on(micro, BUFFER, milli), "the journal's");
        assert!(!goes_on(micro, 5, milli));
        let [second, next] = ["05Z", "07Z"].map(|s| Some(at(&format!("2026-01-02T03:04:{s}"))));
        assert!(goes_on(second, 5, next), "Podman's");
    }

    #[test]
    fn the_records_of_a_terminal_are_told_apart_by_their_times() {
        let (part, short) = ("a".repeat(BUFFER), "b".repeat(BUFFER - 1));
        for records in [
            vec![format!("{TIME} one\r\n")],
            vec![format!("{TIME} last words"), format!("{LATER} first\r\n")],
            vec![
                format!("{TIME} {part}"),
                format!("{TIME} {part}"),
                format!("{TIME} rest\r\n"),
            ],
            vec![format!("{TIME} {part}"), format!("{LATER} first\r\n")],
            vec![
                format!("{TIME} \u{fffd}{part}"),
                format!("{TIME} \u{fffd}z\r\n"),
            ],
            vec![
                "2026-01-02T03:04:05Z last".into(),
                "2026-01-02T03:04:07Z first\r\n".into(),
            ],
        ] {
            assert_eq!(terminal(&records.concat()), records);
        }
        // What a container prints.
        for text in [
            format!("{TIME} at 2026-01-02T03:04:05.678901233Z it was"),
            format!("{TIME} {short}{TIME} the same, but too early"),
            format!("{TIME} next at 2026-01-02T03:05:00.000000001Z or so"),
            format!("{TIME} {LATER} "),
            format!("{TIME} at 2026-01-02T03:04:06Z in another form"),
            format!("{TIME} at {LATER}\r\n"),
            "no time at all Z 2026".to_owned(),
        ] {
            assert_eq!(terminal(&text), [&*text]);
        }
    }
}
