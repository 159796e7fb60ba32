//! The id of a connection.

use std::fmt;
use tracing::Span;

/// Identifies one connection, to its client and in the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientId(u64);

impl ClientId {
    pub(super) fn new() -> Self {
        Self(fastrand::u64(..))
    }

    /// The span of the connection's log lines. Its level is the highest, because a filter that passes a
    /// line must pass its span as well.
    pub(super) fn span(self) -> Span {
        tracing::error_span!("socket", client = %self)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
