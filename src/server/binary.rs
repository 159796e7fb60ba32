//! Responses and request bodies in the binary form, for clients that ask for it.

use crate::protocol::codec::{self, Wire};
use axum::{
    Json,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// The media type of the binary form.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static(codec::MEDIA_TYPE);

/// Whether the client that sent `headers` accepts the binary form.
pub fn is_accepted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| range.trim() == codec::MEDIA_TYPE)
}

/// Whether the request body is in the binary form.
pub fn is_sent(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE) == Some(&MEDIA_TYPE)
}

/// A response with `frame` as its body.
pub fn answer(frame: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, MEDIA_TYPE),
        (header::VARY, HeaderValue::from_static("accept")),
    ];
    (headers, frame).into_response()
}

/// `value` in the form that the client prefers.
pub fn either(headers: &HeaderMap, value: &(impl Wire + Serialize)) -> Response {
    if is_accepted(headers) {
        answer(codec::encode(value))
    } else {
        Json(value).into_response()
    }
}
