//! What a peer may learn of a failure.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Why something was refused or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The message or request could not be understood.
    Invalid,
    /// No message has that type.
    UnknownType,
    /// No channel has that name.
    UnknownChannel,
    /// That request id is in use for another request.
    DuplicateId,
    /// Not allowed.
    Forbidden,
    /// No such container, or none that may be seen.
    NotFound,
    /// The container's state or another action stands against it.
    Conflict,
    /// The container is protected from actions.
    Protected,
    /// Too many requests; try again later.
    RateLimited,
    /// Too many subscriptions on one connection.
    TooManySubscriptions,
    /// The engine cannot be reached.
    EngineUnavailable,
    /// It took longer than its deadline.
    Timeout,
    /// The server failed.
    Internal,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 13] = [
        Self::Invalid,
        Self::UnknownType,
        Self::UnknownChannel,
        Self::DuplicateId,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Protected,
        Self::RateLimited,
        Self::TooManySubscriptions,
        Self::EngineUnavailable,
        Self::Timeout,
        Self::Internal,
    ];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::UnknownType => "unknown_type",
            Self::UnknownChannel => "unknown_channel",
            Self::DuplicateId => "duplicate_id",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Protected => "protected",
            Self::RateLimited => "rate_limited",
            Self::TooManySubscriptions => "too_many_subscriptions",
            Self::EngineUnavailable => "engine_unavailable",
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

/// A failure as a peer sees it: a code to act on and a sentence to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ApiError {
    /// What kind of failure.
    pub code: ErrorCode,
    /// What happened, in one sentence for people.
    pub message: String,
}

impl ApiError {
    /// A failure of kind `code`, explained by `message`.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// No such container. The same words whether it never was, is gone or is hidden.
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
