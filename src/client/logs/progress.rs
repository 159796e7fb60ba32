//! Tracks how far a log was read, so that no line is lost or duplicated after a reconnect.

use crate::{
    model::{LogLine, LogPosition, Timestamp},
    protocol::Resume,
};
use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
};

/// Lines that may be repeated after a reconnect have about the same time; two lines whose times differ by
/// more, by the engine's clock, do not.
const RECENT_MS: i64 = 1_000;
/// Most recent lines that are remembered.
const RECENT_LINES: usize = 8_192;

/// How far a log was read.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The epoch of the server and the sequence number of the last line.
    resume: Option<(String, u64)>,
    /// The position of the last line in the log, which is valid for any epoch.
    cursor: Option<LogPosition>,
    /// Times and hashes of the most recent lines, in order.
    recent: VecDeque<(i64, u64)>,
    /// Those of them that may be repeated.
    expected: Vec<(i64, u64)>,
    /// Those that were expected before the interruption: a server with the sequence numbers continues among
    /// them.
    expected_before: Vec<(i64, u64)>,
    /// Whether no line has arrived since the last interruption.
    is_interrupted: bool,
}

impl Progress {
    /// The point to resume from, for a server that still has the sequence numbers.
    pub fn resume(&self) -> Option<Resume> {
        let (epoch, seq) = self.resume.clone()?;
        Some(Resume { epoch, seq })
    }

    /// The position of the last line in the log, from which any server can continue.
    pub const fn cursor(&self) -> Option<LogPosition> {
        self.cursor
    }

    /// Sets the position of the last line, as reported by the server.
    pub const fn set_cursor(&mut self, cursor: Option<LogPosition>) {
        self.cursor = cursor;
    }

    /// The time of the last line, from which to continue without sequence numbers.
    pub fn since(&self) -> Option<Timestamp> {
        self.recent
            .back()
            .map(|(at, _)| Timestamp::from_millis(*at))
    }

    /// Records an interruption: the most recent lines may be repeated from now on. If the position of the
    /// last line is known, only lines that were already expected: the last one may itself have been a
    /// repetition.
    pub fn interrupt(&mut self) {
        if self.cursor.is_some() {
            return;
        }
        if !self.is_interrupted {
            self.expected_before = std::mem::take(&mut self.expected);
        }
        self.expected = self.recent.iter().copied().collect();
        self.is_interrupted = true;
    }

    /// Records an interruption after which lines are requested by time: the most recent ones will be
    /// repeated.
    pub fn interrupt_without_cursor(&mut self) {
        self.cursor = None;
        self.interrupt();
    }

    /// Records a line from the server's `epoch`, or one without a sequence number; returns whether it is
    /// new.
    pub fn accept(&mut self, epoch: Option<&str>, line: &LogLine) -> bool {
        let is_next = self
            .resume
            .as_ref()
            .is_some_and(|(known, seq)| Some(&**known) == epoch && line.seq == seq + 1);
        if std::mem::take(&mut self.is_interrupted) && is_next {
            // The server continues after the last line: only lines that were already expected are repeated.
            self.expected = std::mem::take(&mut self.expected_before);
        }
        match (&mut self.resume, epoch) {
            (Some((known, seq)), Some(epoch)) if known == epoch => *seq = line.seq,
            // After a line without a sequence number there is nothing to resume from.
            (resume, epoch) => *resume = epoch.map(|epoch| (epoch.to_owned(), line.seq)),
        }
        let Some(at) = line.timestamp.map(Timestamp::as_millis) else {
            return true;
        };
        let key = (at, hash(line));
        if let Some(known) = self.expected.iter().position(|expected| *expected == key) {
            self.expected.swap_remove(known);
            return false;
        }
        self.remember(key);
        true
    }

    fn remember(&mut self, key: (i64, u64)) {
        if self.expected.iter().all(|(at, _)| key.0 - at > RECENT_MS) {
            self.expected.clear();
        }
        self.recent.push_back(key);
        while self.recent.len() > RECENT_LINES
            || self
                .recent
                .front()
                .is_some_and(|(at, _)| key.0 - at > RECENT_MS)
        {
            self.recent.pop_front();
        }
    }
}

fn hash(line: &LogLine) -> u64 {
    let mut hasher = DefaultHasher::new();
    (line.stream, &line.line).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LogStream;

    fn line(seq: u64, at: i64, text: &str) -> LogLine {
        LogLine {
            seq,
            timestamp: Some(Timestamp::from_millis(at)),
            stream: LogStream::Stdout,
            line: text.into(),
            ..LogLine::default()
        }
    }

    fn taken<'a>(progress: &mut Progress, epoch: &str, lines: &'a [LogLine]) -> Vec<&'a str> {
        let new = lines
            .iter()
            .filter(|line| progress.accept(Some(epoch), line));
        new.map(|line| &*line.line).collect()
    }

    #[test]
    fn repeated_lines_of_the_last_moment_are_dropped() {
        let mut progress = Progress::default();
        let before = [
            line(1, 5, "a"),
            line(2, 9, "b"),
            line(3, 9, "b"),
            line(4, 9, "c"),
        ];
        assert_eq!(taken(&mut progress, "x", &before).len(), 4);
        assert_eq!(progress.since(), Some(Timestamp::from_millis(9)));
        assert_eq!(progress.resume().unwrap().seq, 4);
        progress.interrupt();
        let again = [
            line(1, 9, "b"),
            line(2, 9, "b"),
            line(3, 9, "c"),
            line(4, 9, "b"),
            line(5, 10, "d"),
        ];
        assert_eq!(taken(&mut progress, "y", &again), ["b", "d"]);
    }

    #[test]
    fn a_server_with_the_sequence_numbers_repeats_nothing() {
        let mut progress = Progress::default();
        taken(&mut progress, "x", &[line(7, 5, "a")]);
        progress.interrupt();
        assert_eq!(taken(&mut progress, "x", &[line(8, 5, "a")]), ["a"]);
    }

    #[test]
    fn a_line_equal_to_the_last_one_is_kept_when_the_position_is_known() {
        let mut progress = Progress::default();
        taken(&mut progress, "x", &[line(1, 5, "a")]);
        progress.set_cursor("5000000o1".parse().ok());
        progress.interrupt();
        assert_eq!(taken(&mut progress, "y", &[line(1, 5, "a")]), ["a"]);
        // Polling requests lines by time.
        progress.interrupt_without_cursor();
        assert_eq!(progress.cursor(), None);
        assert!(!progress.accept(None, &line(0, 5, "a")));
    }

    #[test]
    fn an_interruption_during_a_repetition_duplicates_nothing_with_a_position() {
        let mut progress = Progress::default();
        let lines = [line(1, 5, "a"), line(2, 5, "b")];
        assert_eq!(taken(&mut progress, "x", &lines).len(), 2);
        progress.interrupt();
        assert!(taken(&mut progress, "y", &lines[..1]).is_empty());
        progress.set_cursor("5000000o1".parse().ok());
        progress.interrupt();
        assert!(taken(&mut progress, "y", &lines[1..]).is_empty());
    }

    #[test]
    fn an_interruption_during_a_repetition_duplicates_nothing() {
        let mut progress = Progress::default();
        taken(&mut progress, "x", &[line(1, 5, "a"), line(2, 5, "b")]);
        progress.interrupt();
        assert!(taken(&mut progress, "y", &[line(1, 5, "a")]).is_empty());
        progress.interrupt();
        let rest = [line(2, 5, "b"), line(3, 5, "c")];
        assert_eq!(taken(&mut progress, "y", &rest), ["c"]);
    }

    #[test]
    fn repeated_interruptions_at_the_same_time_duplicate_nothing() {
        let mut progress = Progress::default();
        taken(&mut progress, "x", &[line(1, 5, "a"), line(2, 5, "b")]);
        for epoch in ["y", "z"] {
            progress.interrupt();
            let again = [line(1, 5, "a"), line(2, 5, "b")];
            assert!(taken(&mut progress, epoch, &again).is_empty());
        }
    }

    #[test]
    fn after_lines_without_sequence_numbers_only_the_time_is_left() {
        let mut progress = Progress::default();
        taken(&mut progress, "x", &[line(7, 5, "a")]);
        progress.interrupt();
        assert!(!progress.accept(None, &line(0, 5, "a")));
        assert!(progress.accept(None, &line(0, 6, "b")));
        assert_eq!(progress.resume(), None);
        assert_eq!(progress.since(), Some(Timestamp::from_millis(6)));
    }

    #[test]
    fn only_the_most_recent_lines_are_remembered() {
        let mut progress = Progress::default();
        for n in 0..50_000_i64 {
            progress.accept(None, &line(0, n / 100, "x"));
        }
        assert!(progress.recent.len() <= RECENT_LINES);
        progress.accept(None, &line(0, 10_000, "x"));
        assert_eq!(progress.recent.len(), 1);
    }
}
