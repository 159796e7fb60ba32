//! Bounds both sides agree on.

use std::time::Duration;

/// Version of the protocol described in `docs/PROTOCOL.md`.
pub const PROTOCOL_VERSION: u32 = 1;

/// Subprotocol of the JSON form; also spoken when a client asks for none.
pub const SUBPROTOCOL_JSON: &str = "deckwatch.v1.json";

/// Subprotocol of the binary form, which our own pages speak.
pub const SUBPROTOCOL_BINARY: &str = "deckwatch.v1.bin";

/// Longest message a client may send, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// Most lines a log can begin with: as many as the server keeps of one that is followed.
pub const MAX_LOG_TAIL: u32 = 5_000;

/// Lines a log begins with when the client does not say.
pub const DEFAULT_LOG_TAIL: u32 = 100;

/// Logs that one client may follow at the same time: those of a big project. Each costs the engine a
/// connection.
pub const MAX_LOGS: usize = 64;

/// Actions of one client that may be under way at the same time: a bulk action on a big project.
pub const MAX_PENDING_ACTIONS: usize = 64;

/// Messages that one client may send at once.
pub const MESSAGE_BURST: f64 = 40.0;
/// Messages per second that one client may send; see [`MESSAGE_BURST`].
pub const MESSAGE_RATE: f64 = 20.0;

/// Workloads in one request for sparklines: more than any screen shows, in a URL that every proxy
/// takes (13 characters each, and the name of the host).
pub const MAX_SPARKLINES: usize = 250;

/// Silence after which either side takes the connection for dead: three heartbeats, so that one
/// lost and one late one are forgiven.
pub const DEAD_PEER: Duration = Duration::from_secs(45);

/// Close codes of RFC 6455 and our own (4000–4999 is private use).
pub mod close_code {
    /// Done.
    pub const NORMAL: u16 = 1000;
    /// The tab or the server is leaving.
    pub const LEAVING: u16 = 1001;
    /// The peer broke the WebSocket protocol.
    pub const PROTOCOL: u16 = 1002;
    /// Binary frame on the text protocol.
    pub const UNSUPPORTED: u16 = 1003;
    /// Text that is not UTF-8.
    pub const INVALID_UTF8: u16 = 1007;
    /// Message over [`super::MAX_MESSAGE_BYTES`].
    pub const TOO_BIG: u16 = 1009;
    /// The server failed.
    pub const INTERNAL: u16 = 1011;
    /// The server restarts.
    pub const RESTART: u16 = 1012;
    /// The server has no room.
    pub const AT_CAPACITY: u16 = 1013;
    /// Too many messages that could not be understood.
    pub const MALFORMED: u16 = 4400;
    /// Not or no longer signed in.
    pub const SIGNED_OUT: u16 = 4401;
    /// Not allowed.
    pub const FORBIDDEN: u16 = 4403;
    /// Nothing was heard for [`super::DEAD_PEER`].
    pub const SILENT: u16 = 4408;
    /// Another version of the protocol.
    pub const VERSION: u16 = 4409;
    /// Far too many messages.
    pub const RATE_LIMITED: u16 = 4429;
    /// The client did not read what was sent.
    pub const TOO_SLOW: u16 = 4430;
}
