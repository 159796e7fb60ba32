//! A log's last lines, and older ones when readers want them.

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

/// Stands at the beginning of a line whose beginning was not to be had.
const BEGINS_EARLIER: &str = "(truncated) … ";
/// Records more than are missing that are asked for when older lines are wanted: some may be written
/// meanwhile.
const SLACK: usize = 200;
/// Most records that are asked for: as many as the lines that are kept have if each is as long as a
/// line can be, and the engine's records are as long as Docker's.
const MAX_RECORDS: usize = 4 * MAX_LINES;

/// What an engine tells of a log's last lines.
#[derive(Debug, Default)]
struct Past {
    /// Those before the lines that are known, as many as there is room for.
    lines: VecDeque<SourceLine>,
    bytes: usize,
    /// How many records came.
    records: usize,
    /// Older lines came than there is room for.
    is_full: bool,
    /// The time of the youngest line that was left out: how many lines of that time came before is not
    /// known.
    cut_at: Option<i64>,
    /// The oldest known line came.
    has_known: bool,
    /// Since when a line is open that is not among them.
    open_since: Option<i64>,
}

impl Past {
    /// Takes the next line, which `is_known` or not.
    fn take(&mut self, line: SourceLine, is_known: bool) {
        self.records += line.assembly.records as usize;
        self.has_known |= is_known;
        if line.assembly.is_open {
            // It comes as a whole once it has ended.
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

    /// Gives the lines their ordinals; what counts on after them.
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

    /// Leaves out the first line, which may lack its beginning. The only line of a log is marked instead.
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

    /// Whether the last line can be told from others of its time: how many there are is not known of
    /// the first line's.
    fn is_certain(&self) -> bool {
        let time = |line: Option<&SourceLine>| line.and_then(|line| line.nanos);
        time(self.lines.front()) != time(self.lines.back())
    }
}

impl Follower {
    /// Asks for the last lines, or for older ones, as many as readers want.
    pub(super) async fn deepen(&mut self) -> Result<(), EngineError> {
        let is_first = !self.has_begun;
        let wanted = match self.stream.wanted() {
            Some(wanted) => wanted,
            // They began without lines, as the log could not be read.
            None if is_first => self.stream.wanted_first().max(1),
            None => return Ok(()),
        };
        let read = timeout(HISTORY, self.history(wanted, is_first)).await;
        let (mut past, is_whole) = read.map_err(|_| EngineError::Timeout)??;
        // There is no use in asking for more than there is.
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

    /// The last lines before those that are known, so that there are `wanted` if the log has them, and
    /// whether these are all there are.
    ///
    /// Engines count records, of which a long line has several: they are asked for more until there
    /// are enough lines. The first line may be the rest of one, and is left out.
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
                // The engine has discarded the known lines, so what precedes them is unknown.
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
        // Read to the end all the same: how many there are is to be known.
        while let Some(line) = told.next().await {
            let line = line?;
            let is_known = !is_first && self.stream.begins_with(&line);
            past.take(line, is_known);
        }
        Ok(past)
    }
}

/// Lines in pieces as they are passed on.
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
