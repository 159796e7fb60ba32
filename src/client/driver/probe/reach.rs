//! Probes by plain requests: whether the server answers, polling, and whether it accepts the page's origin.

use super::{
    super::{browser, http},
    Recorder, TIMEOUT_MS, line, none_opened, since, within,
};
use crate::{client::diagnosis::PollTrial, client::diagnosis::ReachTrial, model::Probe};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// Number of polls, which take as long as the probe of events.
const POLLS: u32 = 3;
/// The polling interval of the pages.
const POLL_INTERVAL_MS: u32 = 2_000;
/// The polled resource, with every channel.
const SNAPSHOT: &str = "/api/snapshot?channels=metrics,containers,stats,events";

/// Records whether the server answers, and its version.
pub(super) async fn reach(recorder: Recorder) {
    recorder.record(|observed| observed.reach = Some(ReachTrial::default()));
    let began = browser::now_ms();
    let answer = within(TIMEOUT_MS, http::get(Probe::Reach.path(), None)).await;
    let mut trial = ReachTrial {
        ms: since(began),
        ..ReachTrial::default()
    };
    if let Some(Ok(answer)) = answer {
        trial.status = Some(answer.status());
        trial.wants_sign_in = http::wants_sign_in(&answer);
        let kind = answer.headers().get("content-type").ok().flatten();
        trial.is_ours = kind.is_some_and(|kind| kind.starts_with("application/problem+json"));
        trial.version = version(&answer).await;
    }
    trial.ended = true;
    recorder.record(|observed| {
        trial.origin_status = observed
            .reach
            .as_ref()
            .and_then(|reach| reach.origin_status);
        observed.reach = Some(trial);
    });
}

/// The version in the status of a Deckwatch server.
async fn version(answer: &Response) -> Option<String> {
    let body = JsFuture::from(answer.json().ok()?).await.ok()?;
    line::field(&body, "uptimeSeconds")?;
    line::field(&body, "version")
}

/// If no socket opens: records whether the server accepts the page's origin. Browsers send the origin only
/// with requests that could change something; this one is refused because of its method.
pub(super) async fn origin(recorder: Recorder) {
    if recorder.reads(none_opened) != Some(true) {
        return;
    }
    let answer = within(TIMEOUT_MS, http::post(Probe::Reach.path(), "", &false)).await;
    if let Some(Ok(answer)) = answer {
        let status = answer.status();
        recorder.record(|observed| {
            observed.reach.get_or_insert_default().origin_status = Some(status);
        });
    }
}

/// Polls as the pages do.
pub(super) async fn polling(recorder: Recorder) {
    let mut trial = PollTrial::default();
    recorder.record(|observed| observed.polling = Some(trial.clone()));
    let mut etag = None;
    for n in 0..POLLS {
        if n > 0 {
            TimeoutFuture::new(POLL_INTERVAL_MS).await;
        }
        let began = browser::now_ms();
        let answer = within(TIMEOUT_MS, http::get(SNAPSHOT, etag.as_deref())).await;
        let answer = answer.and_then(Result::ok);
        trial.status = answer.as_ref().map(Response::status);
        if let Some(answer) = answer {
            etag = answer.headers().get("etag").ok().flatten();
            trial.bytes += http::bytes(&answer)
                .await
                .map_or(0, |body| body.len() as u64);
            trial.answers += 1;
        }
        trial.slowest_ms = trial.slowest_ms.max(since(began));
        recorder.record(|observed| observed.polling = Some(trial.clone()));
    }
    trial.ended = true;
    recorder.record(|observed| observed.polling = Some(trial));
}
