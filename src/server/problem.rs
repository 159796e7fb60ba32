//! API errors as HTTP responses: `application/problem+json` (RFC 9457).

use crate::protocol::{ApiError, ErrorCode, Problem};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::time::Duration;

/// The `Retry-After` of a rate-limited client, which has full seconds only: after one second twenty more
/// requests pass.
const RATE_LIMIT_RETRY: Duration = Duration::from_secs(1);

/// An API error with its HTTP status, as a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    error: ApiError,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// `error` with another status than its code implies.
    pub fn new(status: StatusCode, error: ApiError) -> Self {
        Self {
            status,
            error,
            retry_after: None,
        }
    }

    /// The HTTP status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// What happened, in one sentence for users.
    pub fn message(&self) -> &str {
        &self.error.message
    }

    /// The error without its status.
    pub fn into_error(self) -> ApiError {
        self.error
    }

    /// Sets the `Retry-After` header.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// An error for an invalid request: 400.
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
            ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,
            ErrorCode::Forbidden | ErrorCode::Protected => StatusCode::FORBIDDEN,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::Conflict => StatusCode::CONFLICT,
            ErrorCode::DuplicateId => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::RateLimited | ErrorCode::TooManySubscriptions => {
                StatusCode::TOO_MANY_REQUESTS
            }
            ErrorCode::EngineUnavailable | ErrorCode::StorageUnavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            ErrorCode::Timeout => StatusCode::GATEWAY_TIMEOUT,
            ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let is_rate_limited = error.code == ErrorCode::RateLimited;
        let mut refusal = Self::new(status, error);
        refusal.retry_after = is_rate_limited.then_some(RATE_LIMIT_RETRY);
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
