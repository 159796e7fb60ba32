//! Responses of the API server, in its words.

use super::kinds::Kind;
use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt, stream};
use hyper::StatusCode;
use serde_json::{Value, json};
use std::io;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

pub(super) fn json_body(body: &Value) -> Response {
    (JSON, body.to_string()).into_response()
}

/// Text as the API server sends it, with a status.
pub(super) fn text(status: u16, text: &str) -> Response {
    (StatusCode::from_u16(status).unwrap(), text.to_owned()).into_response()
}

/// The response to a path that is not served.
pub(super) fn not_found_page() -> Response {
    text(404, "404 page not found\n")
}

/// A `Status` that reports a failure.
pub(super) fn status(code: u16, reason: &str, message: &str, details: Option<Value>) -> Value {
    let mut status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    if let Some(details) = details {
        status["details"] = details;
    }
    status
}

/// The response with a `Status`, under its code.
pub(super) fn failure(status: &Value) -> Response {
    let code = u16::try_from(status["code"].as_u64().unwrap()).unwrap();
    let code = StatusCode::from_u16(code).unwrap();
    (code, JSON, status.to_string()).into_response()
}

pub(super) fn bad_request(message: &str) -> Response {
    failure(&status(400, "BadRequest", message, None))
}

pub(super) fn unauthorized() -> Response {
    failure(&status(401, "Unauthorized", "Unauthorized", None))
}

pub(super) fn not_found(kind: &Kind, name: &str) -> Response {
    let message = format!("{} \"{name}\" not found", kind.qualified());
    failure(&status(
        404,
        "NotFound",
        &message,
        Some(details(kind, name)),
    ))
}

pub(super) fn conflict(kind: &Kind, name: &str) -> Response {
    let message = format!(
        "Operation cannot be fulfilled on {} \"{name}\": the object has been modified; please apply \
         your changes to the latest version and try again",
        kind.qualified()
    );
    failure(&status(
        409,
        "Conflict",
        &message,
        Some(details(kind, name)),
    ))
}

/// The response to a media type or a method that a route does not support.
pub(super) fn unsupported(code: u16, reason: &str, message: &str) -> Response {
    failure(&status(code, reason, message, Some(json!({}))))
}

/// A failure of the server itself, with any status.
pub(super) fn broken(code: u16) -> Response {
    let (reason, message) = match code {
        401 => return unauthorized(),
        410 => return failure(&expired(1, 2)),
        403 => ("Forbidden", "forbidden: not allowed"),
        503 => (
            "ServiceUnavailable",
            "the server is currently unable to handle the request",
        ),
        _ => (
            "InternalError",
            "Internal error occurred: etcdserver: request timed out",
        ),
    };
    failure(&status(code, reason, message, None))
}

/// The response of a server with too many requests, which may be repeated after `seconds`.
pub(super) fn throttled(seconds: u32) -> Response {
    let words = "Too many requests, please try again later.\n";
    let after = [("retry-after", seconds.to_string())];
    (StatusCode::TOO_MANY_REQUESTS, after, words).into_response()
}

/// The `Status` for a resource version of which the server has no changes any more.
pub(super) fn expired(asked: u64, oldest: u64) -> Value {
    let message = format!("too old resource version: {asked} ({oldest})");
    status(410, "Expired", &message, None)
}

/// What a `Status` says about the object that a request was about.
pub(super) fn details(kind: &Kind, name: &str) -> Value {
    let mut details = json!({ "kind": kind.plural });
    if !kind.group.is_empty() {
        details["group"] = json!(kind.group);
    }
    if !name.is_empty() {
        details["name"] = json!(name);
    }
    details
}

/// A response in pieces as they become available, each in chunks of at most `size` bytes.
pub(super) fn streamed(
    content_type: &'static str,
    size: usize,
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Response {
    let chunks = pieces.flat_map(move |piece| {
        let chunks: Vec<io::Result<Bytes>> = match piece {
            Ok(piece) => {
                let starts = (0..piece.len()).step_by(size);
                let chunk = |at: usize| piece.slice(at..piece.len().min(at.saturating_add(size)));
                starts.map(|at| Ok(chunk(at))).collect()
            }
            Err(error) => vec![Err(error)],
        };
        stream::iter(chunks)
    });
    ([("content-type", content_type)], Body::from_stream(chunks)).into_response()
}
