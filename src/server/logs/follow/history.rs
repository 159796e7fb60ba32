//! A log's last lines, and older ones when readers want them.

use super::{BATCH_BYTES, BATCH_LINES, Follower, HISTORY};
use crate::server::{
    logs::{
        position::Position,
        ring::{MAX_BYTES, MAX_LINES},
    },
    source::{EngineError, LogQuery, SourceLine},
};
use futures::StreamExt;
use std::collections::VecDeque;
use tokio::time::timeout;

/// Lines more than are missing that are asked for when older ones are wanted: some may be written
/// meanwhile.
const SLACK: usize = 200;

impl Follower {
    /// Asks for the last lines, or for older ones, as many as readers want.
    pub(super) async fn deepen(&mut self) -> Result<(), EngineError> {
        let is_first = !self.has_begun;
        let wanted = match self.stream.wanted() {
            Some(wanted) => wanted,
            None if is_first => 1,
            None => return Ok(()),
        };
        let asked = if is_first {
            wanted
        } else {
            wanted.max(self.stream.lines()) + SLACK
        };
        let read = timeout(HISTORY, self.history(asked, is_first)).await;
        let (lines, is_whole) = read.map_err(|_| EngineError::Timeout)??;
        // There is no use in asking for more than there is.
        let depth = if is_whole { MAX_LINES } else { wanted };
        let chunks = chunks(lines);
        if is_first {
            self.has_begun = true;
            for chunk in chunks {
                for line in &chunk {
                    self.position = Position::after(self.position, line);
                }
                self.stream.publish(chunk).await;
            }
            self.stream.deepen(depth, Vec::new());
        } else {
            self.stream.deepen(depth, chunks);
        }
        Ok(())
    }

    /// At most `tail` of the last lines before those that are known, as many as there is room for,
    /// and whether these are all there are.
    async fn history(
        &self,
        tail: usize,
        is_first: bool,
    ) -> Result<(VecDeque<SourceLine>, bool), EngineError> {
        let query = LogQuery {
            tail: Some(u32::try_from(tail).unwrap_or(u32::MAX)),
            stdout: true,
            stderr: true,
            ..LogQuery::default()
        };
        let mut told = self.engine.logs(self.stream.key.1, &query).await?;
        let (mut lines, mut bytes, mut count) = (VecDeque::new(), 0, 0);
        let mut is_known = false;
        while let Some(line) = told.next().await {
            let line = line?;
            count += 1;
            is_known = is_known || (!is_first && self.stream.begins_with(&line));
            if is_known {
                // Read to the end all the same: how many there are is to be known.
                continue;
            }
            bytes += line.line.len();
            lines.push_back(line);
            while bytes > MAX_BYTES
                && let Some(oldest) = lines.pop_front()
            {
                bytes -= oldest.line.len();
            }
        }
        if !is_first && !is_known {
            // What we know was thrown away by the engine: nobody can tell what comes before it.
            lines.clear();
        }
        Ok((lines, count < tail))
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
