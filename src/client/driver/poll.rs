//! Asking for the state again and again, while the socket does not get through.

use super::http;
use crate::protocol::codec::Bundle;
use futures::{FutureExt, future::LocalBoxFuture};
use gloo_timers::future::TimeoutFuture;

/// As often as new figures come.
const INTERVAL_MS: u32 = 2_000;
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
    /// Nothing is new.
    Unchanged,
    /// What is new, and a tag to ask with the next time.
    News(Bundle, Option<String>),
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

    /// Asks again in two seconds, after an answer, what is new since `position`; with the `etag` of
    /// the answer, or else the one before.
    pub(super) fn again(&mut self, position: &str, etag: Option<String>) {
        self.etag = etag.or(self.etag.take());
        let (url, etag) = (format!("{URL}{position}"), self.etag.clone());
        let again = async move {
            TimeoutFuture::new(INTERVAL_MS).await;
            ask(url, etag).await
        };
        self.asking = Some(again.boxed_local());
    }
}

async fn ask(url: String, etag: Option<String>) -> Answer {
    let Ok(answer) = http::get(&url, etag.as_deref()).await else {
        return Answer::Silence;
    };
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
