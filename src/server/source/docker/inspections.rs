//! Details of containers, inspected beside everything else.
//!
//! Ids go in, details come out when the engine gives them. An engine may hold up the inspection of
//! a container that it has locked; that costs the details of this container only. It is asked again
//! after a growing pause, and such containers never take all the places.

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

/// Inspections at once: more make a busy engine slower, not quicker.
const AT_ONCE: usize = 8;
/// Places of these that wait for containers that have just changed.
const KEPT_FOR_CHANGES: usize = 2;
/// Places that containers may take whose last inspection failed.
const FOR_SUSPECTS: usize = 4;
/// What one inspection may take; usual are five milliseconds.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Results are handed over together when they come within this time, so that the first list of a
/// thousand containers makes some dozen changes and not a thousand.
const GATHER: Duration = Duration::from_millis(20);
/// The pause after the first failure; it doubles …
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// … up to this one.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What came of an inspection.
#[derive(Debug)]
pub(super) struct Inspected {
    pub(super) id: ContainerId,
    /// When it was asked for.
    pub(super) asked: Instant,
    pub(super) result: Result<Details, ReadError>,
}

/// The inspections of one session.
pub(super) struct Inspections {
    api: Api,
    /// Containers that changed, to be inspected before the others.
    changed: VecDeque<ContainerId>,
    others: VecDeque<ContainerId>,
    running: FuturesUnordered<BoxFuture<'static, Inspected>>,
    in_flight: BTreeSet<ContainerId>,
    /// Containers that changed while they were inspected.
    again: BTreeSet<ContainerId>,
    suspects: BTreeMap<ContainerId, Suspect>,
    done: Vec<Inspected>,
    /// When the oldest of `done` was.
    since: Instant,
}

/// A container whose last inspection failed.
struct Suspect {
    failures: u32,
    /// When it is tried again; absent while that is under way.
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
            again: BTreeSet::new(),
            suspects: BTreeMap::new(),
            done: Vec::new(),
            since: Instant::now(),
        }
    }

    /// Inspects a container that has changed, as soon as may be. One that could not be inspected has
    /// its own pace, which [`Self::pardon`] quickens.
    pub(super) fn changed(&mut self, id: ContainerId) {
        if self.in_flight.contains(&id) {
            self.again.insert(id);
        } else if !self.suspects.contains_key(&id) && !self.changed.contains(&id) {
            self.others.retain(|other| *other != id);
            self.changed.push_back(id);
        }
    }

    /// Inspects a container of which too little is known, unless that has just failed.
    pub(super) fn missing(&mut self, id: ContainerId) {
        let is_under_way = self.in_flight.contains(&id)
            || self.suspects.contains_key(&id)
            || self.changed.contains(&id)
            || self.others.contains(&id);
        if !is_under_way {
            self.others.push_back(id);
        }
    }

    /// Something happened to a container: what held up its inspection may be over.
    pub(super) fn pardon(&mut self, id: &ContainerId) {
        if let Some(suspect) = self.suspects.get_mut(id) {
            let soon = Instant::now() + COALESCE;
            suspect.due = suspect.due.map(|due| due.min(soon));
        }
    }

    /// Forgets containers that there are no more.
    pub(super) fn retain(&mut self, exists: impl Fn(&ContainerId) -> bool) {
        self.changed.retain(&exists);
        self.others.retain(&exists);
        self.again.retain(&exists);
        self.suspects.retain(|id, _| exists(id));
    }

    /// Whether every container that could be inspected has been.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.changed.is_empty() && self.others.is_empty()
    }

    /// Whether there are containers whose last inspection failed.
    pub(super) fn has_suspects(&self) -> bool {
        !self.suspects.is_empty()
    }

    /// Waits for results. Cancel safe.
    pub(super) async fn next(&mut self) -> Vec<Inspected> {
        loop {
            self.start();
            let gathered = (!self.done.is_empty()).then(|| self.since + GATHER);
            if gathered.is_some_and(|at| self.running.is_empty() || at <= Instant::now()) {
                return std::mem::take(&mut self.done);
            }
            let due = self.suspects.values().filter_map(|suspect| suspect.due);
            let due = due.min();
            tokio::select! {
                Some(inspected) = self.running.next() => self.finish(inspected),
                () = at(gathered) => {}
                () = at(due) => self.try_again(),
            }
        }
    }

    fn start(&mut self) {
        while self.running.len() < AT_ONCE {
            let next = self.next_of(true).or_else(|| {
                let has_room = self.running.len() < AT_ONCE - KEPT_FOR_CHANGES;
                has_room.then(|| self.next_of(false)).flatten()
            });
            let Some(id) = next else { return };
            self.in_flight.insert(id);
            self.running.push(inspect(self.api.clone(), id).boxed());
        }
    }

    /// The first container in a queue that may be inspected now.
    fn next_of(&mut self, changed: bool) -> Option<ContainerId> {
        let suspects = &self.suspects;
        let in_flight = self.in_flight.iter();
        let trying = in_flight.filter(|id| suspects.contains_key(id)).count();
        let queue = if changed {
            &mut self.changed
        } else {
            &mut self.others
        };
        let may = |id: &ContainerId| trying < FOR_SUSPECTS || !suspects.contains_key(id);
        let place = queue.iter().position(may)?;
        queue.remove(place)
    }

    fn finish(&mut self, inspected: Inspected) {
        let id = inspected.id;
        self.in_flight.remove(&id);
        if inspected.result.is_ok() {
            self.suspects.remove(&id);
        } else {
            let failures = self.suspects.get(&id).map_or(0, |suspect| suspect.failures);
            let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures));
            let suspect = Suspect {
                failures: failures.saturating_add(1),
                due: Some(Instant::now() + pause.min(LONGEST_PAUSE)),
            };
            self.suspects.insert(id, suspect);
        }
        if self.again.remove(&id) {
            self.pardon(&id);
            self.changed(id);
        }
        if self.done.is_empty() {
            self.since = Instant::now();
        }
        self.done.push(inspected);
    }

    fn try_again(&mut self) {
        let now = Instant::now();
        for (id, suspect) in &mut self.suspects {
            if suspect.due.take_if(|due| *due <= now).is_some()
                && !self.in_flight.contains(id)
                && !self.changed.contains(id)
            {
                self.others.push_back(*id);
            }
        }
    }
}

async fn inspect(api: Api, id: ContainerId) -> Inspected {
    let asked = Instant::now();
    let body = api.inspect(id, TIMEOUT).await;
    let result =
        body.and_then(|body| convert::details(&body).ok_or_else(|| api::not_json(api::INSPECTION)));
    Inspected { id, asked, result }
}

/// At `time`; never when there is none.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
