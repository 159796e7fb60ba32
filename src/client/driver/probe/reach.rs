//! Plain requests: whether the server answers, polling, and whether it takes the page for its own.

use super::{
    super::{browser, http},
    Notes, PATIENCE_MS, line, none_opened, since, within,
};
use crate::{client::diagnosis::PollTrial, client::diagnosis::ReachTrial, model::Probe};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// Polls that are tried, for as long as events are.
const POLLS: u32 = 3;
/// As the pages poll.
const POLL_INTERVAL_MS: u32 = 2_000;
/// What is polled: every channel.
const SNAPSHOT: &str = "/api/snapshot?channels=metrics,containers,stats,events";

/// Whether the server answers, and which.
pub(super) async fn reach(notes: Notes) {
    notes.note(|observed| observed.reach = Some(ReachTrial::default()));
    let began = browser::now_ms();
    let answer = within(PATIENCE_MS, http::get(Probe::Reach.path(), None)).await;
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
    notes.note(|observed| {
        trial.origin_status = observed
            .reach
            .as_ref()
            .and_then(|reach| reach.origin_status);
        observed.reach = Some(trial);
    });
}

/// The version in the status of our server.
async fn version(answer: &Response) -> Option<String> {
    let body = JsFuture::from(answer.json().ok()?).await.ok()?;
    line::field(&body, "uptimeSeconds")?;
    line::field(&body, "version")
}

/// When no socket opens: whether the server takes the page for its own. Only requests that could
/// change something say where they are from; this one could not, and is refused by method.
pub(super) async fn origin(notes: Notes) {
    if notes.reads(none_opened) != Some(true) {
        return;
    }
    let answer = within(PATIENCE_MS, http::post(Probe::Reach.path(), "", &false)).await;
    if let Some(Ok(answer)) = answer {
        let status = answer.status();
        notes.note(|observed| {
            observed.reach.get_or_insert_default().origin_status = Some(status);
        });
    }
}

/// Asks as the pages do when they poll.
pub(super) async fn polling(notes: Notes) {
    let mut trial = PollTrial::default();
    notes.note(|observed| observed.polling = Some(trial.clone()));
    let mut etag = None;
    for n in 0..POLLS {
        if n > 0 {
            TimeoutFuture::new(POLL_INTERVAL_MS).await;
        }
        let began = browser::now_ms();
        let answer = within(PATIENCE_MS, http::get(SNAPSHOT, etag.as_deref())).await;
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
        notes.note(|observed| observed.polling = Some(trial.clone()));
    }
    trial.ended = true;
    notes.note(|observed| observed.polling = Some(trial));
}
