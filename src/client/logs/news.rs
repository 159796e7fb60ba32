//! What a viewer asks of the driver, and what it hears from it.

use crate::model::{ContainerId, HostId, LogEndReason, LogLine, Timestamp};
use std::{fmt, sync::Arc};

/// Which part of a container's log to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRequest {
    /// Whose.
    pub id: ContainerId,
    /// On which host; any when absent.
    pub host: Option<HostId>,
    /// How many of the last lines.
    pub tail: u32,
    /// Nothing written before.
    pub since: Option<Timestamp>,
}

/// A viewer that follows a log.
#[derive(Clone)]
pub struct Following {
    /// Which viewer; no two have the same number.
    pub viewer: u64,
    /// What it asks for.
    pub request: LogRequest,
    /// Tells it the news.
    pub tell: Arc<dyn Fn(ContainerId, LogNews) + Send + Sync>,
}

impl fmt::Debug for Following {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Following({}, {:?})", self.viewer, self.request)
    }
}

/// What a viewer asks of the driver.
#[derive(Clone, Debug)]
pub enum LogOrder {
    /// Tell me of a log.
    Follow(Following),
    /// No longer, of this log.
    Leave(u64, ContainerId),
}

/// What a viewer hears of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogNews {
    /// It begins anew: what was told before is void.
    Begin,
    /// Lines, oldest first.
    Lines(Vec<LogLine>),
    /// Lines are missing: so many, when that is known.
    Gap(Option<u64>),
    /// No more lines follow for now, and what the engine says of it.
    End(LogEndReason, Option<String>),
    /// The server does not let it be followed, for this reason.
    Refused(String),
}
