//! Schedules lists of containers: coalesces requests, runs one list of each kind at a time, and reports
//! when one is late.

use super::{
    super::redactor::Redactor,
    api::{self, Api, LIST, MOST_NAMED, ReadError},
    convert::{self, List},
    inventory::Scope,
};
use crate::model::ContainerId;
use futures::{FutureExt, future::BoxFuture};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::{Instant, sleep_until};

/// How long a list is delayed to coalesce events: those of one container come in bursts (kill, die, stop).
/// Too short to be noticeable.
pub(super) const COALESCE: Duration = Duration::from_millis(20);
/// A list that takes longer is late: ten milliseconds are usual, a second for a thousand containers.
const LATE: Duration = Duration::from_secs(3);

/// The result of a list.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) scope: Scope,
    /// When it was requested.
    pub(super) requested_at: Instant,
    pub(super) result: Result<List, ReadError>,
}

/// Lists of all and of some containers, one of each kind at a time. On a large host a full list takes a
/// second; changes in the meantime are listed concurrently.
pub(super) struct Listing {
    api: Api,
    own: Option<ContainerId>,
    redactor: Redactor,
    all: Option<Instant>,
    pending_all: Option<Pending>,
    /// Containers to list, each with its due time. One may occur twice, with two times.
    some: BTreeSet<(Instant, ContainerId)>,
    pending_some: Option<Pending>,
}

struct Pending {
    since: Instant,
    answer: BoxFuture<'static, Answer>,
}

impl Listing {
    /// A schedule without requests; `own` is Deckwatch's own container. Secrets are masked by `redactor`.
    pub(super) fn new(api: Api, own: Option<ContainerId>, redactor: Redactor) -> Self {
        Self {
            api,
            own,
            redactor,
            all: None,
            pending_all: None,
            some: BTreeSet::new(),
            pending_some: None,
        }
    }

    /// Requests a list of all containers, in `delay` at the latest.
    pub(super) fn request_all(&mut self, delay: Duration) {
        let due = Instant::now() + delay;
        self.all = Some(self.all.map_or(due, |earlier| earlier.min(due)));
    }

    /// Requests a list of `id` in `delay`. A burst of events results in one list.
    pub(super) fn request(&mut self, id: ContainerId, delay: Duration) {
        let due = Instant::now() + delay;
        let mut others = self.some.iter().filter(|(_, other)| *other == id);
        if others.any(|(at, _)| *at <= due && *at + COALESCE >= due) {
            return;
        }
        self.some.insert((due, id));
        if self.some.len() > MOST_NAMED {
            self.some.clear();
            self.request_all(delay);
        }
    }

    /// Requests a failed list again, in `delay`.
    pub(super) fn retry(&mut self, scope: Scope, delay: Duration) {
        match scope {
            Scope::All => self.request_all(delay),
            Scope::Only(ids) => ids.into_iter().for_each(|id| self.request(id, delay)),
        }
    }

    /// Abandons all lists in progress, and requests a list of all containers.
    pub(super) fn restart(&mut self) {
        (self.pending_all, self.pending_some) = (None, None);
        self.request_all(Duration::ZERO);
    }

    /// Whether a list in progress is late at `now`.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        self.late_at().is_some_and(|at| at <= now)
    }

    fn late_at(&self) -> Option<Instant> {
        let pending = [&self.pending_all, &self.pending_some];
        let since = pending.into_iter().flatten().map(|pending| pending.since);
        since.min().map(|since| since + LATE)
    }

    /// Waits for an answer; `None` when a list in progress becomes late. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<Answer> {
        loop {
            self.start();
            let all = due(self.all, self.pending_all.is_none());
            let some = self.some.first().map(|(at, _)| *at);
            let some = due(some, self.pending_some.is_none());
            let now = Instant::now();
            let late = due(self.late_at().filter(|at| *at > now), true);
            tokio::select! {
                answer = pending(&mut self.pending_all) => {
                    self.pending_all = None;
                    return Some(answer);
                }
                answer = pending(&mut self.pending_some) => {
                    self.pending_some = None;
                    return Some(answer);
                }
                () = all => {}
                () = some => {}
                () = late => return None,
            }
        }
    }

    fn start(&mut self) {
        let now = Instant::now();
        if self.pending_all.is_none() && self.all.take_if(|at| *at <= now).is_some() {
            self.pending_all = Some(self.start_list(Scope::All));
        }
        if self.pending_some.is_none() {
            let due = self.some.extract_if(.., |(at, _)| *at <= now);
            let due: BTreeSet<_> = due.map(|(_, id)| id).collect();
            if !due.is_empty() {
                self.pending_some = Some(self.start_list(Scope::Only(due)));
            }
        }
    }

    fn start_list(&self, scope: Scope) -> Pending {
        let (api, own, requested_at) = (self.api.clone(), self.own, Instant::now());
        let redactor = self.redactor.clone();
        let answer = async move {
            let ids = match &scope {
                Scope::All => None,
                Scope::Only(ids) => Some(ids),
            };
            let body = api.list(ids).await;
            let result = body.and_then(|body| {
                convert::list(&body, own, &redactor).ok_or_else(|| api::not_json(LIST))
            });
            Answer {
                scope,
                requested_at,
                result,
            }
        };
        Pending {
            since: requested_at,
            answer: answer.boxed(),
        }
    }
}

async fn pending(pending: &mut Option<Pending>) -> Answer {
    match pending {
        Some(pending) => (&mut pending.answer).await,
        None => std::future::pending().await,
    }
}

/// Waits until `at`; forever when it is `None` or another list is in progress.
async fn due(at: Option<Instant>, is_free: bool) {
    match at.filter(|_| is_free) {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
