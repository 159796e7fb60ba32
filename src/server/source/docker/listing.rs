//! Lists of containers: when they are asked for, and how long they may take.

use super::{
    api::{self, Api, LIST, MOST_NAMED, ReadError},
    convert::{self, List},
    inventory::Scope,
};
use crate::model::ContainerId;
use futures::{FutureExt, future::BoxFuture};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::{Instant, sleep_until};

/// Events of one container come in bursts (kill, die, stop): asking once after the burst is enough,
/// and this is well below what an eye can tell.
pub(super) const COALESCE: Duration = Duration::from_millis(20);
/// A list that takes longer than this is late: usual are ten milliseconds, a second for a thousand
/// containers.
const LATE: Duration = Duration::from_secs(3);

/// What came of asking for a list.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) scope: Scope,
    /// When it was asked for.
    pub(super) asked: Instant,
    pub(super) result: Result<List, ReadError>,
}

/// Lists of all containers, or of some, one at a time of each kind. A large host takes a second for
/// all of them; what changes meanwhile is asked for beside it.
pub(super) struct Listing {
    api: Api,
    own: Option<ContainerId>,
    all: Option<Instant>,
    asking_all: Option<Asking>,
    /// Containers to list, with the time to ask. One may be there twice, for two times.
    some: BTreeSet<(Instant, ContainerId)>,
    asking_some: Option<Asking>,
}

struct Asking {
    since: Instant,
    answer: BoxFuture<'static, Answer>,
}

impl Listing {
    /// `own` is Deckwatch's own container.
    pub(super) fn new(api: Api, own: Option<ContainerId>) -> Self {
        Self {
            api,
            own,
            all: None,
            asking_all: None,
            some: BTreeSet::new(),
            asking_some: None,
        }
    }

    /// Lists all containers, `delay` from now or earlier.
    pub(super) fn want_all(&mut self, delay: Duration) {
        let due = Instant::now() + delay;
        self.all = Some(self.all.map_or(due, |earlier| earlier.min(due)));
    }

    /// Lists `id`, `delay` from now. Events that come in a burst are answered by one list.
    pub(super) fn want(&mut self, id: ContainerId, delay: Duration) {
        let due = Instant::now() + delay;
        let mut others = self.some.iter().filter(|(_, other)| *other == id);
        if others.any(|(at, _)| *at <= due && *at + COALESCE >= due) {
            return;
        }
        self.some.insert((due, id));
        if self.some.len() > MOST_NAMED {
            self.some.clear();
            self.want_all(delay);
        }
    }

    /// Asks again for what could not be had, `delay` from now.
    pub(super) fn want_again(&mut self, scope: Scope, delay: Duration) {
        match scope {
            Scope::All => self.want_all(delay),
            Scope::Only(ids) => ids.into_iter().for_each(|id| self.want(id, delay)),
        }
    }

    /// Gives up every list that has been asked for, and asks for all containers.
    pub(super) fn start_over(&mut self) {
        (self.asking_all, self.asking_some) = (None, None);
        self.want_all(Duration::ZERO);
    }

    /// Whether a list has been asked for and should have been answered by `now`.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        self.late_at().is_some_and(|at| at <= now)
    }

    fn late_at(&self) -> Option<Instant> {
        let asking = [&self.asking_all, &self.asking_some];
        let since = asking.into_iter().flatten().map(|asking| asking.since);
        since.min().map(|since| since + LATE)
    }

    /// Waits for an answer, or until a list that has been asked for is late: then `None`. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<Answer> {
        loop {
            self.start();
            let all = due(self.all, self.asking_all.is_none());
            let some = self.some.first().map(|(at, _)| *at);
            let some = due(some, self.asking_some.is_none());
            let now = Instant::now();
            let late = due(self.late_at().filter(|at| *at > now), true);
            tokio::select! {
                answer = pending(&mut self.asking_all) => {
                    self.asking_all = None;
                    return Some(answer);
                }
                answer = pending(&mut self.asking_some) => {
                    self.asking_some = None;
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
        if self.asking_all.is_none() && self.all.take_if(|at| *at <= now).is_some() {
            self.asking_all = Some(self.ask(Scope::All));
        }
        if self.asking_some.is_none() {
            let due = self.some.extract_if(.., |(at, _)| *at <= now);
            let due: BTreeSet<_> = due.map(|(_, id)| id).collect();
            if !due.is_empty() {
                self.asking_some = Some(self.ask(Scope::Only(due)));
            }
        }
    }

    fn ask(&self, scope: Scope) -> Asking {
        let (api, own, asked) = (self.api.clone(), self.own, Instant::now());
        let answer = async move {
            let ids = match &scope {
                Scope::All => None,
                Scope::Only(ids) => Some(ids),
            };
            let body = api.list(ids).await;
            let result =
                body.and_then(|body| convert::list(&body, own).ok_or_else(|| api::not_json(LIST)));
            Answer {
                scope,
                asked,
                result,
            }
        };
        Asking {
            since: asked,
            answer: answer.boxed(),
        }
    }
}

async fn pending(asking: &mut Option<Asking>) -> Answer {
    match asking {
        Some(asking) => (&mut asking.answer).await,
        None => std::future::pending().await,
    }
}

/// The time to ask; never while nothing is wanted or may be asked.
async fn due(at: Option<Instant>, may_ask: bool) {
    match at.filter(|_| may_ask) {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
