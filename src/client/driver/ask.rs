//! What a page asks the server for, beside the live state.

use super::{browser, http};
use crate::protocol::{ApiError, ErrorCode, codec::Wire};
use gloo_timers::future::TimeoutFuture;
use leptos::task::spawn_local_scoped_with_cancellation;
use std::time::Duration;

/// Between looks whether a hidden tab is in sight again.
const HIDDEN_MS: u32 = 500;

/// Asks for `url` and hands what came to `then`, unless its owner is gone by then.
pub fn ask<T: Wire + 'static>(url: String, then: impl FnOnce(Result<T, ApiError>) + 'static) {
    spawn_local_scoped_with_cancellation(async move { then(value(&url).await) });
}

/// Asks for `url` again and again, `every` after the last answer, while its owner lives and the tab is
/// in sight; the first time `after` that.
pub fn keep_asking<T: Wire + 'static>(
    url: String,
    after: Duration,
    every: Duration,
    then: impl Fn(Result<T, ApiError>) + 'static,
) {
    spawn_local_scoped_with_cancellation(async move {
        let mut wait = after;
        loop {
            TimeoutFuture::new(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX)).await;
            while browser::is_hidden() {
                TimeoutFuture::new(HIDDEN_MS).await;
            }
            then(value(&url).await);
            wait = every;
        }
    });
}

/// Asks for the text at `url`.
pub fn ask_text(url: String, then: impl FnOnce(Result<String, ApiError>) + 'static) {
    spawn_local_scoped_with_cancellation(async move {
        let text = async {
            let answer = http::get(&url, None).await.map_err(unreachable)?;
            if !http::is_done(&answer) {
                return Err(http::problem(&answer).await);
            }
            http::text(&answer).await.ok_or_else(nonsense)
        };
        then(text.await);
    });
}

async fn value<T: Wire>(url: &str) -> Result<T, ApiError> {
    let answer = http::get(url, None).await.map_err(unreachable)?;
    if !http::is_done(&answer) {
        return Err(http::problem(&answer).await);
    }
    http::value(&answer).await.ok_or_else(nonsense)
}

fn unreachable(_: wasm_bindgen::JsValue) -> ApiError {
    ApiError::new(ErrorCode::EngineUnavailable, "the server did not answer")
}

fn nonsense() -> ApiError {
    ApiError::new(ErrorCode::Internal, "the answer could not be read")
}
