//! Reads a log's last lines, and older ones when readers want them.

use super::{BATCH_BYTES, BATCH_LINES, Follower, HISTORY};
use crate::server::{
    logs::{
        position::Tracker,
        ring::{MAX_BYTES, MAX_LINES},
    },
    source::{EngineError, LogQuery, SourceLine},
};
use futures::StreamExt;
use std::collections::VecDeque;
use tokio::time::timeout;

/// The prefix of a line whose beginning could not be read.
const BEGINS_EARLIER: &str = "(truncated) … ";
/// Records requested in addition to the missing ones when older lines are wanted, because new ones may be
/// written in the meantime.
const SLACK: usize = 200;
/// Most records requested: enough for all kept lines if each has the maximal length, with records as long
/// as Docker's.
const MAX_RECORDS: usize = 4 * MAX_LINES;

/// The last lines of a log, as an engine sends them.
#[derive(Debug, Default)]
struct Past {
    /// The lines before those already known, as many as there is room for.
    lines: VecDeque<SourceLine>,
    bytes: usize,
    /// The number of records received.
    records: usize,
    /// Whether there was no room for some older lines.
    is_full: bool,
    /// The time of the youngest omitted line. How many lines of that time precede the first line is
    /// unknown.
    cut_at: Option<i64>,
    /// Whether the oldest known line was received.
    has_known: bool,
    /// When the first line that has not ended began; such lines are not in `lines`.
    open_since: Option<i64>,
}

impl Past {
    /// Takes the next line; `is_known` if readers already have it.
    fn take(&mut self, line: SourceLine, is_known: bool) {
        self.records += line.assembly.records as usize;
        self.has_known |= is_known;
        if line.assembly.is_open {
            // It is sent as a whole once it has ended.
            let open = [self.open_since, line.nanos].into_iter().flatten();
            self.open_since = open.min();
        } else if !self.has_known {
            self.bytes += line.line.len();
            self.lines.push_back(line);
            while self.bytes > MAX_BYTES
                && let Some(oldest) = self.lines.pop_front()
            {
                self.bytes -= oldest.line.len();
                self.is_full = true;
                self.cut_at = oldest.nanos;
            }
        }
    }

    /// Assigns the ordinals of the lines; returns the tracker behind the last one.
    fn count(&mut self) -> Tracker {
        let mut tracker = Tracker::default();
        for line in &mut self.lines {
            tracker.pass(line);
            if line.nanos == self.cut_at {
                line.ordinal = 0;
            }
        }
        tracker
    }

    /// Removes the first line, which may lack its beginning. If it is the only line of the log, it is
    /// marked instead.
    fn leave_out_rest(&mut self, is_first: bool) {
        if let [only] = self.lines.make_contiguous()
            && is_first
        {
            only.line.insert_str(0, BEGINS_EARLIER);
            self.cut_at = only.nanos;
        } else if let Some(rest) = self.lines.pop_front() {
            self.cut_at = rest.nanos;
        }
    }

    /// Whether the last line can be identified: among lines of the first line's time, the ordinals are
    /// uncertain.
    fn is_certain(&self) -> bool {
        let time = |line: Option<&SourceLine>| line.and_then(|line| line.nanos);
        time(self.lines.front()) != time(self.lines.back())
    }
}

impl Follower {
    /// Reads the last lines, or older ones, as many as readers want.
    pub(super) async fn deepen(&mut self) -> Result<(), EngineError> {
        let is_first = !self.has_begun;
        let wanted = match self.stream.wanted() {
            Some(wanted) => wanted,
            // Readers began without lines, because the log could not be read.
            None if is_first => self.stream.wanted_first().max(1),
            None => return Ok(()),
        };
        let read = timeout(HISTORY, self.history(wanted, is_first)).await;
        let (mut past, is_whole) = read.map_err(|_| EngineError::Timeout)??;
        // The log has no more lines than these.
        let depth = if is_whole { MAX_LINES } else { wanted };
        if is_first {
            self.has_begun = true;
            self.tracker = past.count();
            let more = past.lines.len().saturating_sub(wanted);
            past.lines.drain(..more);
            for chunk in chunks(past.lines) {
                self.stream.publish(chunk).await;
            }
            if let Some(open) = past.open_since {
                self.tracker.leave_open(open);
            }
            self.stream.deepen(depth, Vec::new());
        } else {
            past.count();
            self.stream.deepen(depth, chunks(past.lines));
        }
        Ok(())
    }

    /// The lines before the known ones, so that there are `wanted` lines in all if the log has them, and
    /// whether these are all.
    ///
    /// Engines count records, and a long line consists of several: the number of requested records is
    /// increased until there are enough lines. The first line may be incomplete and is then removed.
    async fn history(&self, wanted: usize, is_first: bool) -> Result<(Past, bool), EngineError> {
        let known = if is_first { 0 } else { self.stream.lines() };
        let slack = if is_first { 1 } else { SLACK };
        let mut asked = wanted.max(known) + slack;
        loop {
            let mut past = self.past(asked, is_first).await?;
            let is_whole = past.records < asked;
            let has_enough = is_first || past.has_known;
            let has_enough = has_enough && past.lines.len() + known > wanted;
            let is_placed = !is_first || past.is_certain();
            if !(is_whole || (has_enough && is_placed) || past.is_full || asked >= MAX_RECORDS) {
                asked = (4 * asked).min(MAX_RECORDS);
                continue;
            }
            if !is_first && !past.has_known {
                // The engine has discarded the known lines, so the lines before them are unknown.
                past.lines.clear();
            }
            if !is_whole && !past.is_full {
                past.leave_out_rest(is_first);
            }
            return Ok((past, is_whole));
        }
    }

    async fn past(&self, records: usize, is_first: bool) -> Result<Past, EngineError> {
        let query = LogQuery {
            tail: Some(u32::try_from(records).unwrap_or(u32::MAX)),
            stdout: true,
            stderr: true,
            ..LogQuery::default()
        };
        let mut told = self.log.read(&query).await?;
        let mut past = Past::default();
        // Read to the end even after the known line, because the number of records is needed.
        while let Some(line) = told.next().await {
            let line = line?;
            let is_known = !is_first && self.stream.begins_with(&line);
            past.take(line, is_known);
        }
        Ok(past)
    }
}

/// Lines in chunks of the size that is published at once.
fn chunks(lines: VecDeque<SourceLine>) -> Vec<Vec<SourceLine>> {
    let (mut chunks, mut bytes) = (Vec::new(), BATCH_BYTES);
    for line in lines {
        let is_full = |chunk: &&mut Vec<SourceLine>| chunk.len() < BATCH_LINES;
        bytes += line.line.len();
        match chunks.last_mut().filter(is_full) {
            Some(chunk) if bytes < BATCH_BYTES => chunk.push(line),
            _ => {
                bytes = line.line.len();
                chunks.push(vec![line]);
            }
        }
    }
    chunks
}
