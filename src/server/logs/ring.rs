//! The last lines of one log, with the gaps and ends between them.

use crate::{
    model::{LogLine, LogPosition, Timestamp},
    protocol::{Channel, ServerMessage},
    server::{hub::Frame, source::SourceLine},
};
use std::{collections::VecDeque, sync::Arc};

/// Most lines kept per log: as many as a client can request.
pub const MAX_LINES: usize = crate::protocol::MAX_LOG_TAIL as usize;
/// Most bytes kept per log. This bounds what a stalled reader can hold back.
pub const MAX_BYTES: usize = 1 << 20;
/// The cost of a line besides its text, in bytes.
const LINE_OVERHEAD: usize = 64;
/// Number of entries whose encoded forms are kept: readers at the head share them. Readers further behind
/// encode again; otherwise every line would be kept three times.
const HOT: usize = 32;
/// The number of the first entry. Older lines may be inserted before it.
const FIRST_ENTRY: u64 = 1 << 40;

/// The last lines of one log. An entry is a group of lines that were read together, a gap or an end.
#[derive(Debug)]
pub(super) struct Ring {
    channel: Channel,
    entries: VecDeque<Entry>,
    /// The number of the first entry.
    first: u64,
    /// The number of the next line.
    next_seq: u64,
    lines: usize,
    bytes: usize,
    /// A gap of unknown length before this entry was dropped.
    vague_until: u64,
}

#[derive(Debug)]
struct Entry {
    message: Arc<ServerMessage>,
    /// The time of the first line in nanoseconds, to identify it.
    first_nanos: Option<i64>,
    frame: Option<Arc<Frame>>,
    bytes: usize,
}

/// The position of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The number of the next entry.
    pub(super) entry: u64,
    /// The number of the last line.
    seq: u64,
    /// The time of that line.
    at: Option<Timestamp>,
}

impl Entry {
    fn new(message: ServerMessage, bytes: usize) -> Self {
        Self {
            message: Arc::new(message),
            first_nanos: None,
            frame: None,
            bytes,
        }
    }

    fn lines(&self) -> &[LogLine] {
        match &*self.message {
            ServerMessage::Log { lines, .. } => lines,
            _ => &[],
        }
    }

    fn last_seq(&self) -> u64 {
        self.lines().last().map_or(0, |line| line.seq)
    }

    /// The entry as a frame, shared while the entry is near the head.
    fn frame(&self) -> Arc<Frame> {
        match &self.frame {
            Some(frame) => Arc::clone(frame),
            None => Arc::new(Frame::shared(self.last_seq(), Arc::clone(&self.message))),
        }
    }
}

impl Ring {
    /// An empty ring; the first line gets the number `first_seq`.
    pub(super) fn new(channel: Channel, first_seq: u64) -> Self {
        Self {
            channel,
            entries: VecDeque::new(),
            first: FIRST_ENTRY,
            next_seq: first_seq,
            lines: 0,
            bytes: 0,
            vague_until: 0,
        }
    }

    /// The number of the next entry.
    pub(super) fn head(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// The number of the next line.
    pub(super) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The number of lines.
    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    /// Whether `lines` can be added without dropping older entries.
    pub(super) fn has_room_for(&self, lines: &[SourceLine]) -> bool {
        self.lines + lines.len() <= MAX_LINES && self.bytes + bytes_of(lines) <= MAX_BYTES
    }

    /// The number of the middle entry. Readers before it are at risk of missing lines.
    pub(super) fn middle(&self) -> u64 {
        self.first + self.entries.len() as u64 / 2
    }

    /// Appends lines that were read together.
    pub(super) fn push_lines(&mut self, lines: Vec<SourceLine>) {
        if lines.is_empty() {
            return;
        }
        let entry = self.entry(lines, self.next_seq);
        self.next_seq = entry.last_seq() + 1;
        self.push(entry);
    }

    /// Appends a gap of unknown length.
    pub(super) fn push_gap(&mut self, from: Option<Timestamp>, to: Option<Timestamp>) {
        let gap = self.gap(None, from, to);
        self.push(Entry::new(gap, LINE_OVERHEAD));
    }

    /// Appends an entry without lines.
    pub(super) fn push_message(&mut self, message: ServerMessage) {
        self.push(Entry::new(message, LINE_OVERHEAD));
    }

    /// Prepends chunks of older lines, as many as fit.
    pub(super) fn prepend(&mut self, chunks: Vec<Vec<SourceLine>>) {
        for mut chunk in chunks.into_iter().rev() {
            let room = MAX_LINES.saturating_sub(self.lines);
            chunk.drain(..chunk.len().saturating_sub(room));
            let first = self.first_seq().saturating_sub(chunk.len() as u64);
            let entry = self.entry(chunk, first);
            if entry.lines().is_empty() || self.bytes + entry.bytes > MAX_BYTES {
                return;
            }
            self.count(&entry);
            self.entries.push_front(entry);
            self.first -= 1;
        }
    }

    /// Whether `line` is the first line in the ring.
    pub(super) fn begins_with(&self, line: &SourceLine) -> bool {
        let first = self.entries.iter().find(|entry| !entry.lines().is_empty());
        first.is_some_and(|entry| {
            let first = entry.lines().first();
            entry.first_nanos == line.nanos
                && first.is_some_and(|first| first.stream == line.stream && first.line == line.line)
        })
    }

    /// The start of a reader that wants at most `tail` of the last lines, none older than `since`.
    pub(super) fn begin(&self, tail: usize, since: Option<Timestamp>) -> Cursor {
        let is_wanted = |line: &LogLine| since.is_none_or(|since| line.timestamp >= Some(since));
        let oldest = self.next_seq.saturating_sub(tail.min(self.lines) as u64);
        let mut entries = self.entries.iter().flat_map(Entry::lines);
        let first = entries.find(|line| line.seq >= oldest && is_wanted(line));
        let seq = first.map_or(self.next_seq, |line| line.seq);
        self.before(seq)
    }

    /// The position after line `seq`, if all lines after it are still in the ring.
    pub(super) fn resume(&self, seq: u64) -> Option<Cursor> {
        let next = seq.checked_add(1)?;
        (self.first_seq()..=self.next_seq)
            .contains(&next)
            .then(|| self.before(next))
    }

    /// The position after the line at `position`, if that is in the ring.
    pub(super) fn resume_after(&self, position: LogPosition) -> Option<Cursor> {
        let mut lines = self.entries.iter().flat_map(Entry::lines).rev();
        let line = lines.find(|line| line.position == Some(position))?;
        self.resume(line.seq)
    }

    /// The position for a reader whose last line, at `position`, is no longer in the ring: before the
    /// first later line, whose time is also returned.
    pub(super) fn begin_after(&self, position: LogPosition) -> (Cursor, Option<Timestamp>) {
        let is_newer = |line: &&LogLine| match line.position {
            Some(at) => at.nanos > position.nanos,
            None => line.timestamp > Some(position.timestamp()),
        };
        let newer = self.entries.iter().flat_map(Entry::lines).find(is_newer);
        let seq = newer.map_or(self.next_seq, |line| line.seq);
        (self.before(seq), newer.and_then(|line| line.timestamp))
    }

    /// Whether a line of this time is in the ring; if so, all later lines are, too.
    pub(super) fn has(&self, at: Timestamp) -> bool {
        let mut lines = self.entries.iter().flat_map(Entry::lines);
        lines.any(|line| line.timestamp == Some(at))
    }

    /// The frames between `cursor` and the head, in total about `budget` bytes but at least one entry;
    /// moves the cursor behind them.
    pub(super) fn after(&self, cursor: &mut Cursor, budget: &mut usize) -> Vec<Arc<Frame>> {
        let mut frames = Vec::new();
        if let Some(gap) = self.fell_off(cursor) {
            frames.push(gap);
        }
        let skip = usize::try_from(cursor.entry.saturating_sub(self.first)).unwrap_or(usize::MAX);
        for entry in self.entries.iter().skip(skip) {
            if *budget == 0 {
                break;
            }
            *budget = budget.saturating_sub(entry.bytes);
            cursor.entry += 1;
            frames.extend(self.rest_of(entry, cursor.seq));
            if let Some(last) = entry.lines().last() {
                cursor.seq = last.seq;
                cursor.at = last.timestamp.or(cursor.at);
            }
        }
        frames
    }

    /// The lines of `entry` after number `seq`.
    fn rest_of(&self, entry: &Entry, seq: u64) -> Option<Arc<Frame>> {
        let lines = entry.lines();
        let known = lines.partition_point(|line| line.seq <= seq);
        if known == 0 {
            return Some(entry.frame());
        }
        let rest = lines.get(known..).filter(|rest| !rest.is_empty())?;
        let message = log(self.channel, rest.to_vec());
        Some(Arc::new(Frame::new(entry.last_seq(), message)))
    }

    /// Moves a cursor whose entry was dropped to the first entry; returns the gap.
    fn fell_off(&self, cursor: &mut Cursor) -> Option<Arc<Frame>> {
        if cursor.entry >= self.first {
            return None;
        }
        let missing = self
            .first_seq()
            .saturating_sub(cursor.seq.saturating_add(1));
        let missing = (cursor.entry >= self.vague_until).then_some(missing);
        let first = self.entries.iter().flat_map(Entry::lines).next();
        let gap = self.gap(missing, cursor.at, first.and_then(|line| line.timestamp));
        cursor.entry = self.first;
        cursor.seq = self.first_seq().saturating_sub(1).max(cursor.seq);
        (missing != Some(0)).then(|| Arc::new(Frame::new(cursor.seq, gap)))
    }

    /// The position before line `seq` and after the line before it.
    fn before(&self, seq: u64) -> Cursor {
        let is_before = |entry: &&Entry| entry.last_seq() != 0 && entry.last_seq() < seq;
        let last_before = self.entries.iter().rposition(|entry| is_before(&entry));
        let index = last_before.map_or(0, |index| index + 1);
        let line = last_before.and_then(|index| self.entries.get(index)?.lines().last());
        Cursor {
            entry: self.first + index as u64,
            seq: seq.saturating_sub(1),
            at: line.and_then(|line| line.timestamp),
        }
    }

    /// The number of the first line, or of the next one if there is none.
    fn first_seq(&self) -> u64 {
        self.next_seq.saturating_sub(self.lines as u64)
    }

    fn gap(
        &self,
        missing: Option<u64>,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> ServerMessage {
        let channel = self.channel;
        ServerMessage::LogGap {
            channel,
            missing,
            from,
            to,
        }
    }

    fn entry(&self, lines: Vec<SourceLine>, first_seq: u64) -> Entry {
        let first_nanos = lines.first().and_then(|line| line.nanos);
        let bytes = bytes_of(&lines);
        let lines = (first_seq..).zip(lines).map(|(seq, line)| LogLine {
            seq,
            timestamp: line.timestamp(),
            stream: line.stream,
            position: line.position(),
            line: line.line,
        });
        let message = log(self.channel, lines.collect());
        Entry {
            first_nanos,
            ..Entry::new(message, bytes)
        }
    }

    fn push(&mut self, mut entry: Entry) {
        entry.frame = Some(entry.frame());
        self.count(&entry);
        self.entries.push_back(entry);
        if let Some(cooling) = self.entries.len().checked_sub(HOT + 1)
            && let Some(entry) = self.entries.get_mut(cooling)
        {
            entry.frame = None;
        }
        while self.entries.len() > 1 && (self.lines > MAX_LINES || self.bytes > MAX_BYTES) {
            self.evict();
        }
    }

    fn count(&mut self, entry: &Entry) {
        self.lines += entry.lines().len();
        self.bytes += entry.bytes;
    }

    fn evict(&mut self) {
        let Some(entry) = self.entries.pop_front() else {
            return;
        };
        self.lines -= entry.lines().len();
        self.bytes -= entry.bytes;
        self.first += 1;
        if matches!(&*entry.message, ServerMessage::LogGap { .. }) {
            self.vague_until = self.first;
        }
    }
}

fn log(channel: Channel, lines: Vec<LogLine>) -> ServerMessage {
    let cursor = lines.last().and_then(|line| line.position);
    ServerMessage::Log {
        channel,
        lines,
        cursor,
    }
}

/// The cost of lines, in bytes.
fn bytes_of(lines: &[SourceLine]) -> usize {
    let bytes = lines.iter().map(|line| line.line.len() + LINE_OVERHEAD);
    bytes.sum()
}
