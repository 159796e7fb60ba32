//! The name of a connection.

use std::fmt;
use tracing::Span;

/// Names one connection, to its client and in the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientId(u64);

impl ClientId {
    pub(super) fn new() -> Self {
        Self(fastrand::u64(..))
    }

    /// The span of the connection's lines in the log. Its level is the highest, because a filter that
    /// lets a line through must let its span through as well.
    pub(super) fn span(self) -> Span {
        tracing::error_span!("socket", client = %self)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
