//! Parses the records in which engines store lines, each with a timestamp.
//!
//! Docker (`daemon/logger/copier.go`) reads a container's output into a buffer of 16 KiB and stores one
//! record per line. When the buffer is full without a line end it stores its content as a partial record;
//! all partial records of one line have the time of the first. When the output ends, the rest is stored as
//! a record as well, though it has no line end: the last line of a run. So the next record of a stream
//! continues a line only if the one before is as long as the buffer and has the same time. Podman stores
//! each chunk as soon as it is read, with its own time, and does not mark where a run ends. Recordings of
//! both are in `docs/adr/0006-log-position.md`.

use crate::{model::Timestamp, server::source::NANOS_PER_MS};

/// Bytes of Docker's buffer. A partial record has this length, or is longer when it is not UTF-8: each byte
/// of a split character becomes a replacement character of three bytes.
const BUFFER: usize = 16 * 1024;
/// Least number of bytes that Podman usually reads of a long line from a terminal: half of the terminal's
/// buffer.
const TERMINAL_PART: usize = 2 * 1024;
const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_MICROSECOND: i64 = 1_000;

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// When it, or the first part of its line, was read from the container.
    pub(super) nanos: Option<i64>,
    pub(super) text: &'a [u8],
    /// Whether it ends with a line end.
    pub(super) is_ended: bool,
}

impl<'a> Record<'a> {
    /// Parses `2026-01-02T03:04:05.678901234Z text`, with or without a line end.
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

/// Whether a record of `bytes` at `nanos` without a line end is continued by the next record of its stream,
/// at `next`.
pub(super) fn continues(nanos: Option<i64>, bytes: usize, next: Option<i64>) -> bool {
    let (Some(nanos), Some(next)) = (nanos, next) else {
        // Without times this is unknown.
        return true;
    };
    let are_whole = |unit| nanos % unit == 0 && next % unit == 0;
    // Podman's API has times in seconds. In Docker's journald driver each part has a time of its own, in
    // microseconds.
    are_whole(NANOS_PER_SECOND)
        || (bytes >= BUFFER && (nanos == next || are_whole(NANOS_PER_MICROSECOND)))
}

/// Splits a piece of a terminal's output, which ends with a line end or with the output, into records.
///
/// Records of a terminal have no frames: if one has no line end, the time of the next follows its text
/// directly. A container can print times itself, so a time in the middle of the text starts a record only
/// if it has the form of the time at the beginning and
/// - it is the same, and the text before it is as long as a part of a long line, or
/// - it is later, but not later than `now`. A present time that a container prints is older than the time
///   its line is given; only printed future times would match, and they are later than `now`.
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

/// The position in `text`, the text of a record at `nanos`, where the next record begins; its time has
/// `stamp` bytes including the space.
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

/// Splits a record into its time, in nanoseconds since the Unix epoch, and its text.
fn split_time(record: &[u8]) -> (Option<i64>, &[u8]) {
    /// RFC 3339 with nanoseconds and an offset has 35 bytes.
    const LONGEST: usize = 36;
    let space = record.iter().take(LONGEST).position(|byte| *byte == b' ');
    let nanos = space.and_then(|space| nanos(record.get(..space)?));
    match (nanos, space.and_then(|space| record.get(space + 1..))) {
        (Some(nanos), Some(text)) => (Some(nanos), text),
        _ => (None, record),
    }
}

/// Parses a time to nanoseconds since the Unix epoch; [`Timestamp`] has milliseconds only.
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
    fn times_are_parsed_to_the_nanosecond_with_any_number_of_digits() {
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
    fn a_record_continues_only_if_it_is_as_long_as_the_buffer_and_has_the_same_time() {
        let (time, later) = (Some(at(TIME)), Some(at(LATER)));
        for (bytes, next, expected) in [
            (BUFFER, time, true),
            (BUFFER + 9, time, true),
            (BUFFER, later, false),
            (BUFFER - 1, time, false),
            (5, later, false),
            (5, None, true),
        ] {
            assert_eq!(continues(time, bytes, next), expected, "{bytes} {next:?}");
        }
        let [micro, milli] =
            ["05.678901Z", "06.5Z"].map(|s| Some(at(&format!("2026-01-02T03:04:{s}"))));
        assert!(continues(micro, BUFFER, milli), "the journal's");
        assert!(!continues(micro, 5, milli));
        let [second, next] = ["05Z", "07Z"].map(|s| Some(at(&format!("2026-01-02T03:04:{s}"))));
        assert!(continues(second, 5, next), "Podman's");
    }

    #[test]
    fn the_records_of_a_terminal_are_split_at_their_times() {
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
        // Times that the container itself prints.
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
