//! Limits that apply to both sides.

use std::time::Duration;

/// Version of the protocol, which is defined in `docs/PROTOCOL.md`.
pub const PROTOCOL_VERSION: u32 = 1;

/// Subprotocol of the JSON form, which is also used when a client requests none.
pub const SUBPROTOCOL_JSON: &str = "deckwatch.v1.json";

/// Subprotocol of the binary form, which the pages use.
pub const SUBPROTOCOL_BINARY: &str = "deckwatch.v1.bin";

/// Longest message a client may send, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// Most lines that a log can begin with: as many as the server keeps of a followed log.
pub const MAX_LOG_TAIL: u32 = 5_000;

/// Number of lines that a log begins with by default.
pub const DEFAULT_LOG_TAIL: u32 = 100;

/// Most logs that one client may follow at the same time: those of a big project. Each is a connection to the
/// engine.
pub const MAX_LOGS: usize = 64;

/// Most pending actions of one client: a bulk action on a big project.
pub const MAX_PENDING_ACTIONS: usize = 64;

/// Most messages that one client may send at once.
pub const MESSAGE_BURST: f64 = 40.0;
/// Messages per second that one client may send; see [`MESSAGE_BURST`].
pub const MESSAGE_RATE: f64 = 20.0;

/// Most workloads in one request for sparklines: more than fit on a screen, in a URL that every proxy accepts
/// (13 characters each, and the name of the host).
pub const MAX_SPARKLINES: usize = 250;

/// Timeout after which either side treats the connection as dead: three heartbeats, which allows for one lost
/// and one late one.
pub const DEAD_PEER: Duration = Duration::from_secs(45);

/// Close codes of RFC 6455 and private ones (4000–4999).
pub mod close_code {
    /// The connection is complete.
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
    /// The server is at capacity.
    pub const AT_CAPACITY: u16 = 1013;
    /// Too many invalid messages.
    pub const MALFORMED: u16 = 4400;
    /// Not signed in, or not any more.
    pub const SIGNED_OUT: u16 = 4401;
    /// Not allowed.
    pub const FORBIDDEN: u16 = 4403;
    /// No message was received for [`super::DEAD_PEER`].
    pub const SILENT: u16 = 4408;
    /// Another version of the protocol.
    pub const VERSION: u16 = 4409;
    /// The rate limit was exceeded by far.
    pub const RATE_LIMITED: u16 = 4429;
    /// The client did not read its messages fast enough.
    pub const TOO_SLOW: u16 = 4430;
}
