//! Logs of the fake engine, with their possible faults.

use super::{FakeContainer, Line, LogFault, world::Shared};
use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use deckwatch::model::Timestamp;
use futures::stream;
use std::{io, sync::Arc};

/// The parameters of a request for a log.
#[derive(Clone, Debug)]
pub(super) struct LogQuery {
    pub(super) stdout: bool,
    pub(super) stderr: bool,
    pub(super) stamped: bool,
    pub(super) follow: bool,
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
    pub(super) tail: Option<usize>,
}

/// A log that is being sent.
struct LogSender {
    shared: Arc<Shared>,
    id: String,
    query: LogQuery,
    /// The number of the next line over all runs of the container.
    next: usize,
    /// The run in which it began, and with which it ends.
    run: usize,
    /// Lines until it is cut.
    until_cut: Option<usize>,
    terminal: bool,
    part: usize,
    /// Records of the first line that are not sent.
    skip: usize,
    is_corrupt: bool,
    /// How many times the container's open logs had been cut when this one was opened.
    cut: usize,
    /// How many times they had stalled when this one was opened.
    stuck: usize,
}

enum Next {
    Line(Line),
    Wait,
    End,
    Cut,
}

pub(super) fn logs(shared: &Arc<Shared>, container: &FakeContainer, query: LogQuery) -> Response {
    if container.log_fault == Some(LogFault::Hangs) {
        return Body::from_stream(stream::pending::<io::Result<Bytes>>()).into_response();
    }
    let (first, skip) = container.last_records(query.tail);
    let mut world = shared.world();
    let cuts = world.log_cuts.get_mut(&container.id);
    let until_cut = cuts
        .filter(|_| query.follow)
        .and_then(|cuts| cuts.pop_front());
    let cut = world.cut_logs.get(&container.id).copied().unwrap_or(0);
    let stuck = world.stuck_logs.get(&container.id).copied().unwrap_or(0);
    drop(world);
    let telling = LogSender {
        shared: Arc::clone(shared),
        id: container.id.clone(),
        next: container.dropped + first,
        skip,
        run: container.run_ends.len(),
        until_cut,
        cut,
        stuck,
        terminal: container.terminal,
        part: container.part,
        is_corrupt: container.log_fault == Some(LogFault::Corrupt),
        query,
    };
    let reported = stream::unfold(telling, |mut telling| async move {
        if telling.until_cut == Some(0) {
            return Some((Err(io::Error::other("cut")), telling));
        }
        let Some(line) = telling.next().await? else {
            return Some((Err(io::Error::other("cut")), telling));
        };
        telling.until_cut = telling.until_cut.map(|lines| lines - 1);
        let skip = std::mem::take(&mut telling.skip);
        let frames = telling.frames(&line, skip);
        Some((Ok(frames), telling))
    });
    Body::from_stream(reported).into_response()
}

impl FakeContainer {
    /// The line in which the last `tail` records begin, and the number of its records before them.
    fn last_records(&self, tail: Option<usize>) -> (usize, usize) {
        let mut left = tail.unwrap_or(usize::MAX);
        for (n, line) in self.lines.iter().enumerate().rev() {
            let records = line.records(self.part);
            if records >= left {
                let is_none = left == 0;
                return if is_none {
                    (n + 1, 0)
                } else {
                    (n, records - left)
                };
            }
            left -= records;
        }
        (0, 0)
    }
}

impl LogSender {
    /// The next line; `Some(None)` at a cut, and `None` at the end of the log.
    async fn next(&mut self) -> Option<Option<Line>> {
        let mut wrote = self.shared.wrote.subscribe();
        loop {
            wrote.borrow_and_update();
            match self.check() {
                Next::End => return None,
                Next::Cut => return Some(None),
                Next::Line(line) => {
                    self.shared.faults.while_hanging().await;
                    return Some(Some(line));
                }
                Next::Wait => wrote.changed().await.ok()?,
            }
        }
    }

    fn check(&mut self) -> Next {
        let world = self.shared.world();
        if world.cut_logs.get(&self.id).copied().unwrap_or(0) != self.cut {
            return Next::Cut;
        }
        if world.stuck_logs.get(&self.id).copied().unwrap_or(0) != self.stuck {
            return Next::Wait;
        }
        let Some(container) = world.containers.iter().find(|c| c.id == self.id) else {
            return Next::End;
        };
        loop {
            // Lines that were rotated away meanwhile are lost, as with the real engine.
            self.next = self.next.max(container.dropped);
            let end = container.run_ends.get(self.run).copied();
            if end.is_some_and(|end| self.next >= end) {
                return Next::End;
            }
            let Some(line) = container.lines.get(self.next - container.dropped) else {
                let continues = self.query.follow && container.is_up();
                return if continues { Next::Wait } else { Next::End };
            };
            self.next += 1;
            if self.is_wanted(line) {
                return Next::Line(line.clone());
            }
        }
    }

    fn is_wanted(&self, line: &Line) -> bool {
        (if line.stderr {
            self.query.stderr
        } else {
            self.query.stdout
        }) && self.query.since.is_none_or(|since| line.at >= since)
            && self.query.until.is_none_or(|until| line.at < until)
    }

    /// A line as Docker sends it: in parts, each with its time, and multiplexed unless it is a terminal's.
    fn frames(&self, line: &Line, skip: usize) -> Bytes {
        let mut frames = Vec::new();
        let mut rest = line.text.get(skip * self.part..).unwrap();
        loop {
            let (part, after) = rest.split_at(rest.len().min(self.part));
            let mut text = if self.query.stamped {
                format!("{} ", line.at).into_bytes()
            } else {
                Vec::new()
            };
            text.extend(part);
            if after.is_empty() && line.ended {
                text.extend(if self.terminal { &b"\r\n"[..] } else { b"\n" });
            }
            if !self.terminal {
                let stream = if self.is_corrupt { 9 } else { 1 };
                frames.extend([if line.stderr { 2 } else { stream }, 0, 0, 0]);
                frames.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
            }
            frames.extend(text);
            if after.is_empty() {
                return frames.into();
            }
            rest = after;
        }
    }
}
