//! What was observed of each way to the server.

use crate::{model::Outcome, protocol::Channel};

/// Server-sent events come at least every three seconds; a wait of more than this is a proxy's.
const LONGEST_GAP_MS: u32 = 8_000;

/// How the server answered a request by HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReachTrial {
    /// Whether it has ended.
    pub ended: bool,
    /// The status of the answer; absent when none came.
    pub status: Option<u16>,
    /// Version of the server, when it was ours that answered.
    pub version: Option<String>,
    /// Whether an error was told in our form.
    pub is_ours: bool,
    /// Whether a proxy answered that wants a sign-in.
    pub wants_sign_in: bool,
    /// The status of a request that says where it is from. Only asked for when no socket opens.
    pub origin_status: Option<u16>,
    /// There and back.
    pub ms: u32,
}

/// What became of a socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketTrial {
    /// Whether it has ended.
    pub ended: bool,
    /// Whether it opened.
    pub opened: bool,
    /// Whether everything came that was to come.
    pub complete: bool,
    /// With which code it was closed, if by the other side.
    pub closed: Option<u16>,
    /// Messages that came.
    pub messages: u32,
    /// Their length.
    pub bytes: u64,
    /// When the first one came, after the beginning.
    pub first_ms: Option<u32>,
    /// There and back.
    pub round_trip_ms: Option<u32>,
    /// Channels of which there was a message.
    pub channels: Vec<Channel>,
}

/// What became of a stream of server-sent events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamTrial {
    /// Whether it has ended.
    pub ended: bool,
    /// The status of the answer; absent when none came.
    pub status: Option<u16>,
    /// Whether the answer is one of events.
    pub is_stream: bool,
    /// Events that came.
    pub events: u32,
    /// Their length.
    pub bytes: u64,
    /// When the first one came, after the request.
    pub first_ms: Option<u32>,
    /// The longest time without an event, the end included.
    pub longest_gap_ms: u32,
    /// How long after the server's time stamp the latest figures came.
    pub most_late_ms: Option<u32>,
}

/// What became of polling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollTrial {
    /// Whether it has ended.
    pub ended: bool,
    /// The status of the newest answer; absent when none came.
    pub status: Option<u16>,
    /// Answers that came.
    pub answers: u32,
    /// Their length.
    pub bytes: u64,
    /// The slowest.
    pub slowest_ms: u32,
}

/// What became of a socket on which nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuietTrial {
    /// Whether it has ended.
    pub ended: bool,
    /// Whether it opened.
    pub opened: bool,
    /// How long nothing was said.
    pub quiet_ms: u32,
    /// Whether the heartbeat came.
    pub heartbeat: bool,
    /// With which code it was closed, if by the other side.
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
    /// How long events were held back, when they were, while polls were answered within
    /// `slowest_poll_ms`: what delays everything is no buffer.
    pub(super) fn held_back_ms(&self, slowest_poll_ms: u32) -> Option<u32> {
        let waited = self.longest_gap_ms.max(self.most_late_ms.unwrap_or(0));
        let is_held = waited > LONGEST_GAP_MS.max(slowest_poll_ms.saturating_mul(3));
        (is_held && self.is_stream).then_some(waited)
    }
}
