//! Lines that arrived and wait to be inserted into the store: while a viewer is paused or hidden, or when
//! lines arrive faster than they can be shown.

use super::{
    Entry, Kind, MaybeTime,
    capacity::reserve,
    texts::{TextId, Texts},
};
use crate::model::{LogLine, LogStream};
use std::{collections::VecDeque, mem};

/// Most lines and gaps in the queue; older ones are dropped.
const MAX_WAITING: usize = 50_000;

/// Lines and gaps in the order of arrival.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: VecDeque<Waiting>,
    texts: Texts,
    /// Number of lines dropped since the last batch.
    dropped: u64,
}

/// An element of the queue, kept small.
#[derive(Debug)]
struct Waiting {
    source: u8,
    /// The time of a line.
    time: MaybeTime,
    item: Item,
}

#[derive(Debug)]
enum Item {
    Line(LogStream, TextId),
    Gap(Option<u32>),
}

impl Queue {
    /// Adds lines of `source`.
    pub fn push(&mut self, source: u8, lines: Vec<LogLine>) {
        reserve(&mut self.waiting, lines.len(), MAX_WAITING);
        for line in lines {
            self.waiting.push_back(Waiting {
                source,
                item: Item::Line(line.stream, self.texts.push(&line.line)),
                time: line.timestamp.into(),
            });
        }
        while self.waiting.len() > MAX_WAITING
            && let Some(waiting) = self.waiting.pop_front()
        {
            self.dropped += match waiting.item {
                Item::Line(_, text) => {
                    self.texts.release(text);
                    1
                }
                Item::Gap(missing) => missing.unwrap_or(0).into(),
            };
        }
    }

    /// Adds a gap in `source`, with the number of missing lines if known.
    pub fn push_gap(&mut self, source: u8, missing: Option<u64>) {
        self.waiting.push_back(Waiting {
            source,
            time: None.into(),
            item: Item::Gap(saturated(missing)),
        });
    }

    /// Moves the first `count` elements to `batch`, after a gap for dropped lines.
    pub fn take(&mut self, count: usize, batch: &mut Vec<Entry>) {
        for _ in 0..count.min(self.waiting.len()) {
            let Some(waiting) = self.waiting.pop_front() else {
                return;
            };
            let gap = |missing| Entry::at(waiting.source, None, Kind::Gap(missing));
            if self.dropped > 0 {
                batch.push(gap(saturated(Some(mem::take(&mut self.dropped)))));
            }
            batch.push(match waiting.item {
                Item::Line(stream, text) => {
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
                Item::Gap(missing) => gap(missing),
            });
        }
    }

    /// Removes all elements of `source`.
    pub fn remove_source(&mut self, source: u8) {
        self.retain(|of| *of != source);
    }

    /// Gives each source its new index; removes elements of sources without one.
    pub fn reindex(&mut self, indices: &[Option<u8>]) {
        self.retain(|source| {
            let index = indices.get(usize::from(*source)).copied().flatten();
            *source = index.unwrap_or(*source);
            index.is_some()
        });
    }

    fn retain(&mut self, mut is_kept: impl FnMut(&mut u8) -> bool) {
        let texts = &mut self.texts;
        self.waiting.retain_mut(|waiting| {
            let is_kept = is_kept(&mut waiting.source);
            if let Item::Line(_, text) = waiting.item
                && !is_kept
            {
                texts.release(text);
            }
            is_kept
        });
    }

    /// Removes all elements.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the queue is empty.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// The number of missing lines, saturated at the maximum.
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
    fn lines_and_gaps_are_taken_in_the_order_of_arrival() {
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
    fn dropped_lines_are_counted_and_reported_first() {
        let mut queue = Queue::default();
        queue.push(0, lines(0..MAX_WAITING));
        queue.push(0, lines(MAX_WAITING..MAX_WAITING + 3));
        assert_eq!(queue.len(), MAX_WAITING);
        let all = taken(&mut queue);
        assert_eq!(all[0].head.kind, Kind::Gap(Some(3)));
        assert_eq!(texts(&all[1..3]), ["3", "4"]);
        queue.push(0, lines(0..1));
        assert_eq!(texts(&taken(&mut queue)), ["0"], "the gap is reported once");
    }

    #[test]
    fn a_removed_container_s_lines_are_removed() {
        let mut queue = Queue::default();
        queue.push(0, lines(0..2));
        queue.push(1, lines(2..4));
        queue.reindex(&[None, Some(0)]);
        queue.push(1, lines(4..5));
        queue.remove_source(1);
        let rest = taken(&mut queue);
        assert_eq!(texts(&rest), ["2", "3"]);
        assert!(rest.iter().all(|entry| entry.head.source == 0));
    }
}
