//! A log that a client follows over all of its connections.

use crate::{
    counted::{Counted, Wrong},
    findings::{Findings, Kind},
};
use deckwatch::{
    model::{ContainerId, LogLine, LogPosition, WorkloadKey},
    protocol::{Channel, MAX_LOG_TAIL, Resume, Subscribe},
};

/// A followed log.
#[derive(Debug)]
pub(crate) struct Follower {
    channel: Channel,
    /// Whether the writer numbers its lines.
    is_numbered: bool,
    counted: Counted,
    resume: Option<Resume>,
    after: Option<LogPosition>,
    /// Whether the server has confirmed the subscription on the current connection.
    pub(crate) is_followed: bool,
}

impl Follower {
    pub(crate) fn new(id: ContainerId, is_numbered: bool) -> Self {
        Self {
            channel: Channel::logs(WorkloadKey::Container(id)),
            is_numbered,
            counted: Counted::default(),
            resume: None,
            after: None,
            is_followed: false,
        }
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel
    }

    /// The subscription that continues after the last line.
    pub(crate) fn subscribe(&self) -> Subscribe {
        Subscribe {
            tail: Some(MAX_LOG_TAIL),
            resume: self.resume.clone(),
            after: self.after,
            ..Subscribe::to(self.channel)
        }
    }

    /// Receives lines of a message.
    pub(crate) fn lines(
        &mut self,
        lines: &[LogLine],
        cursor: Option<LogPosition>,
        epoch: &str,
        findings: &Findings,
    ) {
        let Some(last) = lines.last() else { return };
        self.resume = Some(Resume {
            epoch: epoch.to_owned(),
            seq: last.seq,
        });
        self.after = cursor;
        findings.lines.add(lines.len() as u64);
        for line in lines.iter().filter(|_| self.is_numbered) {
            let (kind, times) = match self.counted.line(&line.line) {
                Some(Wrong::Missing(lines)) => (Kind::Missing, lines),
                Some(Wrong::Doubled) => (Kind::Doubled, 1),
                None => continue,
            };
            findings.add(kind, times, || {
                format!("{times} at {:?} of {}", line.line, self.channel)
            });
        }
    }

    /// Receives a declared gap.
    pub(crate) fn gap(&mut self, missing: Option<u64>, findings: &Findings) {
        findings.gaps.add(1);
        self.counted.gap(missing);
    }
}
