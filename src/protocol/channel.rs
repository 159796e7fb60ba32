//! What can be subscribed to.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A stream of messages with its own sequence of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Hosts' own figures.
    Metrics,
    /// Lists of containers.
    Containers,
    /// Figures of running containers.
    Stats,
    /// What happens in engines.
    Events,
    /// Whether sources answer. Every connection has it from the start; nobody subscribes to it.
    Sources,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 5] = [
        Self::Sources,
        Self::Metrics,
        Self::Containers,
        Self::Stats,
        Self::Events,
    ];

    /// The channels a client can subscribe to.
    pub const SUBSCRIBABLE: [Self; 4] =
        [Self::Metrics, Self::Containers, Self::Stats, Self::Events];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Containers => "containers",
            Self::Stats => "stats",
            Self::Events => "events",
            Self::Sources => "sources",
        }
    }

    /// Whether only its newest state matters (who falls behind gets a snapshot), rather than every
    /// single message.
    pub const fn is_state(self) -> bool {
        !matches!(self, Self::Events)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No channel that can be subscribed to has that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownChannel;

impl fmt::Display for UnknownChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channels are metrics, containers, stats and events")
    }
}

impl std::error::Error for UnknownChannel {}

impl FromStr for Channel {
    type Err = UnknownChannel;

    fn from_str(text: &str) -> Result<Self, UnknownChannel> {
        Self::SUBSCRIBABLE
            .into_iter()
            .find(|channel| channel.as_str() == text)
            .ok_or(UnknownChannel)
    }
}
