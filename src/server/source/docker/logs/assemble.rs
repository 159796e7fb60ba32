//! Assembles lines from an engine's records: joins the parts of long lines, masks secrets and truncates.

use super::{
    super::super::{Assembly, EndedLine, SourceLine, redact::Context, redactor::Redactor},
    record::{self, Record},
};
use crate::model::LogStream;
use std::collections::VecDeque;

/// Longest line that is kept, in bytes.
const MAX_LINE_BYTES: usize = 64 * 1024;
/// Appended to a line that was truncated.
const TRUNCATED: &str = " … (truncated)";
/// Bytes of the longest character in UTF-8.
const LONGEST_CHARACTER: usize = 4;

/// Assembles lines from records; see [`record`] for how engines store lines.
///
/// The same records give the same lines, wherever between two lines and whenever reading begins. This is
/// required, because a line is identified by its time.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    redactor: Redactor,
    /// What the last line of standard output implies for the next one: a secret may have several lines.
    after_stdout: Context,
    /// The same for standard error.
    after_stderr: Context,
    /// As with Podman, any record without a line end may be continued by the next one.
    is_podman: bool,
    /// A line that ends without a line end, …
    ended: Option<EndedLine>,
    /// … and the number of lines of its stream and time that have begun.
    begun: u32,
    stdout: Option<Pending>,
    stderr: Option<Pending>,
}

/// A line that is not complete yet.
#[derive(Debug)]
struct Pending {
    nanos: Option<i64>,
    text: Vec<u8>,
    truncated: bool,
    records: u32,
    /// Time and length of the last record.
    last: (Option<i64>, usize),
}

impl Assembler {
    /// An assembler that masks secrets in complete lines, so that it does not matter where the engine splits
    /// them. Its first line may be any line of a log.
    pub(super) fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
            after_stdout: Context::anywhere(),
            after_stderr: Context::anywhere(),
            ..Self::default()
        }
    }

    /// Ends the line `ended` where it ended before, if the engine repeats it.
    pub(super) const fn ending(mut self, ended: Option<EndedLine>) -> Self {
        self.ended = ended;
        self
    }

    /// Joins records as Podman splits lines, because the response's head named Podman. Without it Podman is
    /// recognized by its times in full seconds.
    pub(super) const fn expect_podman(&mut self) {
        self.is_podman = true;
    }

    /// Adds one complete record, with its time and its line end if it has one.
    pub(super) fn push(
        &mut self,
        stream: LogStream,
        record: &[u8],
        ready: &mut VecDeque<SourceLine>,
    ) {
        // No known engine puts several lines into a record, but nothing forbids it.
        for part in record.split_inclusive(|byte| *byte == b'\n') {
            self.take(stream, &Record::read(part), ready);
        }
    }

    fn take(&mut self, stream: LogStream, record: &Record<'_>, ready: &mut VecDeque<SourceLine>) {
        // A secret that begins within the visible part must be complete to be recognized; so must the
        // character at the end, or it would be shown as a broken one.
        let most = MAX_LINE_BYTES + self.redactor.longest() + LONGEST_CHARACTER;
        let is_podman = self.is_podman;
        let continues = |pending: &Pending| {
            let (nanos, bytes) = pending.last;
            is_podman || record::continues(nanos, bytes, record.nanos)
        };
        if self.slot(stream).as_ref().is_some_and(|p| !continues(p)) {
            // The last line of a run.
            self.complete(stream, ready);
        }
        let is_new = self.slot(stream).is_none();
        let pending = self.slot(stream).get_or_insert_with(|| Pending {
            nanos: record.nanos,
            text: Vec::new(),
            truncated: false,
            records: 0,
            last: (None, 0),
        });
        pending.append(record.text, most);
        pending.records = pending.records.saturating_add(1);
        pending.last = (record.nanos, record.text.len());
        let (nanos, records) = (pending.nanos, pending.records);
        let ended_here_before = self.ended_here_before(stream, nanos, records, is_new);
        // The last line of a run is complete at once: lines of both streams must keep the order of the
        // records, also when they are read again.
        let may_continue =
            is_podman || record::continues(record.nanos, record.text.len(), record.nanos);
        if record.is_ended || ended_here_before || !may_continue {
            self.complete(stream, ready);
        }
    }

    /// Whether the line of `stream` that began at `nanos` ended after `records` records when it was read
    /// before.
    fn ended_here_before(
        &mut self,
        stream: LogStream,
        nanos: Option<i64>,
        records: u32,
        is_new: bool,
    ) -> bool {
        let Some(ended) = self.ended else {
            return false;
        };
        let position = ended.position;
        if nanos != Some(position.nanos) || stream != position.stream {
            return false;
        }
        self.begun += u32::from(is_new);
        self.begun == position.ordinal && records == ended.records
    }

    /// Completes the pending lines at the end of the stream.
    pub(super) fn finish(&mut self, ready: &mut VecDeque<SourceLine>) {
        for stream in [LogStream::Stdout, LogStream::Stderr] {
            let is_podman = self.is_podman;
            let is_open = self.slot(stream).as_ref().is_some_and(|pending| {
                let (nanos, bytes) = pending.last;
                is_podman || record::continues(nanos, bytes, nanos)
            });
            let before = ready.len();
            self.complete(stream, ready);
            for line in ready.iter_mut().skip(before) {
                line.assembly.is_open = is_open;
            }
        }
    }

    fn complete(&mut self, stream: LogStream, ready: &mut VecDeque<SourceLine>) {
        let Some(pending) = self.slot(stream).take() else {
            return;
        };
        let context = match stream {
            LogStream::Stdout => &mut self.after_stdout,
            LogStream::Stderr => &mut self.after_stderr,
        };
        let mut line = pending.into_line(stream, &self.redactor, context);
        let open = [&self.stdout, &self.stderr].into_iter().flatten();
        line.assembly.open_since = open.filter_map(|pending| pending.nanos).min();
        ready.push_back(line);
    }

    const fn slot(&mut self, stream: LogStream) -> &mut Option<Pending> {
        match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        }
    }
}

impl Pending {
    fn append(&mut self, text: &[u8], most: usize) {
        let room = most.saturating_sub(self.text.len());
        self.truncated |= text.len() > room;
        self.text
            .extend_from_slice(text.get(..room).unwrap_or(text));
    }

    fn into_line(
        self,
        stream: LogStream,
        redactor: &Redactor,
        context: &mut Context,
    ) -> SourceLine {
        let mut text = self.text;
        if text.ends_with(b"\r") {
            text.pop();
        }
        let text = redactor.mask_line(text, context);
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
            assembly: Assembly {
                records: self.records,
                ..Assembly::default()
            },
            ordinal: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::LogPosition, server::source::secrets::Secrets};

    const TIME: &str = "2026-01-02T03:04:05.678901234Z";
    /// Bytes of Docker's buffer.
    const BUFFER: usize = 16 * 1024;

    fn assemble(variables: &[&str], chunks: &[(LogStream, &[u8])]) -> Vec<SourceLine> {
        let redactor = Redactor::default().with(Secrets::of(variables.iter().copied()));
        let (mut assembler, mut ready) = (Assembler::new(redactor), VecDeque::new());
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
    fn a_line_is_separated_from_its_time() {
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
    fn parts_of_a_long_line_are_joined_whatever_comes_between() {
        let part = format!("{TIME} {}", "a".repeat(BUFFER));
        let rest = format!("{TIME} b\n");
        let other = format!("{TIME} oops\n");
        let read = lines(&[
            (LogStream::Stdout, part.as_bytes()),
            (LogStream::Stderr, other.as_bytes()),
            (LogStream::Stdout, rest.as_bytes()),
        ]);
        let texts: Vec<_> = read.iter().map(|line| line.line.len()).collect();
        assert_eq!(texts, [4, BUFFER + 1]);
    }

    #[test]
    fn a_last_line_without_a_line_end_is_not_joined_with_the_next_run() {
        for last in ["last".to_owned(), "x".repeat(BUFFER)] {
            let words = format!("{TIME} {last}");
            let next = "2026-01-02T03:04:06Z first\n";
            let read = lines(&[
                (LogStream::Stdout, words.as_bytes()),
                (LogStream::Stdout, next.as_bytes()),
                (LogStream::Stdout, words.as_bytes()),
            ]);
            let texts: Vec<_> = read.iter().map(|line| &*line.line).collect();
            assert_eq!(texts, [&last, "first", &last]);
            let is_open: Vec<_> = read.iter().map(|line| line.assembly.is_open).collect();
            assert_eq!(is_open, [false, false, last.len() == BUFFER]);
        }
    }

    #[test]
    fn last_lines_of_runs_keep_the_order_of_the_records() {
        let records = [
            (LogStream::Stderr, "06.5Z last"),
            (LogStream::Stdout, "07.5Z last"),
            (LogStream::Stdout, "08.5Z first\n"),
            (LogStream::Stderr, "09.5Z first\n"),
        ];
        let records = records.map(|(stream, text)| (stream, format!("2026-01-02T03:04:{text}")));
        let read = lines(
            &records
                .each_ref()
                .map(|(stream, text)| (*stream, text.as_bytes())),
        );
        let streams: Vec<_> = read.iter().map(|line| line.stream).collect();
        assert_eq!(streams, records.map(|(stream, _)| stream));
    }

    #[test]
    fn podman_s_records_are_joined_whatever_their_length() {
        let records = ["2026-01-02T03:04:05Z x", "2026-01-02T03:04:06Z y\n"];
        let read = lines(&records.map(|text| (LogStream::Stdout, text.as_bytes())));
        assert_eq!(
            (read.len(), &*read[0].line, read[0].assembly.records),
            (1, "xy", 2)
        );
        let (mut assembler, mut ready) = (Assembler::default(), VecDeque::new());
        assembler.expect_podman();
        for text in ["x", "y\n"] {
            let record = format!("{TIME} {text}");
            assembler.push(LogStream::Stdout, record.as_bytes(), &mut ready);
        }
        assert_eq!(ready.len(), 1);
    }

    #[test]
    fn a_line_that_ended_with_its_run_ends_there_when_it_is_repeated() {
        let records = ["05Z one\n", "05Z la", "05Z st", "05Z first\n"];
        let records = records.map(|text| format!("2026-01-02T03:04:{text}"));
        let read = |ended| {
            let (mut assembler, mut ready) = (Assembler::default().ending(ended), VecDeque::new());
            for record in &records {
                assembler.push(LogStream::Stdout, record.as_bytes(), &mut ready);
            }
            ready.into_iter().map(|line| line.line).collect::<Vec<_>>()
        };
        assert_eq!(read(None), ["one", "lastfirst"]);
        let nanos = lines(&[(LogStream::Stdout, records[0].as_bytes())])[0].nanos;
        let position = LogPosition {
            nanos: nanos.unwrap(),
            stream: LogStream::Stdout,
            ordinal: 2,
        };
        let ended = EndedLine {
            position,
            records: 2,
        };
        assert_eq!(read(Some(ended)), ["one", "last", "first"]);
    }

    #[test]
    fn a_line_reports_since_when_another_one_is_open() {
        let part = format!("{TIME} {}", "a".repeat(BUFFER));
        let records = [
            (LogStream::Stdout, part.as_bytes()),
            (LogStream::Stderr, b"2026-01-02T03:04:06Z other\n"),
            (LogStream::Stdout, b"2026-01-02T03:04:05.678901234Z end\n"),
        ];
        let read = lines(&records);
        let open: Vec<_> = read.iter().map(|line| line.assembly.open_since).collect();
        assert_eq!(open, [read[1].nanos, None]);
    }

    #[test]
    fn long_lines_are_truncated_with_a_mark_and_invalid_utf_8_is_replaced() {
        let long = vec![b'x'; 1_000_000];
        let read = lines(&[
            (LogStream::Stdout, &long),
            (LogStream::Stdout, b"\n\xff\0a\rb\n"),
        ]);
        let [long, bad] = read.as_slice() else {
            panic!("{}", read.len())
        };
        assert_eq!(long.line.len(), MAX_LINE_BYTES + TRUNCATED.len());
        let cut = format!("{TIME} a{}\n", "\u{1f980}".repeat(MAX_LINE_BYTES / 4));
        let cut = &lines(&[(LogStream::Stdout, cut.as_bytes())])[0].line;
        assert!(
            cut.ends_with(&format!("\u{1f980}{TRUNCATED}")),
            "no partial character"
        );
        assert_eq!(bad.line, "\u{fffd}\0a\rb");
        assert_eq!(bad.nanos, None);
    }

    #[test]
    fn an_incomplete_line_at_the_end_is_a_line() {
        let read = lines(&[(LogStream::Stderr, format!("{TIME} last words").as_bytes())]);
        assert_eq!(
            read.first().map(|line| line.line.as_str()),
            Some("last words")
        );
    }

    #[test]
    fn a_secret_is_masked_wherever_the_engine_splits_the_line() {
        for before in BUFFER - 20..BUFFER + 5 {
            let text = format!("{}hunter2-and-more tail", "a".repeat(before));
            let (a, b) = text.split_at(BUFFER);
            let (a, b) = (format!("{TIME} {a}"), format!("{TIME} {b}\n"));
            let chunks = [a, b].map(String::into_bytes);
            let chunks = chunks
                .each_ref()
                .map(|chunk| (LogStream::Stdout, &chunk[..]));
            let read = assemble(&["TOKEN=hunter2-and-more"], &chunks);
            let expected = format!("{}•••••• tail", "a".repeat(before));
            assert!(
                read.iter().map(|line| &line.line).eq([&expected]),
                "{before}"
            );
        }
    }

    #[test]
    fn no_part_of_a_secret_is_left_where_a_line_is_truncated() {
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
