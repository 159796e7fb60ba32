//! Which requests were made lately, so that a repeated one is not done twice.

use crate::protocol::{ApiError, ContainerAction, ErrorCode};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use std::{collections::HashMap, fmt, time::Duration};
use tokio::{task::JoinHandle, time::Instant};

/// How long the answer to a request is remembered.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Requests remembered at most: 68 a second for a minute, more than an engine could do. Beyond that
/// new ones are refused, because forgetting one could mean doing it twice.
const MAX_REQUESTS: usize = 4_096;

/// What became, or will become, of an action.
pub(super) type Answer = Shared<BoxFuture<'static, Result<(), ApiError>>>;

/// The requests of the last minute.
#[derive(Default)]
pub(super) struct Requests {
    by_id: HashMap<String, Request>,
}

struct Request {
    content: ContainerAction,
    begun: Instant,
    answer: Answer,
}

impl Requests {
    /// The answer to `request`: of the work that `start` begins, or of the same request's before.
    pub(super) fn begin(
        &mut self,
        request: &ContainerAction,
        start: impl FnOnce() -> JoinHandle<Result<(), ApiError>>,
    ) -> Result<Answer, ApiError> {
        // Whoever asked may have left: without somebody to await it an answer would never be there.
        let is_done = |known: &Request| known.answer.clone().now_or_never().is_some();
        self.by_id
            .retain(|_, known| known.begun.elapsed() < REMEMBERED || !is_done(known));
        if let Some(known) = self.by_id.get(&request.request_id) {
            return if known.content == *request {
                Ok(known.answer.clone())
            } else {
                Err(ApiError::new(
                    ErrorCode::DuplicateId,
                    "that requestId was just used for another action",
                ))
            };
        }
        if self.by_id.len() >= MAX_REQUESTS {
            return Err(ApiError::new(
                ErrorCode::RateLimited,
                "too many actions in the last minute",
            ));
        }
        let work = start();
        let answer = async move {
            work.await.unwrap_or_else(|error| {
                tracing::error!(%error, "an action broke off");
                Err(ApiError::new(ErrorCode::Internal, "the action broke off"))
            })
        };
        let request = Request {
            content: request.clone(),
            begun: Instant::now(),
            answer: answer.boxed().shared(),
        };
        let answer = request.answer.clone();
        self.by_id
            .insert(request.content.request_id.clone(), request);
        Ok(answer)
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_id.keys()).finish()
    }
}
