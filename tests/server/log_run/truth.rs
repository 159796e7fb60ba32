//! The lines that the engine has stored, and their comparison with what a client received.

use super::Fault;
use deckwatch::model::{LogLine, LogStream, Timestamp};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt, path::Path};

/// Bytes of the engine's buffer: a shorter record without a line end is the last of its run.
const BUFFER: usize = 16 * 1024;
/// Most bytes of a line that Deckwatch shows, and the mark that it appends to longer ones.
const SHOWN: usize = 64 * 1024;
const TRUNCATED: &str = " … (truncated)";

/// A line as the engine has stored it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TruthLine {
    pub(super) stream: LogStream,
    pub(super) at: Timestamp,
    pub(super) text: String,
}

/// What a client received, and the faults in between.
#[derive(Clone, Debug)]
pub(super) enum Incoming {
    Line(LogLine),
    Gap {
        missing: Option<u64>,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    },
    Fault(Fault),
}

impl Incoming {
    pub(super) fn text(&self) -> Option<&String> {
        match self {
            Self::Line(line) => Some(&line.line),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct StoredRecord {
    log: String,
    stream: LogStream,
    time: String,
}

/// Reads the engine's file: the lines in the order in which they end.
pub(super) fn read(file: &Path) -> Vec<TruthLine> {
    let (mut lines, mut open) = (Vec::new(), BTreeMap::<_, (String, String)>::new());
    for stored in std::fs::read_to_string(file).unwrap().lines() {
        let record: StoredRecord = serde_json::from_str(stored).unwrap();
        let before = open.remove(&record.stream);
        let (time, mut text) = match before {
            // The last line of a run, as long as the buffer.
            Some((time, text)) if time != record.time => {
                lines.push(line(record.stream, &time, text));
                (record.time, String::new())
            }
            Some((time, text)) => (time, text),
            None => (record.time, String::new()),
        };
        text.push_str(&record.log);
        if record.log.ends_with('\n') {
            text.pop();
            lines.push(line(record.stream, &time, text));
        } else if record.log.len() < BUFFER {
            lines.push(line(record.stream, &time, text));
        } else {
            open.insert(record.stream, (time, text));
        }
    }
    for (stream, (time, text)) in open {
        lines.push(line(stream, &time, text));
    }
    lines
}

fn line(stream: LogStream, time: &str, mut text: String) -> TruthLine {
    if text.ends_with('\r') {
        text.pop();
    }
    if text.len() > SHOWN {
        text.truncate(text.floor_char_boundary(SHOWN));
        text.push_str(TRUNCATED);
    }
    TruthLine {
        stream,
        at: time.parse().unwrap(),
        text,
    }
}

/// The result of the comparison.
#[derive(Debug, Default)]
pub(super) struct Account {
    got: usize,
    counted_gaps: usize,
    missing_counted: usize,
    uncounted_gaps: usize,
    missing_uncounted: usize,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} received, {} missing in {} counted gaps, {} missing in {} others",
            self.got,
            self.missing_counted,
            self.counted_gaps,
            self.missing_uncounted,
            self.uncounted_gaps
        )
    }
}

impl Account {
    /// Compares what was received with the stored lines, line by line.
    ///
    /// A counted gap skips exactly the number of lines that it reports. A gap without a count must come
    /// after a fault that can have caused it, and skips only lines between the times that it reports.
    pub(super) fn of(truth: &[TruthLine], received: &[Incoming]) -> Self {
        let (mut account, mut next, mut fault, mut gap) = (Self::default(), 0, None, None);
        for received in received {
            match received {
                Incoming::Fault(kind) => fault = Some(*kind),
                Incoming::Gap {
                    missing: Some(missing),
                    ..
                } => {
                    next += usize::try_from(*missing).unwrap();
                    account.counted_gaps += 1;
                    account.missing_counted += usize::try_from(*missing).unwrap();
                }
                Incoming::Gap {
                    missing: None,
                    from,
                    to,
                } => {
                    let excused = fault.take();
                    assert!(
                        excused.is_some(),
                        "a gap that no fault explains, before {next}"
                    );
                    gap = from.zip(*to);
                    assert!(
                        gap.is_some(),
                        "a gap that does not say from when to when: {received:?}"
                    );
                    account.uncounted_gaps += 1;
                }
                Incoming::Line(line) => {
                    if let Some((from, to)) = gap.take() {
                        let skipped = skipped(&truth[next..], line);
                        let lost = &truth[next..next + skipped];
                        let is_within = |line: &TruthLine| line.at >= from && line.at <= to;
                        assert!(lost.iter().all(is_within), "lost outside of the gap");
                        account.missing_uncounted += skipped;
                        next += skipped;
                    }
                    let expected = truth.get(next);
                    let is_same = expected.is_some_and(|truth| is_of(truth, line));
                    assert!(
                        is_same,
                        "line {next}: {} is not {}, before it {}",
                        short(Some(&line.line)),
                        short(expected.map(|t| &t.text)),
                        short(next.checked_sub(1).map(|n| &truth[n].text))
                    );
                    next += 1;
                    account.got += 1;
                }
            }
        }
        assert_eq!(next, truth.len(), "all lines came");
        account
    }
}

fn is_of(truth: &TruthLine, line: &LogLine) -> bool {
    truth.text == line.line && truth.stream == line.stream && Some(truth.at) == line.timestamp
}

fn skipped(truth: &[TruthLine], line: &LogLine) -> usize {
    let found = truth.iter().position(|truth| is_of(truth, line));
    found.unwrap_or(0)
}

fn short(text: Option<&String>) -> String {
    text.map_or("none".to_owned(), |text| {
        format!(
            "{:?} ({} bytes)",
            text.chars().take(40).collect::<String>(),
            text.len()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(n: usize) -> Vec<TruthLine> {
        let line = |n| TruthLine {
            stream: LogStream::Stdout,
            at: Timestamp::from_millis(n),
            text: format!("{n}"),
        };
        (0..i64::try_from(n).unwrap()).map(line).collect()
    }

    fn received(numbers: impl IntoIterator<Item = i64>) -> Vec<Incoming> {
        let line = |n: i64| {
            Incoming::Line(LogLine {
                timestamp: Some(Timestamp::from_millis(n)),
                line: format!("{n}"),
                ..LogLine::default()
            })
        };
        numbers.into_iter().map(line).collect()
    }

    fn gap(missing: Option<u64>, from: i64, to: i64) -> Incoming {
        let [from, to] = [from, to].map(|at| Some(Timestamp::from_millis(at)));
        Incoming::Gap { missing, from, to }
    }

    fn with(gap: Vec<Incoming>, rest: std::ops::Range<i64>) -> Vec<Incoming> {
        [received(0..3), gap, received(rest)].concat()
    }

    #[test]
    fn a_reported_gap_is_not_a_loss() {
        let cut = || Incoming::Fault(Fault::ClientCut);
        for received in [
            received(0..9),
            with(vec![gap(Some(2), 2, 5)], 5..9),
            with(vec![cut(), gap(None, 2, 5)], 5..9),
        ] {
            let _ = Account::of(&truth(9), &received);
        }
    }

    #[test]
    fn an_unreported_loss_is_found() {
        let cut = || Incoming::Fault(Fault::ClientCut);
        for (received, what) in [
            (received(0..8), "the last is missing"),
            (with(vec![], 4..9), "one is missing"),
            (with(vec![], 2..9), "one is doubled"),
            (
                with(vec![gap(Some(1), 2, 5)], 5..9),
                "two are missing instead of one",
            ),
            (
                with(vec![gap(Some(3), 2, 5)], 5..9),
                "two are missing instead of three",
            ),
            (with(vec![gap(None, 2, 5)], 5..9), "no fault explains it"),
            (
                with(vec![cut(), gap(None, 3, 4)], 7..9),
                "more is lost than it says",
            ),
        ] {
            let truth = truth(9);
            let found = std::panic::catch_unwind(|| Account::of(&truth, &received));
            assert!(found.is_err(), "{what}");
        }
    }
}
