//! Asking for the state again and again, while the socket does not get through.

use crate::protocol::{ServerMessage, Snapshot};
use futures::{FutureExt, future::LocalBoxFuture};
use gloo_net::http::Request;
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

/// `None` when nothing came back; no messages when nothing is new.
type Answer = Option<(Vec<ServerMessage>, Option<String>)>;

impl Poll {
    /// Asks at once, then every two seconds.
    pub(super) fn start(&mut self) {
        self.asking = Some(ask(None).boxed_local());
    }

    /// Asks no longer.
    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    /// The next answer; never, while not polling.
    pub(super) async fn next(&mut self) -> Option<Vec<ServerMessage>> {
        let Some(asking) = &mut self.asking else {
            return std::future::pending().await;
        };
        let answer = asking.await;
        let (messages, etag) = answer.unzip();
        self.etag = etag.flatten().or(self.etag.take());
        let etag = self.etag.clone();
        self.asking = Some(
            async move {
                TimeoutFuture::new(INTERVAL_MS).await;
                ask(etag).await
            }
            .boxed_local(),
        );
        messages
    }
}

async fn ask(etag: Option<String>) -> Answer {
    let mut request = Request::get(URL);
    if let Some(etag) = &etag {
        request = request.header("If-None-Match", etag);
    }
    let response = request.send().await.ok()?;
    if response.status() == 304 {
        return Some((Vec::new(), None));
    }
    let etag = response.headers().get("etag");
    let snapshot: Snapshot = response.ok().then_some(response)?.json().await.ok()?;
    Some((snapshot.messages, etag))
}
