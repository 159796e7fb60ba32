//! What has come and waits to be taken in: while a viewer is paused or out of sight, or when lines
//! come faster than they can be shown.

use super::{
    Entry, Kind, MaybeTime,
    room::make_room,
    texts::{TextId, Texts},
};
use crate::model::{LogLine, LogStream};
use std::{collections::VecDeque, mem};

/// Lines and gaps that may wait; older ones make room.
const MAX_WAITING: usize = 50_000;

/// What waits to be taken in, in the order in which it came.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: VecDeque<Waiting>,
    texts: Texts,
    /// Lines that had to make room.
    overflown: u64,
}

/// Something of a log, as small as it can be: there may be many.
#[derive(Debug)]
struct Waiting {
    source: u8,
    /// When it was written, for a line.
    time: MaybeTime,
    what: What,
}

#[derive(Debug)]
enum What {
    Line(LogStream, TextId),
    Gap(Option<u32>),
}

impl Queue {
    /// Adds lines of `source`.
    pub fn push(&mut self, source: u8, lines: Vec<LogLine>) {
        make_room(&mut self.waiting, lines.len(), MAX_WAITING);
        for line in lines {
            self.waiting.push_back(Waiting {
                source,
                what: What::Line(line.stream, self.texts.push(&line.line)),
                time: line.timestamp.into(),
            });
        }
        while self.waiting.len() > MAX_WAITING
            && let Some(waiting) = self.waiting.pop_front()
        {
            self.overflown += match waiting.what {
                What::Line(_, text) => {
                    self.texts.release(text);
                    1
                }
                What::Gap(missing) => missing.unwrap_or(0).into(),
            };
        }
    }

    /// Says that lines of `source` are missing: so many, when that is known.
    pub fn push_gap(&mut self, source: u8, missing: Option<u64>) {
        self.waiting.push_back(Waiting {
            source,
            time: None.into(),
            what: What::Gap(saturated(missing)),
        });
    }

    /// Moves the first `count` to `batch`, behind a gap for what had to make room.
    pub fn take(&mut self, count: usize, batch: &mut Vec<Entry>) {
        for _ in 0..count.min(self.waiting.len()) {
            let Some(waiting) = self.waiting.pop_front() else {
                return;
            };
            let gap = |missing| Entry::at(waiting.source, None, Kind::Gap(missing));
            if self.overflown > 0 {
                batch.push(gap(saturated(Some(mem::take(&mut self.overflown)))));
            }
            batch.push(match waiting.what {
                What::Line(stream, text) => {
                    let line = self.texts.with(text, str::to_owned).unwrap_or_default();
                    self.texts.release(text);
                    let line = LogLine {
                        seq: 0,
                        timestamp: waiting.time.get(),
                        stream,
                        line,
                        position: None,
                    };
                    Entry::line(waiting.source, line)
                }
                What::Gap(missing) => gap(missing),
            });
        }
    }

    /// Forgets what is of `source`.
    pub fn forget(&mut self, source: u8) {
        self.retain(|of| *of != source);
    }

    /// Gives each source its new place; forgets what is of a source that has none.
    pub fn assign(&mut self, places: &[Option<u8>]) {
        self.retain(|source| {
            let place = places.get(usize::from(*source)).copied().flatten();
            *source = place.unwrap_or(*source);
            place.is_some()
        });
    }

    fn retain(&mut self, mut is_kept: impl FnMut(&mut u8) -> bool) {
        let texts = &mut self.texts;
        self.waiting.retain_mut(|waiting| {
            let is_kept = is_kept(&mut waiting.source);
            if let What::Line(_, text) = waiting.what
                && !is_kept
            {
                texts.release(text);
            }
            is_kept
        });
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// How much waits.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// As many as are told of.
fn saturated(missing: Option<u64>) -> Option<u32> {
    missing.map(|missing| u32::try_from(missing).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(numbers: impl Iterator<Item = usize>) -> Vec<LogLine> {
        let line = |n: usize| LogLine {
            line: n.to_string(),
            ..LogLine::default()
        };
        numbers.map(line).collect()
    }

    fn taken(queue: &mut Queue) -> Vec<Entry> {
        let mut batch = Vec::new();
        queue.take(usize::MAX, &mut batch);
        batch
    }

    fn texts(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| &*entry.text).collect()
    }

    #[test]
    fn what_comes_is_taken_in_that_order() {
        let mut queue = Queue::default();
        queue.push(0, lines(0..2));
        queue.push_gap(1, Some(7));
        queue.push(1, lines(2..3));
        let mut batch = Vec::new();
        queue.take(1, &mut batch);
        assert_eq!((texts(&batch), queue.len()), (vec!["0"], 3));
        let rest = taken(&mut queue);
        assert_eq!(texts(&rest), ["1", "", "2"]);
        assert_eq!(rest[1].head.kind, Kind::Gap(Some(7)));
        assert!(queue.is_empty());
    }

    #[test]
    fn what_must_make_room_is_counted_and_told_first() {
        let mut queue = Queue::default();
        queue.push(0, lines(0..MAX_WAITING));
        queue.push(0, lines(MAX_WAITING..MAX_WAITING + 3));
        assert_eq!(queue.len(), MAX_WAITING);
        let all = taken(&mut queue);
        assert_eq!(all[0].head.kind, Kind::Gap(Some(3)));
        assert_eq!(texts(&all[1..3]), ["3", "4"]);
        queue.push(0, lines(0..1));
        assert_eq!(texts(&taken(&mut queue)), ["0"], "it is told once");
    }

    #[test]
    fn a_container_that_is_taken_out_takes_along_what_waits() {
        let mut queue = Queue::default();
        queue.push(0, lines(0..2));
        queue.push(1, lines(2..4));
        queue.assign(&[None, Some(0)]);
        queue.push(1, lines(4..5));
        queue.forget(1);
        let rest = taken(&mut queue);
        assert_eq!(texts(&rest), ["2", "3"]);
        assert!(rest.iter().all(|entry| entry.head.source == 0));
    }
}
