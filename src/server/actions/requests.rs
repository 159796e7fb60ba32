//! Remembers recent requests, so that a repeated one is not executed twice.

use super::{By, Client};
use crate::protocol::{ApiError, ContainerAction, ErrorCode};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    time::Duration,
};
use tokio::{
    task::{JoinHandle, coop::unconstrained},
    time::Instant,
};

/// How long the answer to a request is remembered.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Most remembered requests: a thousand per second for a minute. Only requests that reached an engine are
/// remembered, and no engine executes more. Above this number, clients that hold many are refused, because
/// a forgotten request could be executed twice.
const MAX_REQUESTS: usize = 65_536;
/// Requests that each client may always have remembered, regardless of other clients: a bulk action on a
/// large project.
const OWN_REQUESTS: usize = 64;

/// The result of an action, now or later.
pub(super) type Answer = Shared<BoxFuture<'static, Result<(), ApiError>>>;

/// The requests of the last minute.
///
/// The same action under the same id is the same request, from any connection or address: a client that
/// lost its connection repeats it on another one, and it must not be executed twice. The same id for
/// another action is another request, unless it comes from the same client; so an id of one client cannot
/// block another client's.
#[derive(Default)]
pub(super) struct Requests {
    by_id: HashMap<String, Vec<Request>>,
    /// Start time, id and number of each request, oldest first.
    order: VecDeque<(Instant, String, u64)>,
    /// The number of remembered requests per client; clients without any are absent.
    held: HashMap<Client, usize>,
    begun: u64,
}

struct Request {
    number: u64,
    by: Client,
    /// The principal. Only the same principal is answered by the same action.
    who: String,
    content: ContainerAction,
    answer: Answer,
}

impl Requests {
    /// The answer to `request` of the client `by` if it was made before, or an error if its id was used
    /// for another action.
    pub(super) fn known(
        &mut self,
        by: &By,
        request: &ContainerAction,
    ) -> Option<Result<Answer, ApiError>> {
        self.forget_old();
        let same_id = self.by_id.get(&request.request_id)?;
        let is_same = |known: &&Request| known.content == *request && known.who == by.actor.who;
        if let Some(known) = same_id.iter().find(is_same) {
            return Some(Ok(known.answer.clone()));
        }
        let is_own = same_id.iter().any(|known| known.by == by.client);
        is_own.then(|| {
            Err(ApiError::new(
                ErrorCode::DuplicateId,
                "that requestId was just used for another action",
            ))
        })
    }

    /// Checks that one more request of `by` can be remembered.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(super) fn room_for(&self, by: Client) -> Result<(), ApiError> {
        let held = self.held.get(&by).copied().unwrap_or_default();
        if self.order.len() >= MAX_REQUESTS && held >= OWN_REQUESTS {
            return Err(ApiError::new(
                ErrorCode::RateLimited,
                "too many actions in the last minute",
            ));
        }
        Ok(())
    }

    /// Remembers `request` of `by`, which the task `work` executes. Returns its answer.
    pub(super) fn remember(
        &mut self,
        by: &By,
        request: &ContainerAction,
        work: JoinHandle<Result<(), ApiError>>,
    ) -> Answer {
        let answer = async move {
            work.await.unwrap_or_else(|error| {
                tracing::error!(%error, "an action broke off");
                Err(ApiError::new(ErrorCode::Internal, "the action broke off"))
            })
        };
        let answer = answer.boxed().shared();
        let (id, number) = (request.request_id.clone(), self.begun);
        self.begun += 1;
        self.order.push_back((Instant::now(), id.clone(), number));
        *self.held.entry(by.client).or_default() += 1;
        self.by_id.entry(id).or_default().push(Request {
            number,
            by: by.client,
            who: by.actor.who.clone(),
            content: request.clone(),
            answer: answer.clone(),
        });
        answer
    }

    fn forget_old(&mut self) {
        let is_old = |(begun, ..): &mut (Instant, String, u64)| begun.elapsed() >= REMEMBERED;
        while let Some((_, id, number)) = self.order.pop_front_if(is_old) {
            let Some(same_id) = self.by_id.get_mut(&id) else {
                continue;
            };
            let Some(at) = same_id.iter().position(|known| known.number == number) else {
                continue;
            };
            // Polled here, because after the client has left no task awaits the answer, and unconstrained,
            // because the cooperative budget of this task may be used up by earlier polls.
            let is_done =
                |known: &Request| unconstrained(known.answer.clone()).now_or_never().is_some();
            if same_id.get(at).is_some_and(|known| !is_done(known)) {
                self.order.push_back((Instant::now(), id, number));
                continue;
            }
            let by = same_id.swap_remove(at).by;
            if same_id.is_empty() {
                self.by_id.remove(&id);
            }
            if let Some(held) = self.held.get_mut(&by) {
                *held -= 1;
                if *held == 0 {
                    self.held.remove(&by);
                }
            }
        }
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_id.keys()).finish()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test has no shutdown")]
mod tests {
    use super::*;
    use crate::{
        model::{Action, ActionOptions, ContainerId},
        server::{
            access::Actor,
            find::Directory,
            hub::{Audience, Hub},
        },
    };
    use std::collections::BTreeMap;

    fn by(client: Client, who: &str) -> By {
        By {
            client,
            actor: Actor {
                who: who.to_owned(),
                from: None,
            },
            directory: Directory::new(Hub::new(1).viewer(Audience::Unrestricted), BTreeMap::new()),
        }
    }

    fn request(n: usize) -> ContainerAction {
        ContainerAction {
            request_id: n.to_string(),
            container_id: ContainerId::from_bytes([1; 32]).into(),
            action: Action::Stop,
            host: None,
            options: ActionOptions::default(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_acts_without_end_does_not_keep_another_from_acting() {
        let mut requests = Requests::default();
        let (greedy, other) = (Client::Socket(1), Client::Socket(2));
        let (greedy_by, other_by) = (by(greedy, "anyone"), by(other, "anyone"));
        for n in 0..MAX_REQUESTS {
            requests.room_for(greedy).unwrap();
            drop(requests.remember(&greedy_by, &request(n), tokio::spawn(async { Ok(()) })));
        }
        assert!(requests.room_for(greedy).is_err());
        for n in 0..OWN_REQUESTS {
            requests.room_for(other).unwrap();
            let n = MAX_REQUESTS + n;
            drop(requests.remember(&other_by, &request(n), tokio::spawn(async { Ok(()) })));
        }
        assert!(requests.room_for(other).is_err(), "memory is bounded");
        let last = request(MAX_REQUESTS + OWN_REQUESTS - 1);
        let answer = requests.known(&other_by, &last).unwrap().unwrap();
        // Earlier tasks run first.
        answer.await.unwrap();
        tokio::time::advance(REMEMBERED).await;
        assert!(requests.known(&greedy_by, &request(0)).is_none());
        requests.room_for(greedy).unwrap();
        assert!(requests.by_id.is_empty() && requests.held.is_empty());
    }

    #[tokio::test]
    async fn only_the_same_principal_is_answered_by_the_same_action() {
        let mut requests = Requests::default();
        let ana = by(Client::Socket(1), "ana");
        drop(requests.remember(&ana, &request(1), tokio::spawn(async { Ok(()) })));
        let again = by(Client::Socket(2), "ana");
        assert!(requests.known(&again, &request(1)).is_some());
        let ben = by(Client::Socket(3), "ben");
        assert!(requests.known(&ben, &request(1)).is_none());
    }
}
