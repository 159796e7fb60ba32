//! The observations of each way to the server.

use crate::{model::Outcome, protocol::Channel};

/// Server-sent events arrive at least every three seconds; a longer gap than this is caused by a proxy.
const LONGEST_GAP_MS: u32 = 8_000;

/// The observation of a plain HTTP request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReachTrial {
    /// Whether the probe has ended.
    pub ended: bool,
    /// The status of the answer; `None` when there was none.
    pub status: Option<u16>,
    /// The version of the server, if Deckwatch has answered.
    pub version: Option<String>,
    /// Whether an error was in the format of Deckwatch.
    pub is_ours: bool,
    /// Whether a proxy has answered that requires a sign-in.
    pub wants_sign_in: bool,
    /// The status of a request with an `Origin` header. Only sent when no socket opens.
    pub origin_status: Option<u16>,
    /// The round trip time in milliseconds.
    pub ms: u32,
}

/// The observation of a socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketTrial {
    /// Whether the probe has ended.
    pub ended: bool,
    /// Whether it opened.
    pub opened: bool,
    /// Whether all expected messages arrived.
    pub complete: bool,
    /// The close code, if the other side closed it.
    pub closed: Option<u16>,
    /// Number of messages received.
    pub messages: u32,
    /// Their total length in bytes.
    pub bytes: u64,
    /// Milliseconds until the first one arrived.
    pub first_ms: Option<u32>,
    /// The round trip time in milliseconds.
    pub round_trip_ms: Option<u32>,
    /// Channels with at least one message.
    pub channels: Vec<Channel>,
}

/// The observation of a stream of server-sent events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamTrial {
    /// Whether the probe has ended.
    pub ended: bool,
    /// The status of the answer; `None` when there was none.
    pub status: Option<u16>,
    /// Whether the answer is an event stream.
    pub is_stream: bool,
    /// Number of events received.
    pub events: u32,
    /// Their total length in bytes.
    pub bytes: u64,
    /// Milliseconds from the request until the first one arrived.
    pub first_ms: Option<u32>,
    /// The longest time without an event, up to the end of the probe.
    pub longest_gap_ms: u32,
    /// The greatest age of stats at their arrival, by the server's clock.
    pub most_late_ms: Option<u32>,
}

/// The observation of polling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollTrial {
    /// Whether the probe has ended.
    pub ended: bool,
    /// The status of the last answer; `None` when there was none.
    pub status: Option<u16>,
    /// Number of answers received.
    pub answers: u32,
    /// Their total length in bytes.
    pub bytes: u64,
    /// The slowest answer in milliseconds.
    pub slowest_ms: u32,
}

/// The observation of an idle socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuietTrial {
    /// Whether the probe has ended.
    pub ended: bool,
    /// Whether it opened.
    pub opened: bool,
    /// How long it was idle, in milliseconds.
    pub quiet_ms: u32,
    /// Whether the heartbeat arrived.
    pub heartbeat: bool,
    /// The close code, if the other side closed it.
    pub closed: Option<u16>,
}

impl SocketTrial {
    pub(super) fn outcome(&self) -> Outcome {
        match (self.ended, self.opened && self.complete) {
            (false, _) => Outcome::Running,
            (true, true) => Outcome::Works,
            (true, false) => Outcome::Broken,
        }
    }
}

impl StreamTrial {
    /// How long events were held back; `None` if they were not. If polls, too, were slow
    /// (`slowest_poll_ms`), the delay is not caused by buffering.
    pub(super) fn held_back_ms(&self, slowest_poll_ms: u32) -> Option<u32> {
        let waited = self.longest_gap_ms.max(self.most_late_ms.unwrap_or(0));
        let is_held = waited > LONGEST_GAP_MS.max(slowest_poll_ms.saturating_mul(3));
        (is_held && self.is_stream).then_some(waited)
    }
}
