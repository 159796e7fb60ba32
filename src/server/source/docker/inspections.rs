//! Inspects containers in the background. Ids come in, details go out as the engine returns them. An engine
//! may block the inspection of a container that it has locked; that delays the details of this container
//! only. It is retried with backoff, and failing containers never use all slots.

use super::{
    api::{self, Api, ReadError},
    convert::{self, Details},
    listing::COALESCE,
};
use crate::model::ContainerId;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// Concurrent inspections: more make a busy engine slower, not faster.
const CONCURRENCY: usize = 8;
/// Of these, slots reserved for containers that have just changed.
const RESERVED_FOR_CHANGES: usize = 2;
/// Most slots for containers whose last inspection failed.
const MAX_FAILING: usize = 4;
/// Timeout of one inspection; most take five milliseconds.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Results that arrive within this time are returned together, so that the first list of a thousand
/// containers makes some dozen changes and not a thousand.
const GATHER: Duration = Duration::from_millis(20);
/// The pause after the first failure; it doubles per failure …
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// … up to this one.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The result of an inspection.
#[derive(Debug)]
pub(super) struct Inspected {
    pub(super) id: ContainerId,
    /// When it was requested.
    pub(super) requested_at: Instant,
    pub(super) result: Result<Details, ReadError>,
}

/// The inspections of one session.
pub(super) struct Inspections {
    api: Api,
    /// Containers that have changed, inspected before the others.
    changed: VecDeque<ContainerId>,
    others: VecDeque<ContainerId>,
    running: FuturesUnordered<BoxFuture<'static, Inspected>>,
    in_flight: BTreeSet<ContainerId>,
    /// Containers that changed while they were being inspected.
    repeat: BTreeSet<ContainerId>,
    failing: BTreeMap<ContainerId, Failing>,
    done: Vec<Inspected>,
    /// When the oldest result in `done` arrived.
    since: Instant,
}

/// A container whose last inspection failed.
struct Failing {
    failures: u32,
    /// When it is retried; `None` while that is in progress.
    due: Option<Instant>,
}

impl Inspections {
    pub(super) fn new(api: Api) -> Self {
        Self {
            api,
            changed: VecDeque::new(),
            others: VecDeque::new(),
            running: FuturesUnordered::new(),
            in_flight: BTreeSet::new(),
            repeat: BTreeSet::new(),
            failing: BTreeMap::new(),
            done: Vec::new(),
            since: Instant::now(),
        }
    }

    /// Inspects a container that has changed, as soon as possible. One whose last inspection failed is
    /// retried at its own pace, which [`Self::retry_soon`] shortens.
    pub(super) fn inspect_changed(&mut self, id: ContainerId) {
        if self.in_flight.contains(&id) {
            self.repeat.insert(id);
        } else if !self.failing.contains_key(&id) && !self.changed.contains(&id) {
            self.others.retain(|other| *other != id);
            self.changed.push_back(id);
        }
    }

    /// Inspects a container whose details are missing, unless that has just failed.
    pub(super) fn inspect_missing(&mut self, id: ContainerId) {
        let is_under_way = self.in_flight.contains(&id)
            || self.failing.contains_key(&id)
            || self.changed.contains(&id)
            || self.others.contains(&id);
        if !is_under_way {
            self.others.push_back(id);
        }
    }

    /// Retries a failing container soon, because an event may have released its lock.
    pub(super) fn retry_soon(&mut self, id: &ContainerId) {
        if let Some(failing_one) = self.failing.get_mut(id) {
            let soon = Instant::now() + COALESCE;
            failing_one.due = failing_one.due.map(|due| due.min(soon));
        }
    }

    /// Drops containers that no longer exist.
    pub(super) fn retain(&mut self, exists: impl Fn(&ContainerId) -> bool) {
        self.changed.retain(&exists);
        self.others.retain(&exists);
        self.repeat.retain(&exists);
        self.failing.retain(|id, _| exists(id));
    }

    /// Whether every container that can be inspected was inspected.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.changed.is_empty() && self.others.is_empty()
    }

    /// Whether there are containers whose last inspection failed.
    pub(super) fn has_failing(&self) -> bool {
        !self.failing.is_empty()
    }

    /// Waits for results. Cancel safe.
    pub(super) async fn next(&mut self) -> Vec<Inspected> {
        loop {
            self.start();
            let gathered = (!self.done.is_empty()).then(|| self.since + GATHER);
            if gathered.is_some_and(|at| self.running.is_empty() || at <= Instant::now()) {
                return std::mem::take(&mut self.done);
            }
            let due = self
                .failing
                .values()
                .filter_map(|failing_one| failing_one.due);
            let due = due.min();
            tokio::select! {
                Some(inspected) = self.running.next() => self.finish(inspected),
                () = at(gathered) => {}
                () = at(due) => self.start_retries(),
            }
        }
    }

    fn start(&mut self) {
        while self.running.len() < CONCURRENCY {
            let next = self.next_of(true).or_else(|| {
                let has_room = self.running.len() < CONCURRENCY - RESERVED_FOR_CHANGES;
                has_room.then(|| self.next_of(false)).flatten()
            });
            let Some(id) = next else { return };
            self.in_flight.insert(id);
            self.running.push(inspect(self.api.clone(), id).boxed());
        }
    }

    /// Removes the first container of a queue that may be inspected now.
    fn next_of(&mut self, changed: bool) -> Option<ContainerId> {
        let failing = &self.failing;
        let in_flight = self.in_flight.iter();
        let trying = in_flight.filter(|id| failing.contains_key(id)).count();
        let queue = if changed {
            &mut self.changed
        } else {
            &mut self.others
        };
        let may = |id: &ContainerId| trying < MAX_FAILING || !failing.contains_key(id);
        let index = queue.iter().position(may)?;
        queue.remove(index)
    }

    fn finish(&mut self, inspected: Inspected) {
        let id = inspected.id;
        self.in_flight.remove(&id);
        if inspected.result.is_ok() {
            self.failing.remove(&id);
        } else {
            let failures = self
                .failing
                .get(&id)
                .map_or(0, |failing_one| failing_one.failures);
            let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures));
            let failing_one = Failing {
                failures: failures.saturating_add(1),
                due: Some(Instant::now() + pause.min(LONGEST_PAUSE)),
            };
            self.failing.insert(id, failing_one);
        }
        if self.repeat.remove(&id) {
            self.retry_soon(&id);
            self.inspect_changed(id);
        }
        if self.done.is_empty() {
            self.since = Instant::now();
        }
        self.done.push(inspected);
    }

    fn start_retries(&mut self) {
        let now = Instant::now();
        for (id, failing_one) in &mut self.failing {
            if failing_one.due.take_if(|due| *due <= now).is_some()
                && !self.in_flight.contains(id)
                && !self.changed.contains(id)
            {
                self.others.push_back(*id);
            }
        }
    }
}

async fn inspect(api: Api, id: ContainerId) -> Inspected {
    let requested_at = Instant::now();
    let body = api.inspect(id, TIMEOUT).await;
    let result =
        body.and_then(|body| convert::details(&body).ok_or_else(|| api::not_json(api::INSPECTION)));
    Inspected {
        id,
        requested_at,
        result,
    }
}

/// Waits until `time`; forever when it is `None`.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
