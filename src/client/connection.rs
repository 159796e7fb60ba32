//! The state of the page's connection to the server.

use crate::model::Timestamp;

/// The state of the page's connection to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// The first connection is being opened.
    #[default]
    Connecting,
    /// Connected over the socket.
    Live,
    /// Disconnected; retrying.
    Reconnecting {
        /// Number of failed attempts.
        attempt: u32,
        /// When the next attempt begins; absent while one is in progress.
        next_try: Option<Timestamp>,
    },
    /// Connected by polling, while the socket is retried.
    Polling,
    /// Disconnected: neither socket nor polling works.
    Offline,
    /// Disconnected until the user signs in.
    SignedOut,
    /// Disconnected until the page is reloaded in the server's version.
    Outdated,
}

impl Connection {
    /// Whether the page is up to date with the server. Also while connecting: the HTML has just been
    /// rendered.
    pub const fn is_connected(self) -> bool {
        matches!(self, Self::Connecting | Self::Live | Self::Polling)
    }
}
