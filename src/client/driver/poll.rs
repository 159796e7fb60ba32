//! Asking for the state again and again, while the socket does not get through.

use super::http;
use crate::{client::link::PollOutcome, protocol::codec::Bundle};
use futures::{FutureExt, future::LocalBoxFuture};
use gloo_timers::future::TimeoutFuture;

/// As often as new figures come.
const INTERVAL_MS: u32 = 2_000;
/// While a sign-in is wanted: nothing new can come, and every question is a request to the sign-in
/// service. A socket is tried beside it, at once when the tab comes back into sight.
const SIGNED_OUT_INTERVAL_MS: u32 = 10_000;
const URL: &str = "/api/snapshot?channels=metrics,containers,stats,events";

/// Polling, or not.
#[derive(Default)]
pub(super) struct Poll {
    etag: Option<String>,
    asking: Option<LocalBoxFuture<'static, Answer>>,
}

/// What came back.
pub(super) enum Answer {
    /// Nothing.
    Silence,
    /// A proxy in front of the server wants a sign-in.
    SignIn,
    /// Nothing is new.
    Unchanged,
    /// What is new, and a tag to ask with the next time.
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
    /// Asks at once what is new since `position`.
    pub(super) fn start(&mut self, position: &str) {
        self.asking = Some(ask(format!("{URL}{position}"), None).boxed_local());
    }

    /// Asks no longer.
    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    /// The next answer; never, while not polling.
    pub(super) async fn next(&mut self) -> Answer {
        match &mut self.asking {
            Some(asking) => asking.await,
            None => std::future::pending().await,
        }
    }

    /// Asks again a little after an answer, which was `outcome`, what is new since `position`; with
    /// the `etag` of the answer, or else the one before.
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
