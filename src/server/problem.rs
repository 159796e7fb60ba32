//! Errors as HTTP answers.

use crate::protocol::{ApiError, ErrorCode, Problem};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::time::Duration;

/// When a client that asked too fast may ask again, to the second: after it, twenty more requests pass.
const SLOW_DOWN: Duration = Duration::from_secs(1);

/// An error as an answer: `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    error: ApiError,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// `error` with a status of its own.
    pub fn new(status: StatusCode, error: ApiError) -> Self {
        Self {
            status,
            error,
            retry_after: None,
        }
    }

    /// The status of the answer.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Tells when another try makes sense.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The request makes no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        ApiError::new(ErrorCode::Invalid, message).into()
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        let status = match error.code {
            ErrorCode::Invalid | ErrorCode::UnknownType | ErrorCode::UnknownChannel => {
                StatusCode::BAD_REQUEST
            }
            ErrorCode::Forbidden | ErrorCode::Protected => StatusCode::FORBIDDEN,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::Conflict => StatusCode::CONFLICT,
            ErrorCode::DuplicateId => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::RateLimited | ErrorCode::TooManySubscriptions => {
                StatusCode::TOO_MANY_REQUESTS
            }
            ErrorCode::EngineUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::Timeout => StatusCode::GATEWAY_TIMEOUT,
            ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let is_too_fast = error.code == ErrorCode::RateLimited;
        let mut refusal = Self::new(status, error);
        refusal.retry_after = is_too_fast.then_some(SLOW_DOWN);
        refusal
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = Problem {
            status: self.status.as_u16(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            detail: self.error.message,
            code: self.error.code,
        };
        let body = serde_json::to_string(&problem).unwrap_or_default();
        let mut response = (
            self.status,
            [
                (header::CONTENT_TYPE, "application/problem+json"),
                (header::CACHE_CONTROL, "no-store"),
            ],
            body,
        )
            .into_response();
        if let Some(wait) = self.retry_after {
            let seconds = HeaderValue::from(wait.as_secs().max(1));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}
