//! The errors that are reported to clients.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The reason why a request was refused or has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The message or request is invalid.
    Invalid,
    /// The type of the message is unknown.
    UnknownType,
    /// The channel is unknown.
    UnknownChannel,
    /// The request id is in use for another request.
    DuplicateId,
    /// The request needs a sign-in.
    Unauthorized,
    /// The request is not allowed.
    Forbidden,
    /// There is no such container, or it must not be shown.
    NotFound,
    /// The state of the container, or another action, prevents it.
    Conflict,
    /// The container is protected from actions.
    Protected,
    /// Too many requests; try again later.
    RateLimited,
    /// Too many subscriptions of one connection.
    TooManySubscriptions,
    /// The engine is unreachable.
    EngineUnavailable,
    /// The server cannot store what it must.
    StorageUnavailable,
    /// The deadline was exceeded.
    Timeout,
    /// The server failed.
    Internal,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 15] = [
        Self::Invalid,
        Self::UnknownType,
        Self::UnknownChannel,
        Self::DuplicateId,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Protected,
        Self::RateLimited,
        Self::TooManySubscriptions,
        Self::EngineUnavailable,
        Self::StorageUnavailable,
        Self::Timeout,
        Self::Internal,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::UnknownType => "unknown_type",
            Self::UnknownChannel => "unknown_channel",
            Self::DuplicateId => "duplicate_id",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Protected => "protected",
            Self::RateLimited => "rate_limited",
            Self::TooManySubscriptions => "too_many_subscriptions",
            Self::EngineUnavailable => "engine_unavailable",
            Self::StorageUnavailable => "storage_unavailable",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
        }
    }
}

impl FromStr for ErrorCode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|code| code.as_str() == text)
            .ok_or(())
    }
}

/// An error as clients see it: a code for programs and a sentence for users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ApiError {
    /// The kind of error.
    pub code: ErrorCode,
    /// What happened, in one sentence for users.
    pub message: String,
}

impl ApiError {
    /// An error of kind `code` with a `message`.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// The error for an unknown container; the same for containers that are removed or hidden.
    pub fn no_such_container() -> Self {
        Self::new(ErrorCode::NotFound, "no such container")
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code.as_str())
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_known_by_its_name() {
        for code in ErrorCode::ALL {
            assert_eq!(code.as_str().parse(), Ok(code));
            assert_eq!(
                serde_json::to_string(&code).unwrap(),
                format!("\"{}\"", code.as_str())
            );
        }
        assert!("".parse::<ErrorCode>().is_err());
    }
}
