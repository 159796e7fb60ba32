//! Responses as bytes, with which a test replaces the correct ones of a route.

use super::world::Shared;
use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use hyper::StatusCode;
use serde_json::Value;
use std::{convert::Infallible, fmt, sync::Arc};

type Edit = dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync;

/// A response that replaces the correct one.
#[derive(Clone)]
pub(crate) enum Raw {
    /// 200 with these bytes.
    Body(Vec<u8>),
    /// 200 with the first bytes, then the second ones for as long as the client reads.
    Endless(Vec<u8>, Vec<u8>),
    /// No response until the route answers correctly again; then the correct one.
    Hanging,
    /// No response, not even after the route answers correctly again.
    Lost,
    /// This status with this text as it is.
    Status(u16, String),
    /// The correct response, changed.
    Edited(Arc<Edit>),
}

impl Raw {
    /// The correct JSON, changed by `edit`.
    pub(crate) fn json(edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::Edited(Arc::new(move |body| {
            let mut value = serde_json::from_slice(&body).unwrap();
            edit(&mut value);
            value.to_string().into_bytes()
        }))
    }

    /// The correct text, changed by `edit`: for JSON that `serde_json` cannot represent, such as `1e999`.
    pub(crate) fn text(edit: impl Fn(String) -> String + Send + Sync + 'static) -> Self {
        Self::Edited(Arc::new(move |body| {
            edit(String::from_utf8(body).unwrap()).into_bytes()
        }))
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Body(_) => "Body",
            Self::Endless(..) => "Endless",
            Self::Hanging => "Hanging",
            Self::Lost => "Lost",
            Self::Status(..) => "Status",
            Self::Edited(_) => "Edited",
        })
    }
}

/// The response to `request` instead of `truth`. The longest matching route applies.
pub(super) async fn answer(
    shared: &Arc<Shared>,
    request: &str,
    truth: impl Future<Output = Response>,
) -> Response {
    let mut changes = shared.raw.subscribe();
    let find = |raw: &Vec<(String, Raw)>| {
        let is_it = |route: &str| match route.strip_suffix('$') {
            Some(whole) => request == whole,
            None => request.starts_with(route),
        };
        let routes = raw.iter().filter(|(route, _)| is_it(route));
        let longest = routes.max_by_key(|(route, _)| route.len());
        longest.map(|(_, raw)| raw.clone())
    };
    let raw = find(&changes.borrow_and_update());
    match raw {
        None => truth.await,
        Some(Raw::Body(body)) => super::api::ok(body),
        Some(Raw::Endless(start, piece)) => endless(Arc::clone(shared), start, piece),
        Some(Raw::Hanging) => {
            let is_over = |raw: &Vec<(String, Raw)>| !matches!(find(raw), Some(Raw::Hanging));
            let _ = changes.wait_for(is_over).await;
            truth.await
        }
        Some(Raw::Lost) => std::future::pending().await,
        Some(Raw::Status(status, words)) => {
            (StatusCode::from_u16(status).unwrap(), words).into_response()
        }
        Some(Raw::Edited(edit)) => {
            let body = axum::body::to_bytes(truth.await.into_body(), usize::MAX).await;
            super::api::ok(edit(body.unwrap_or_default().to_vec()))
        }
    }
}

/// Counts the bytes that are sent.
fn endless(shared: Arc<Shared>, start: Vec<u8>, piece: Vec<u8>) -> Response {
    let mut sent = 0;
    let pieces = stream::once(async { Bytes::from(start) });
    let pieces = pieces.chain(stream::repeat(Bytes::from(piece)));
    let counted = pieces.map(move |piece| {
        sent += piece.len();
        let mut world = shared.world();
        world.most_sent = world.most_sent.max(sent);
        Ok::<_, Infallible>(piece)
    });
    Body::from_stream(counted).into_response()
}
