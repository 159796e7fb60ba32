//! Why a sign-in fails, in words for the log and the audit log.

use super::http::HttpError;
use crate::server::access::{AccessError, Name, secret::NoRandomness};
use openidconnect::{RequestTokenError, StandardErrorResponse, core::CoreErrorResponseType};
use std::{error::Error, io};
use thiserror::Error as ThisError;

/// Longest text of a provider in a message, in characters.
const MAX_TEXT: usize = 200;

/// Why a sign-in failed.
#[derive(Debug, ThisError)]
pub(super) enum OidcError {
    #[error("no such sign-in: it began more than ten minutes ago or before a restart, or is over")]
    UnknownState,
    #[error(
        "the browser did not send the cookie of this sign-in; open Deckwatch under the name in auth.oidc.redirect-url"
    )]
    OtherBrowser,
    #[error("too many sign-ins at the moment")]
    Busy,
    #[error("too many failed or simultaneous sign-ins from this address")]
    Blocked,
    #[error("the provider cannot be used: {0}")]
    Provider(String),
    #[error("the provider refused: {0}")]
    Refused(String),
    #[error("auth.oidc.client-secret-file: {0}")]
    Secret(io::Error),
    #[error("the provider did not accept the code: {0}")]
    Exchange(String),
    #[error("the ID token is not valid: {0}")]
    Token(String),
    #[error("the claims about the user were not read: {0}")]
    UserInfo(String),
    #[error("the user has no name here: {0}")]
    NoName(String),
    /// The provider has authenticated the user, who may not sign in here.
    #[error("{1}")]
    NotAdmitted(Name, String),
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl OidcError {
    /// Whether the client is to blame, rather than the provider or this server: a code that the provider does
    /// not accept, or a user who may not sign in. When the provider fails, its users must not be blocked.
    pub(super) const fn is_of_client(&self) -> bool {
        matches!(
            self,
            Self::Exchange(_) | Self::NoName(_) | Self::NotAdmitted(..)
        )
    }
}

impl From<NoRandomness> for OidcError {
    fn from(error: NoRandomness) -> Self {
        Self::Access(error.into())
    }
}

/// Why the provider did not exchange the code. Its answer may contain tokens, so it is not quoted.
pub(super) fn exchange(
    error: RequestTokenError<HttpError, StandardErrorResponse<CoreErrorResponseType>>,
) -> OidcError {
    match error {
        RequestTokenError::ServerResponse(error) => OidcError::Exchange(text(&error.to_string())),
        RequestTokenError::Request(error) => OidcError::Provider(reasons(&error)),
        RequestTokenError::Parse(error, _) => {
            OidcError::Exchange(format!("its answer is not understood at {}", error.path()))
        }
        RequestTokenError::Other(error) => OidcError::Exchange(text(&error)),
    }
}

/// An error with its causes, in one line.
pub(super) fn reasons(error: &dyn Error) -> String {
    let mut reasons = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        reasons.push(error.to_string());
        cause = error.source();
    }
    text(&reasons.join(": "))
}

/// A text of a provider or a client for a message: bounded, and without control characters.
pub(super) fn text(from: &str) -> String {
    let plain = from.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(MAX_TEXT).collect()
}
