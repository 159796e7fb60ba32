//! How far a log was read, so that after a break it goes on without a lost or doubled line.

use crate::{
    model::{LogLine, LogPosition, Timestamp},
    protocol::Resume,
};
use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
};

/// Lines that may come again after a break are those of one moment; this far apart by the engine's
/// clock two lines are not of one moment.
const MOMENT_MS: i64 = 1_000;
/// Most lines of a moment that are remembered.
const MOMENT_LINES: usize = 8_192;

/// How far a log was read.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The run of the server and the number there of the last line.
    resume: Option<(String, u64)>,
    /// Where the last line is in the log, for any run of the server.
    cursor: Option<LogPosition>,
    /// Times and hashes of the last lines, in their order.
    moment: VecDeque<(i64, u64)>,
    /// Those of them that may come again.
    expected: Vec<(i64, u64)>,
    /// Those that were expected before the break: where a server has the numbers, it goes on in the
    /// middle of them.
    expected_before: Vec<(i64, u64)>,
    /// There was a break, and no line since.
    is_interrupted: bool,
}

impl Place {
    /// What to resume from, for a server that has the log's numbers.
    pub fn resume(&self) -> Option<Resume> {
        let (epoch, seq) = self.resume.clone()?;
        Some(Resume { epoch, seq })
    }

    /// Where the last line is in the log: where to go on with any run of the server.
    pub const fn cursor(&self) -> Option<LogPosition> {
        self.cursor
    }

    /// Sets where the last line is that was taken, as far as the server says.
    pub const fn set_cursor(&mut self, cursor: Option<LogPosition>) {
        self.cursor = cursor;
    }

    /// The time of the last line: where to go on without numbers.
    pub fn since(&self) -> Option<Timestamp> {
        self.moment
            .back()
            .map(|(at, _)| Timestamp::from_millis(*at))
    }

    /// A break: lines of the last moment may come again from now on. If it is known where the last one
    /// is, only those that were still to come again: the last one may itself have come again.
    pub fn interrupt(&mut self) {
        if self.cursor.is_some() {
            return;
        }
        if !self.is_interrupted {
            self.expected_before = std::mem::take(&mut self.expected);
        }
        self.expected = self.moment.iter().copied().collect();
        self.is_interrupted = true;
    }

    /// A break after which lines are asked for by time alone: those of the last moment come again.
    pub fn interrupt_without_cursor(&mut self) {
        self.cursor = None;
        self.interrupt();
    }

    /// Takes a line of the server's run `epoch`, or one that has no number. Whether it is new.
    pub fn take(&mut self, epoch: Option<&str>, line: &LogLine) -> bool {
        let is_next = self
            .resume
            .as_ref()
            .is_some_and(|(known, seq)| Some(&**known) == epoch && line.seq == seq + 1);
        if std::mem::take(&mut self.is_interrupted) && is_next {
            // It goes on where it left off: nothing comes again but what was to come again then.
            self.expected = std::mem::take(&mut self.expected_before);
        }
        match (&mut self.resume, epoch) {
            (Some((known, seq)), Some(epoch)) if known == epoch => *seq = line.seq,
            // After a line without a number, no number tells how far the log was read.
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
        if self.expected.iter().all(|(at, _)| key.0 - at > MOMENT_MS) {
            self.expected.clear();
        }
        self.moment.push_back(key);
        while self.moment.len() > MOMENT_LINES
            || self
                .moment
                .front()
                .is_some_and(|(at, _)| key.0 - at > MOMENT_MS)
        {
            self.moment.pop_front();
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

    fn taken<'a>(place: &mut Place, epoch: &str, lines: &'a [LogLine]) -> Vec<&'a str> {
        let new = lines.iter().filter(|line| place.take(Some(epoch), line));
        new.map(|line| &*line.line).collect()
    }

    #[test]
    fn lines_of_the_last_moment_that_come_again_are_left_out() {
        let mut place = Place::default();
        let before = [
            line(1, 5, "a"),
            line(2, 9, "b"),
            line(3, 9, "b"),
            line(4, 9, "c"),
        ];
        assert_eq!(taken(&mut place, "x", &before).len(), 4);
        assert_eq!(place.since(), Some(Timestamp::from_millis(9)));
        assert_eq!(place.resume().unwrap().seq, 4);
        place.interrupt();
        let again = [
            line(1, 9, "b"),
            line(2, 9, "b"),
            line(3, 9, "c"),
            line(4, 9, "b"),
            line(5, 10, "d"),
        ];
        assert_eq!(taken(&mut place, "y", &again), ["b", "d"]);
    }

    #[test]
    fn a_server_that_has_the_numbers_sends_nothing_again() {
        let mut place = Place::default();
        taken(&mut place, "x", &[line(7, 5, "a")]);
        place.interrupt();
        assert_eq!(taken(&mut place, "x", &[line(8, 5, "a")]), ["a"]);
    }

    #[test]
    fn a_line_that_is_like_the_last_one_is_kept_where_the_place_is_known() {
        let mut place = Place::default();
        taken(&mut place, "x", &[line(1, 5, "a")]);
        place.set_cursor("5000000o1".parse().ok());
        place.interrupt();
        assert_eq!(taken(&mut place, "y", &[line(1, 5, "a")]), ["a"]);
        // Polling knows times only.
        place.interrupt_without_cursor();
        assert_eq!(place.cursor(), None);
        assert!(!place.take(None, &line(0, 5, "a")));
    }

    #[test]
    fn a_break_while_lines_come_again_doubles_none_where_the_place_is_known() {
        let mut place = Place::default();
        let lines = [line(1, 5, "a"), line(2, 5, "b")];
        assert_eq!(taken(&mut place, "x", &lines).len(), 2);
        place.interrupt();
        assert!(taken(&mut place, "y", &lines[..1]).is_empty());
        place.set_cursor("5000000o1".parse().ok());
        place.interrupt();
        assert!(taken(&mut place, "y", &lines[1..]).is_empty());
    }

    #[test]
    fn a_break_while_lines_come_again_doubles_none_of_them() {
        let mut place = Place::default();
        taken(&mut place, "x", &[line(1, 5, "a"), line(2, 5, "b")]);
        place.interrupt();
        assert!(taken(&mut place, "y", &[line(1, 5, "a")]).is_empty());
        place.interrupt();
        let rest = [line(2, 5, "b"), line(3, 5, "c")];
        assert_eq!(taken(&mut place, "y", &rest), ["c"]);
    }

    #[test]
    fn a_second_break_in_the_same_moment_is_survived() {
        let mut place = Place::default();
        taken(&mut place, "x", &[line(1, 5, "a"), line(2, 5, "b")]);
        for epoch in ["y", "z"] {
            place.interrupt();
            let again = [line(1, 5, "a"), line(2, 5, "b")];
            assert!(taken(&mut place, epoch, &again).is_empty());
        }
    }

    #[test]
    fn after_lines_without_numbers_there_is_nothing_to_resume_from_but_the_time() {
        let mut place = Place::default();
        taken(&mut place, "x", &[line(7, 5, "a")]);
        place.interrupt();
        assert!(!place.take(None, &line(0, 5, "a")));
        assert!(place.take(None, &line(0, 6, "b")));
        assert_eq!(place.resume(), None);
        assert_eq!(place.since(), Some(Timestamp::from_millis(6)));
    }

    #[test]
    fn only_the_last_moment_is_remembered() {
        let mut place = Place::default();
        for n in 0..50_000_i64 {
            place.take(None, &line(0, n / 100, "x"));
        }
        assert!(place.moment.len() <= MOMENT_LINES);
        place.take(None, &line(0, 10_000, "x"));
        assert_eq!(place.moment.len(), 1);
    }
}
