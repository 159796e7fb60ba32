//! The logs that one client follows.

use crate::{
    model::WorkloadId,
    protocol::{Channel, DEFAULT_LOG_TAIL, MAX_LOG_TAIL, MAX_LOGS, Resume, Subscribe},
    server::{
        find::Found,
        hub::Frame,
        logs::{Logs, Start, Watch},
    },
};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::Notify;

/// Bytes of logs that are queued at once. A client that does not read holds back this amount, not the
/// whole backlog.
const LOG_BUDGET: usize = 256 * 1024;

/// The error for a client that already follows as many logs as allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyLogs;

/// The logs that one client follows.
#[derive(Debug, Default)]
pub(super) struct Following {
    watches: BTreeMap<Channel, Watch>,
    /// Notified when a log may have new lines.
    waker: Arc<Notify>,
}

impl Following {
    /// Follows the log of `found` from now on. A repeated call starts again.
    pub(super) fn follow(
        &mut self,
        logs: &Logs,
        found: &Found,
        start: Start,
    ) -> Result<(), TooManyLogs> {
        let channel = Channel::logs(found.id.key);
        if self.watches.len() >= MAX_LOGS && !self.watches.contains_key(&channel) {
            return Err(TooManyLogs);
        }
        let watch = logs.watch(found, start, Arc::clone(&self.waker));
        self.watches.insert(channel, watch);
        Ok(())
    }

    /// Stops following the log of `channel`.
    pub(super) fn leave(&mut self, channel: Channel) {
        self.watches.remove(&channel);
    }

    /// Stops following the logs of the workloads that satisfy `is_hidden`; returns their channels.
    pub(super) fn leave_hidden(&mut self, is_hidden: impl Fn(WorkloadId) -> bool) -> Vec<Channel> {
        let is_hidden = |_: &Channel, watch: &mut Watch| is_hidden(watch.workload());
        let hidden = self.watches.extract_if(.., is_hidden);
        hidden.map(|(channel, _)| channel).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.watches.is_empty()
    }

    /// Waits until there may be new lines.
    pub(super) async fn changed(&self) {
        self.waker.notified().await;
    }

    /// New lines, as many as may be sent at once; if there are more, the waker is notified again.
    pub(super) fn catch_up(&mut self) -> Vec<Arc<Frame>> {
        let (mut frames, mut budget) = (Vec::new(), LOG_BUDGET);
        // Starts with a random log, so that a busy container does not starve the others.
        let skip = fastrand::usize(..self.watches.len().max(1));
        let channels: Vec<_> = self.watches.keys().copied().collect();
        for channel in channels.iter().cycle().skip(skip).take(channels.len()) {
            if budget == 0 {
                break;
            }
            let Some(watch) = self.watches.get_mut(channel) else {
                continue;
            };
            frames.extend(watch.news(&mut budget));
            if watch.is_over() {
                self.watches.remove(channel);
            }
        }
        if budget == 0 {
            self.waker.notify_one();
        }
        frames
    }
}

/// Where a `subscribe` to a log starts, in the run of the server with the id `epoch`.
pub(super) fn start(subscribe: &Subscribe, epoch: &str) -> Start {
    let known = |resume: &Resume| (resume.epoch == epoch).then_some(resume.seq);
    Start {
        tail: subscribe.tail.unwrap_or(DEFAULT_LOG_TAIL).min(MAX_LOG_TAIL) as usize,
        since: subscribe.since,
        resume: subscribe.resume.as_ref().map(known),
        after: subscribe.after,
    }
}
