//! Positions in a container's log, and resuming there.
//!
//! Engines do not number lines. A line is identified by its time in nanoseconds, its stream, and the
//! number of earlier lines of that stream with the same time. See `docs/adr/0006-log-position.md`.

use crate::{
    model::{LogPosition, LogStream, Timestamp},
    server::source::{EndedLine, NANOS_PER_MS, SourceLine},
};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

/// How much earlier than the last known line the engine is asked to start: a line gets its time before it
/// gets its place in the log, so it may be slightly older than the line before it.
const MARGIN: Duration = Duration::from_secs(1);
/// Most lines held back until it is known whether the last known line arrives. With more, it counts as
/// lost.
const MAX_HELD: usize = 5_000;
/// The same in bytes.
const MAX_HELD_BYTES: usize = 1 << 20;

/// The identity of the last published line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    nanos: i64,
    stream: LogStream,
    /// The number of the line among those of the same stream and time, from 1.
    ordinal: u32,
    /// The start time of an earlier line that has not ended. Its rest has the same time.
    open_since: Option<i64>,
    /// Number of records of the line if it was published without its end.
    ended_after: Option<u32>,
    /// A hash of the line's text.
    text: u64,
}

/// Counts lines of the same time and so tracks the position in the log.
///
/// The two streams are counted separately, because their lines can alternate in any order within one
/// moment; engines with times in whole seconds have long moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tracker {
    /// Per stream, the time of its last line and the number of lines with that time.
    streams: [Option<(i64, u32)>; 2],
    last: Option<Position>,
}

impl Tracker {
    /// Advances to `line` and sets its ordinal. A line without a time cannot be found again, so it does
    /// not change the position.
    pub(super) fn pass(&mut self, line: &mut SourceLine) {
        let Some(nanos) = line.nanos else { return };
        let [out, err] = &mut self.streams;
        let count = match line.stream {
            LogStream::Stdout => out,
            LogStream::Stderr => err,
        };
        let same = count.filter(|(time, _)| *time == nanos);
        let ordinal = same.map_or(1, |(_, lines)| lines.saturating_add(1));
        *count = Some((nanos, ordinal));
        line.ordinal = ordinal;
        self.last = Some(Position {
            nanos,
            stream: line.stream,
            ordinal,
            open_since: line.assembly.open_since,
            ended_after: line.assembly.is_open.then_some(line.assembly.records),
            text: hash(&line.line),
        });
    }

    /// Records that a line that began at `nanos` has not ended and was not published.
    pub(super) fn leave_open(&mut self, nanos: i64) {
        if let Some(last) = &mut self.last {
            last.open_since = Some(last.open_since.map_or(nanos, |known| known.min(nanos)));
        }
    }

    /// The current position; `None` before the first line.
    pub(super) const fn position(&self) -> Option<Position> {
        self.last
    }
}

impl Position {
    /// The time from which on the engine's lines are needed to resume here.
    pub(super) fn since(&self) -> Timestamp {
        let nanos = self
            .open_since
            .map_or(self.nanos, |open| open.min(self.nanos));
        let ms = nanos.div_euclid(NANOS_PER_MS);
        Timestamp::from_millis(ms.saturating_sub(MARGIN.as_millis() as i64))
    }

    /// The line at this position, if it was published without its end.
    pub(super) fn ended(&self) -> Option<EndedLine> {
        Some(EndedLine {
            position: LogPosition {
                nanos: self.nanos,
                stream: self.stream,
                ordinal: self.ordinal,
            },
            records: self.ended_after?,
        })
    }

    /// Whether `line` is younger than this position.
    pub(super) fn is_before(&self, line: &SourceLine) -> bool {
        line.nanos > Some(self.nanos)
    }

    /// Whether an earlier line has not ended.
    pub(super) const fn has_open_line(&self) -> bool {
        self.open_since.is_some()
    }

    /// When the line was written.
    pub(super) fn timestamp(&self) -> Timestamp {
        Timestamp::from_millis(self.nanos.div_euclid(NANOS_PER_MS))
    }

    fn is_of(&self, line: &SourceLine) -> bool {
        line.nanos == Some(self.nanos) && line.stream == self.stream
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Finds the last known line among those that the engine sends from [`Position::since`] on.
///
/// The engine repeats lines in the order of the log. All lines up to the one at the position are known;
/// the lines after it are new. If younger lines arrive but not the one at the position, the engine has
/// discarded that one, or its log does not reach that far back; then the number of missing lines is
/// unknown.
#[derive(Debug)]
pub(super) struct Resumption {
    /// The last known line; `None` once it was found.
    anchor: Option<Position>,
    /// Whether the engine sends the last records only. Earlier lines of the anchor's time may be missing
    /// then, so its text is compared, too.
    is_limited: bool,
    /// The number of received lines with the anchor's time and stream.
    same: u32,
    /// Younger lines that are held back.
    held: Vec<SourceLine>,
    held_bytes: usize,
}

/// What to do with a received line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Publish nothing: the line is known, or was held back.
    Nothing,
    /// Publish the line: it is new.
    New(SourceLine),
    /// Too many are held back: see [`Resumption::give_up`].
    Lost,
}

impl Resumption {
    /// Resumes after `position`; without one, every line is new. `is_limited` if not all lines from
    /// [`Position::since`] on are sent.
    pub(super) fn after(position: Option<Position>, is_limited: bool) -> Self {
        Self {
            anchor: position,
            is_limited,
            same: 0,
            held: Vec::new(),
            held_bytes: 0,
        }
    }

    /// Decides about the next line.
    pub(super) fn take(&mut self, line: SourceLine) -> Step {
        let Some(anchor) = self.anchor else {
            return Step::New(line);
        };
        if anchor.is_of(&line) {
            self.same += 1;
            if self.same >= anchor.ordinal {
                if self.is_limited && hash(&line.line) != anchor.text {
                    return Step::Lost;
                }
                // Younger lines before it were known, too, because the engine's clock was set back.
                *self = Self::after(None, false);
            }
            return Step::Nothing;
        }
        if line.nanos.is_some_and(|nanos| nanos <= anchor.nanos) {
            return Step::Nothing;
        }
        self.held_bytes += line.line.len();
        self.held.push(line);
        if self.held.len() < MAX_HELD && self.held_bytes < MAX_HELD_BYTES {
            Step::Nothing
        } else {
            Step::Lost
        }
    }

    /// Whether lines are held back.
    pub(super) fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Gives up on the line at the position; returns the lines after the gap.
    pub(super) fn give_up(&mut self) -> Vec<SourceLine> {
        std::mem::replace(self, Self::after(None, false)).held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(nanos: i64, stream: LogStream, n: usize) -> SourceLine {
        SourceLine {
            nanos: Some(nanos),
            stream,
            line: format!("line {n}"),
            ..SourceLine::default()
        }
    }

    prop_compose! {
        /// A log whose lines often have the same time, and some are slightly older than the line before,
        /// as with two streams.
        fn any_log()(steps in prop::collection::vec((-1_i64..3, any::<bool>()), 1..60)) -> Vec<SourceLine> {
            let mut at = [1_000_000_000_000; 2];
            let steps = steps.into_iter().enumerate();
            steps.map(|(n, (step, is_error))| {
                let [out, err] = &mut at;
                let (own, other) = if is_error { (err, out) } else { (out, err) };
                // Within one stream, time does not go back.
                *own = (*own).max(*other + step);
                let stream = if is_error { LogStream::Stderr } else { LogStream::Stdout };
                line(*own, stream, n)
            }).collect()
        }
    }

    fn position_after(lines: &[SourceLine]) -> Option<Position> {
        tracker_after(lines).position()
    }

    fn tracker_after(lines: &[SourceLine]) -> Tracker {
        let mut tracker = Tracker::default();
        lines
            .to_vec()
            .iter_mut()
            .for_each(|line| tracker.pass(line));
        tracker
    }

    /// The new lines among `told` after `position`, and whether a gap precedes them.
    fn resume(position: Option<Position>, told: &[SourceLine]) -> (Vec<SourceLine>, bool) {
        let mut resumption = Resumption::after(position, false);
        let mut new = Vec::new();
        for line in told {
            if let Step::New(line) = resumption.take(line.clone()) {
                new.push(line);
            }
        }
        let has_gap = resumption.is_holding();
        if has_gap {
            new = resumption.give_up();
        }
        (new, has_gap)
    }

    proptest! {
        #[test]
        fn nothing_is_missing_or_doubled_wherever_the_stream_is_cut(log in any_log(), cut: prop::sample::Index, from: prop::sample::Index) {
            let cut = cut.index(log.len() + 1);
            let position = position_after(&log[..cut]);
            // The engine may start anywhere before the first needed line.
            let needed = position.map_or(0, |position| {
                let first = log.iter().position(|line| position.is_of(line));
                first.unwrap_or(0)
            });
            let from = from.index(needed + 1);
            let (new, has_gap) = resume(position, &log[from..]);
            prop_assert_eq!(&new, &log[cut..]);
            prop_assert!(!has_gap);
        }

        #[test]
        fn what_was_thrown_away_is_a_gap_and_not_silence(log in any_log(), cut: prop::sample::Index, lost in 1_usize..60) {
            let cut = cut.index(log.len()) + 1;
            let position = position_after(&log[..cut]);
            let from = (cut + lost).min(log.len());
            let anchor = position.unwrap();
            let rest = &log[from..];
            let (new, has_gap) = resume(position, rest);
            // Lines that are not younger than the last known one cannot be distinguished from known lines.
            let younger: Vec<_> = rest.iter().filter(|line| line.nanos > Some(anchor.nanos)).cloned().collect();
            if !rest.iter().any(|line| anchor.is_of(line)) {
                prop_assert_eq!(has_gap, !younger.is_empty());
                prop_assert_eq!(new, younger);
            }
        }
    }

    #[test]
    fn a_clock_that_was_set_back_doubles_nothing() {
        let out = LogStream::Stdout;
        let log = [
            line(5_000, out, 0),
            line(9_000, out, 1),
            line(6_000, out, 2),
            line(6_500, out, 3),
        ];
        let position = position_after(&log[..3]);
        assert_eq!(resume(position, &log), (log[3..].to_vec(), false));
    }

    #[test]
    fn the_streams_may_alternate_within_one_time() {
        let streams = [LogStream::Stdout, LogStream::Stderr];
        let log: Vec<_> = (0..6).map(|n| line(7, streams[n % 2], n)).collect();
        for cut in 1..=6 {
            let position = position_after(&log[..cut]);
            assert_eq!(resume(position, &log), (log[cut..].to_vec(), false));
        }
    }

    #[test]
    fn a_line_that_has_not_ended_is_asked_for_from_its_beginning() {
        let mut tracker = tracker_after(&[line(9_000_000_000, LogStream::Stdout, 0)]);
        assert!(!tracker.position().unwrap().has_open_line());
        tracker.leave_open(5_000_000_001);
        let position = tracker.position().unwrap();
        assert_eq!(position.since(), Timestamp::from_millis(4_000));
        assert_eq!(position.timestamp(), Timestamp::from_millis(9_000));
        assert!(position.has_open_line());
    }

    #[test]
    fn lines_of_the_same_time_are_counted() {
        let out = LogStream::Stdout;
        let log: Vec<_> = (0..5).map(|n| line(7, out, n)).collect();
        for cut in 1..=5 {
            let position = position_after(&log[..cut]);
            assert_eq!(resume(position, &log), (log[cut..].to_vec(), false));
        }
    }

    #[test]
    fn a_line_of_the_same_time_is_not_taken_for_the_last_one() {
        let log: Vec<_> = (0..3).map(|n| line(7, LogStream::Stdout, n)).collect();
        // The engine sends the last two records only.
        for cut in 1..=3 {
            let mut resumption = Resumption::after(position_after(&log[..cut]), true);
            let steps: Vec<_> = log[1..]
                .iter()
                .cloned()
                .map(|line| resumption.take(line))
                .collect();
            let is_new = steps.iter().any(|step| matches!(step, Step::New(_)));
            assert!(!is_new, "{cut}: {steps:?}");
            assert_eq!(cut < 3, steps.contains(&Step::Lost), "{cut}: {steps:?}");
        }
    }

    #[test]
    fn what_is_held_back_is_bounded() {
        let mut resumption =
            Resumption::after(position_after(&[line(0, LogStream::Stdout, 0)]), false);
        let steps = (1..).map(|n| resumption.take(line(n, LogStream::Stdout, 1)));
        let held = steps.take_while(|step| *step == Step::Nothing).count();
        assert_eq!(held + 1, MAX_HELD);
        assert_eq!(resumption.give_up().len(), MAX_HELD);
    }

    #[test]
    fn the_engine_is_asked_from_a_little_earlier() {
        let position = position_after(&[line(5_000_000_001, LogStream::Stdout, 0)]).unwrap();
        assert_eq!(position.since(), Timestamp::from_millis(4_000));
        assert_eq!(position.timestamp(), Timestamp::from_millis(5_000));
    }
}
