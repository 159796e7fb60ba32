//! The channels that clients can subscribe to: channels are values, and one table defines the policy of each
//! kind.

use crate::model::{ContainerId, Update, WorkloadKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, fmt, str::FromStr};

/// A stream of messages of one kind, with its own sequence numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    /// The kind of its messages.
    pub kind: ChannelKind,
    /// The workload that it is about; `None` for channels about all of them.
    pub of: Option<WorkloadKey>,
}

/// The kind of a channel's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChannelKind {
    /// The status of sources.
    Sources,
    /// Hosts' own figures.
    Metrics,
    /// Lists of containers.
    Containers,
    /// Figures of running containers.
    Stats,
    /// Events of engines.
    Events,
    /// Lines of one workload's log.
    Logs,
}

/// The reaction to a client that has missed messages which are no longer kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Send a snapshot: only the newest state matters.
    State,
    /// Send the messages that are left: every message matters.
    Stream,
}

/// The encoding of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delta {
    /// Each message is complete.
    None,
    /// Deltas for subscribers that request them, the complete list for all others.
    OnRequest,
    /// Deltas to the previous message in the binary form, complete messages in JSON.
    Encoded,
}

/// The policy of a kind of channel.
#[derive(Clone, Copy, Debug)]
pub struct ChannelPolicy {
    /// The name on the wire.
    pub name: &'static str,
    /// The reaction to a client that is too far behind.
    pub retention: Retention,
    /// The encoding of changes.
    pub delta: Delta,
    /// Most frames in its ring buffer, if fewer than for other channels.
    pub max_frames: Option<usize>,
    /// Whether sources read at a shorter interval while it has subscribers.
    pub has_demand: bool,
    /// Whether its snapshot in the first HTML may be incomplete, and then is no base for deltas.
    pub may_be_partial: bool,
    /// Whether clients subscribe to it; otherwise every connection receives it from the start.
    pub is_subscribable: bool,
    /// Whether there is one channel per workload.
    pub is_per_workload: bool,
}

impl ChannelKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Sources,
        Self::Metrics,
        Self::Containers,
        Self::Stats,
        Self::Events,
        Self::Logs,
    ];

    /// The policy of the kind.
    pub const fn policy(self) -> ChannelPolicy {
        let state = ChannelPolicy {
            name: "",
            retention: Retention::State,
            delta: Delta::None,
            max_frames: None,
            has_demand: false,
            may_be_partial: false,
            is_subscribable: true,
            is_per_workload: false,
        };
        match self {
            Self::Sources => ChannelPolicy {
                name: "sources",
                is_subscribable: false,
                ..state
            },
            Self::Metrics => ChannelPolicy {
                name: "metrics",
                ..state
            },
            Self::Containers => ChannelPolicy {
                name: "containers",
                delta: Delta::OnRequest,
                may_be_partial: true,
                ..state
            },
            Self::Stats => ChannelPolicy {
                name: "stats",
                delta: Delta::Encoded,
                // Each frame is a complete list, so the newest one is better for a client that is further
                // behind; and a list of 1,000 containers is some 400 KB of JSON.
                max_frames: Some(8),
                has_demand: true,
                may_be_partial: true,
                ..state
            },
            Self::Events => ChannelPolicy {
                name: "events",
                retention: Retention::Stream,
                ..state
            },
            Self::Logs => ChannelPolicy {
                name: "logs",
                retention: Retention::Stream,
                is_per_workload: true,
                ..state
            },
        }
    }
}

impl Channel {
    /// The status of sources, which every connection receives from the start.
    pub const SOURCES: Self = Self::whole(ChannelKind::Sources);
    /// Hosts' own figures.
    pub const METRICS: Self = Self::whole(ChannelKind::Metrics);
    /// Lists of containers.
    pub const CONTAINERS: Self = Self::whole(ChannelKind::Containers);
    /// Figures of running containers.
    pub const STATS: Self = Self::whole(ChannelKind::Stats);
    /// Events of engines.
    pub const EVENTS: Self = Self::whole(ChannelKind::Events);

    /// Every channel that is not about a single workload.
    pub const ALL: [Self; 5] = [
        Self::SOURCES,
        Self::METRICS,
        Self::CONTAINERS,
        Self::STATS,
        Self::EVENTS,
    ];

    /// The channels among [`Self::ALL`] that clients subscribe to.
    pub const SUBSCRIBABLE: [Self; 4] =
        [Self::METRICS, Self::CONTAINERS, Self::STATS, Self::EVENTS];

    const fn whole(kind: ChannelKind) -> Self {
        Self { kind, of: None }
    }

    /// The log of one workload, `logs:<id>`: lines as they are written.
    pub const fn logs(of: WorkloadKey) -> Self {
        Self {
            kind: ChannelKind::Logs,
            of: Some(of),
        }
    }

    /// The workload whose log it is, if it is a log.
    pub fn logged(self) -> Option<WorkloadKey> {
        self.of.filter(|_| self.kind == ChannelKind::Logs)
    }

    /// The channel on which `update` is published.
    pub const fn carrying(update: &Update) -> Self {
        match update {
            Update::Containers { .. } | Update::ContainersDelta { .. } => Self::CONTAINERS,
            Update::Stats { .. } => Self::STATS,
            Update::Metrics { .. } => Self::METRICS,
            Update::Event(_) => Self::EVENTS,
            Update::Source(_) => Self::SOURCES,
        }
    }

    /// The policy of its kind.
    pub const fn policy(self) -> ChannelPolicy {
        self.kind.policy()
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.policy().name)?;
        self.of.map_or(Ok(()), |of| write!(f, ":{of}"))
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Channel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Channel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        name.parse().map_err(de::Error::custom)
    }
}

/// The error for an unknown name of a channel.
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
        let (name, of) = match text.split_once(':') {
            Some((name, of)) => (name, Some(of)),
            None => (text, None),
        };
        let kind = ChannelKind::ALL.into_iter().find(|kind| {
            let policy = kind.policy();
            policy.name == name && policy.is_subscribable && policy.is_per_workload == of.is_some()
        });
        let of = of.map(str::parse::<ContainerId>).transpose();
        Ok(Self {
            kind: kind.ok_or(UnknownChannel)?,
            of: of.map_err(|_| UnknownChannel)?.map(WorkloadKey::Container),
        })
    }
}
