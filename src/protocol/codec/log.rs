//! The binary form of log lines.

use super::{Reader, Wire, Writer, values::wire_choice};
use crate::model::{LogEndReason, LogLine, LogPosition, LogStream};

/// Flag in a line's first byte: the stream is standard error.
const STDERR: u8 = 1;
/// Flag in a line's first byte: its time follows.
const TIMED: u8 = 2;
/// Flag in a line's first byte: its number follows, because it is not that of the previous line plus one.
const NUMBERED: u8 = 4;

const NANOS_PER_MS: i64 = 1_000_000;

wire_choice!(LogEndReason { 0 = ContainerStopped, 1 = ContainerRemoved, 2 = Unreadable });

/// Flags, the number and the time if flagged, and the text.
impl Wire for LogLine {
    fn write(&self, to: &mut Writer) {
        write_after(None, self, to);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        read_after(None, from)
    }

    fn write_list(list: &[Self], to: &mut Writer) {
        to.count(list.len());
        let mut before = None;
        for line in list {
            write_after(before, line, to);
            before = Some(line.seq);
        }
    }

    fn read_list(from: &mut Reader<'_>) -> Vec<Self> {
        let mut before = None;
        // The flags and the text take at least two bytes.
        (0..from.count_of(2))
            .map(|_| {
                let line = read_after(before, from);
                before = Some(line.seq);
                line
            })
            .collect()
    }
}

fn write_after(before: Option<u64>, line: &LogLine, to: &mut Writer) {
    let is_next = before.is_some_and(|before| before.checked_add(1) == Some(line.seq));
    let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
    to.byte(
        flag(line.stream == LogStream::Stderr, STDERR)
            | flag(line.timestamp.is_some(), TIMED)
            | flag(!is_next, NUMBERED),
    );
    if !is_next {
        to.number(line.seq);
    }
    if let Some(at) = line.timestamp {
        to.time(at);
    }
    to.string(&line.line);
}

fn read_after(before: Option<u64>, from: &mut Reader<'_>) -> LogLine {
    let flags = from.byte();
    let next = before.and_then(|before| before.checked_add(1));
    let seq = match (flags & NUMBERED != 0, next) {
        (true, _) => from.number(),
        (false, Some(next)) => next,
        (false, None) => {
            from.fail();
            0
        }
    };
    if flags > (STDERR | TIMED | NUMBERED) {
        from.fail();
    }
    LogLine {
        seq,
        timestamp: (flags & TIMED != 0).then(|| from.time()),
        stream: if flags & STDERR == 0 {
            LogStream::Stdout
        } else {
            LogStream::Stderr
        },
        line: from.string().to_owned(),
        position: None,
    }
}

/// The nanoseconds since the last time in the message, which is that of the line, and the ordinal with the
/// stream in its lowest bit.
impl Wire for LogPosition {
    fn write(&self, to: &mut Writer) {
        let base = to.last_time().wrapping_mul(NANOS_PER_MS);
        to.signed(self.nanos.wrapping_sub(base));
        let is_error = u64::from(self.stream == LogStream::Stderr);
        to.number(u64::from(self.ordinal) << 1 | is_error);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        let base = from.last_time().wrapping_mul(NANOS_PER_MS);
        let nanos = from.signed().wrapping_add(base);
        let number = from.number();
        let ordinal = u32::try_from(number >> 1).unwrap_or_else(|_| {
            from.fail();
            0
        });
        Self {
            nanos,
            stream: if number & 1 == 0 {
                LogStream::Stdout
            } else {
                LogStream::Stderr
            },
            ordinal,
        }
    }
}
