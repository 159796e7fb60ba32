//! Polls the state while the socket does not work.

use super::http;
use crate::{client::link::PollOutcome, protocol::codec::Bundle};
use futures::{FutureExt, future::LocalBoxFuture};
use gloo_timers::future::TimeoutFuture;

/// Polling interval, the default interval of figures.
const INTERVAL_MS: u32 = 2_000;
/// Polling interval while a sign-in is required: there is no new data, and every poll is a request to the
/// sign-in service. The socket is retried meanwhile, and at once when the tab becomes visible.
const SIGNED_OUT_INTERVAL_MS: u32 = 10_000;
const URL: &str = "/api/snapshot?channels=metrics,containers,stats,events";

/// The current poll, if any.
#[derive(Default)]
pub(super) struct Poll {
    etag: Option<String>,
    asking: Option<LocalBoxFuture<'static, Answer>>,
}

/// The result of a poll.
pub(super) enum Answer {
    /// No valid answer.
    Silence,
    /// A sign-in is required, by the server or by a proxy in front of it.
    SignIn,
    /// No news.
    Unchanged,
    /// The news, and the entity tag for the next poll.
    News(Bundle, Option<String>),
}

impl Answer {
    pub(super) const fn outcome(&self) -> PollOutcome {
        match self {
            Self::Silence => PollOutcome::Silent,
            Self::SignIn => PollOutcome::SignIn,
            Self::Unchanged | Self::News(..) => PollOutcome::Answered,
        }
    }
}

impl Poll {
    /// Polls at once for news since `position`.
    pub(super) fn start(&mut self, position: &str) {
        self.asking = Some(ask(format!("{URL}{position}"), None).boxed_local());
    }

    /// Stops polling.
    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    /// Waits for the next result; forever while not polling.
    pub(super) async fn next(&mut self) -> Answer {
        match &mut self.asking {
            Some(asking) => asking.await,
            None => std::future::pending().await,
        }
    }

    /// Polls again after a pause, which depends on `outcome`, for news since `position`; with the new `etag`,
    /// or the previous one if there is none.
    pub(super) fn again(&mut self, position: &str, etag: Option<String>, outcome: PollOutcome) {
        let pause = match outcome {
            PollOutcome::SignIn => SIGNED_OUT_INTERVAL_MS,
            PollOutcome::Answered | PollOutcome::Silent => INTERVAL_MS,
        };
        self.etag = etag.or(self.etag.take());
        let (url, etag) = (format!("{URL}{position}"), self.etag.clone());
        let again = async move {
            TimeoutFuture::new(pause).await;
            ask(url, etag).await
        };
        self.asking = Some(again.boxed_local());
    }
}

async fn ask(url: String, etag: Option<String>) -> Answer {
    let Ok(answer) = http::get(&url, etag.as_deref()).await else {
        return Answer::Silence;
    };
    if http::wants_sign_in(&answer) {
        return Answer::SignIn;
    }
    if answer.status() == 304 {
        return Answer::Unchanged;
    }
    let etag = answer.headers().get("etag").ok().flatten();
    match http::value::<Bundle>(&answer).await {
        Some(mut bundle) if answer.ok() => {
            for frame in &mut bundle.frames {
                *frame = http::inflated(std::mem::take(frame))
                    .await
                    .unwrap_or_default();
            }
            Answer::News(bundle, etag)
        }
        _ => Answer::Silence,
    }
}
