//! Sends changes other than actions on workloads.

use super::{
    ask::{nonsense, unreachable},
    http,
};
use crate::{
    client::Change,
    protocol::{ApiError, codec::Wire},
};
use leptos::task::spawn_local_scoped_with_cancellation;
use web_sys::Response;

/// Sends `change` and calls `then` when the server has accepted or refused it, unless its owner no longer
/// exists.
pub fn change(change: Change, then: impl FnOnce(Result<(), ApiError>) + 'static) {
    spawn_local_scoped_with_cancellation(async move { then(sent(&change).await.map(drop)) });
}

/// Sends `change` and calls `then` with the response, unless its owner no longer exists.
pub fn change_for<T: Wire + 'static>(
    change: Change,
    then: impl FnOnce(Result<T, ApiError>) + 'static,
) {
    spawn_local_scoped_with_cancellation(async move {
        let answer = async {
            let answer = sent(&change).await?;
            http::value(&answer).await.ok_or_else(nonsense)
        };
        then(answer.await);
    });
}

/// Sends `change` and calls `then` with the text of the response, unless its owner no longer exists.
pub fn change_for_text(change: Change, then: impl FnOnce(Result<String, ApiError>) + 'static) {
    spawn_local_scoped_with_cancellation(async move {
        let answer = async {
            let answer = sent(&change).await?;
            http::text(&answer).await.ok_or_else(nonsense)
        };
        then(answer.await);
    });
}

async fn sent(change: &Change) -> Result<Response, ApiError> {
    let Change { method, path, body } = change;
    let answer = http::send(method, path, body.as_deref()).await;
    let answer = answer.map_err(unreachable)?;
    if http::is_done(&answer) {
        Ok(answer)
    } else {
        Err(http::problem(&answer).await)
    }
}
