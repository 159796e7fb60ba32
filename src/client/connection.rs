//! How the page hears from the server.

use crate::model::Timestamp;

/// How the page hears from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// For the first time, and not for long.
    #[default]
    Connecting,
    /// Over the socket.
    Live,
    /// Not at present; trying again.
    Reconnecting {
        /// How many tries have failed.
        attempt: u32,
        /// When the next one comes; absent while one is under way.
        next_try: Option<Timestamp>,
    },
    /// By asking again and again, while the socket is being tried.
    Polling,
    /// Not at all: neither socket nor polling gets through.
    Offline,
    /// Not until somebody signs in.
    SignedOut,
    /// Not until the page is of the server's version.
    Outdated,
}

impl Connection {
    /// Whether what the page shows keeps up with the server. At first it does: the HTML has just come.
    pub const fn is_connected(self) -> bool {
        matches!(self, Self::Connecting | Self::Live | Self::Polling)
    }
}
