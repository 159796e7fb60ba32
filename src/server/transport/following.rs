//! The logs one client follows.

use crate::{
    model::ContainerId,
    protocol::{DEFAULT_LOG_TAIL, MAX_LOG_TAIL, Resume, Subscribe},
    server::{
        actions::Found,
        hub::Frame,
        logs::{Logs, Start, Watch},
    },
};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::Notify;

/// Logs one client may follow at the same time: those of a big project. Each costs the engine a
/// connection.
pub(super) const MAX_LOGS: usize = 64;
/// Bytes of logs that are taken to be sent at once. This, and not what lies in the logs, is what a
/// client that does not read holds back.
const LOG_BUDGET: usize = 256 * 1024;

/// A client follows as many logs as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyLogs;

/// The logs one client follows.
#[derive(Debug, Default)]
pub(super) struct Following {
    watches: BTreeMap<ContainerId, Watch>,
    /// Notified when there may be news in one of them.
    waker: Arc<Notify>,
}

impl Following {
    /// Follows the log of `found` from now on. Doing it again begins anew.
    pub(super) fn follow(
        &mut self,
        logs: &Logs,
        found: &Found,
        start: Start,
    ) -> Result<(), TooManyLogs> {
        let id = found.container.id;
        if self.watches.len() >= MAX_LOGS && !self.watches.contains_key(&id) {
            return Err(TooManyLogs);
        }
        let watch = logs.watch(found, start, Arc::clone(&self.waker));
        self.watches.insert(id, watch);
        Ok(())
    }

    /// Follows the log of `id` no more.
    pub(super) fn leave(&mut self, id: ContainerId) {
        self.watches.remove(&id);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.watches.is_empty()
    }

    /// Waits until there may be news.
    pub(super) async fn changed(&self) {
        self.waker.notified().await;
    }

    /// News, as much as may be sent at once; the rest is news at once again.
    pub(super) fn news(&mut self) -> Vec<Arc<Frame>> {
        let (mut news, mut budget) = (Vec::new(), LOG_BUDGET);
        // A different one first each time, so that a chatty container does not starve the others.
        let skip = fastrand::usize(..self.watches.len().max(1));
        let ids: Vec<_> = self.watches.keys().copied().collect();
        for id in ids.iter().cycle().skip(skip).take(ids.len()) {
            if budget == 0 {
                break;
            }
            let Some(watch) = self.watches.get_mut(id) else {
                continue;
            };
            news.extend(watch.news(&mut budget));
            if watch.is_over() {
                self.watches.remove(id);
            }
        }
        if budget == 0 {
            self.waker.notify_one();
        }
        news
    }
}

/// Where `subscribe` to a log wants to begin, in the run of the server called `epoch`.
pub(super) fn start(subscribe: &Subscribe, epoch: &str) -> Start {
    let known = |resume: &Resume| (resume.epoch == epoch).then_some(resume.seq);
    Start {
        tail: subscribe.tail.unwrap_or(DEFAULT_LOG_TAIL).min(MAX_LOG_TAIL) as usize,
        since: subscribe.since,
        resume: subscribe.resume.as_ref().map(known),
        after: subscribe.after,
    }
}
