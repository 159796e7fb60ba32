//! Requests data that is not part of the live state.

use super::{browser, http};
use crate::protocol::{ApiError, ErrorCode, codec::Wire};
use gloo_timers::future::TimeoutFuture;
use leptos::task::spawn_local_scoped_with_cancellation;
use std::time::Duration;

/// Interval at which a hidden tab checks whether it is visible again.
const HIDDEN_MS: u32 = 500;

/// Requests `url` and calls `then` with the result, unless its owner no longer exists.
pub fn ask<T: Wire + 'static>(url: String, then: impl FnOnce(Result<T, ApiError>) + 'static) {
    spawn_local_scoped_with_cancellation(async move { then(value(&url).await) });
}

/// Requests `url` after `after`, and then repeatedly `every` after the last response, while its owner exists
/// and the tab is visible.
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

/// Requests the text at `url`.
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

pub(super) fn unreachable(_: wasm_bindgen::JsValue) -> ApiError {
    ApiError::new(ErrorCode::EngineUnavailable, "the server did not answer")
}

pub(super) fn nonsense() -> ApiError {
    ApiError::new(ErrorCode::Internal, "the answer could not be read")
}
