//! What can be subscribed to.

use crate::model::ContainerId;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, fmt, str::FromStr};

/// A stream of messages with its own sequence of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// One container's log, `logs:<id>`: lines as they are written.
    Logs(ContainerId),
}

impl Channel {
    /// Every channel that is not about one container.
    pub const ALL: [Self; 5] = [
        Self::Sources,
        Self::Metrics,
        Self::Containers,
        Self::Stats,
        Self::Events,
    ];

    /// The channels a client can subscribe to beside [`Self::Logs`].
    pub const SUBSCRIBABLE: [Self; 4] =
        [Self::Metrics, Self::Containers, Self::Stats, Self::Events];

    /// Its name on the wire; of a log the part that all have in common.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Containers => "containers",
            Self::Stats => "stats",
            Self::Events => "events",
            Self::Sources => "sources",
            Self::Logs(_) => "logs",
        }
    }

    /// Whether only its newest state matters (who falls behind gets a snapshot), rather than every
    /// single message.
    pub const fn is_state(self) -> bool {
        !matches!(self, Self::Events | Self::Logs(_))
    }

    /// Whether a client can subscribe to it.
    pub fn is_subscribable(self) -> bool {
        matches!(self, Self::Logs(_)) || Self::SUBSCRIBABLE.contains(&self)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        match self {
            Self::Logs(id) => write!(f, ":{id}"),
            _ => Ok(()),
        }
    }
}

impl Serialize for Channel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Logs(_) => serializer.collect_str(self),
            named => serializer.serialize_str(named.as_str()),
        }
    }
}

impl<'de> Deserialize<'de> for Channel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        name.parse().map_err(de::Error::custom)
    }
}

/// No channel that can be subscribed to has that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownChannel;

impl fmt::Display for UnknownChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the channels are metrics, containers, stats, events and logs:<64 hexadecimal digits>",
        )
    }
}

impl std::error::Error for UnknownChannel {}

impl FromStr for Channel {
    type Err = UnknownChannel;

    fn from_str(text: &str) -> Result<Self, UnknownChannel> {
        if let Some(id) = text.strip_prefix("logs:") {
            return id.parse().map(Self::Logs).map_err(|_| UnknownChannel);
        }
        Self::SUBSCRIBABLE
            .into_iter()
            .find(|channel| channel.as_str() == text)
            .ok_or(UnknownChannel)
    }
}
