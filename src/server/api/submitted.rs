//! Request bodies in JSON, or from an HTML form where a page works without scripts.

use crate::server::problem::Refusal;
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::de::DeserializeOwned;

/// The media type of HTML forms.
const FORM: &str = "application/x-www-form-urlencoded";
/// Longest part of a parser's message that is sent: it may quote the body.
const MAX_MESSAGE: usize = 200;

/// The body of a request, and whether it is from an HTML form.
#[derive(Clone, Copy, Debug)]
pub struct Submitted<T> {
    pub(super) body: T,
    pub(super) is_form: bool,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Submitted<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let media_type = request.headers().get(header::CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok());
        let is_form = media_type.is_some_and(|text| {
            let text = text.split(';').next().unwrap_or_default();
            text.trim().eq_ignore_ascii_case(FORM)
        });
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|error| Refusal::invalid(error.body_text()))?;
        let body = match is_form {
            true => serde_urlencoded::from_bytes(&bytes).map_err(|error| error.to_string()),
            // An empty body has no fields.
            false if bytes.is_empty() => {
                serde_json::from_slice(b"{}").map_err(|error| error.to_string())
            }
            false => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
        };
        let body = body.map_err(|message| {
            Refusal::invalid(message.chars().take(MAX_MESSAGE).collect::<String>())
        })?;
        Ok(Self { body, is_form })
    }
}

/// Sends the browser from a form to the page at `path`, below the base path.
pub(super) fn see_other(base: &str, path: &str) -> Response {
    Redirect::to(&format!("{base}{path}")).into_response()
}

/// The status of an answer to a script, or a redirection of a form to `path`.
pub(super) fn done(is_form: bool, base: &str, path: &str, status: StatusCode) -> Response {
    match is_form {
        true => see_other(base, path),
        false => status.into_response(),
    }
}
