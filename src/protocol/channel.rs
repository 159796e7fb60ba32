//! What can be subscribed to: channels are values, and one table says what each kind of them is.

use crate::model::{ContainerId, Update, WorkloadKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, fmt, str::FromStr};

/// A stream of messages with its own sequence numbers: what kind of messages, and what they are about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    /// What kind of messages it carries.
    pub kind: ChannelKind,
    /// The workload it is about; `None` when it is about everything of its kind.
    pub of: Option<WorkloadKey>,
}

/// What kind of messages a channel carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChannelKind {
    /// Whether sources answer.
    Sources,
    /// Hosts' own figures.
    Metrics,
    /// Lists of containers.
    Containers,
    /// Figures of running containers.
    Stats,
    /// What happens in engines.
    Events,
    /// Lines of one workload's log.
    Logs,
}

/// What a client gets that missed messages which are no longer kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// A snapshot: only the newest state matters.
    State,
    /// What is left: every message matters.
    Stream,
}

/// How changes of a channel are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delta {
    /// Each message stands on its own.
    None,
    /// As changes to subscribers that ask for them, as the whole list to all others.
    OnRequest,
    /// In the binary form as changes to the message before, in JSON as a whole.
    Encoded,
}

/// What a kind of channel is.
#[derive(Clone, Copy, Debug)]
pub struct ChannelPolicy {
    /// Its name on the wire.
    pub name: &'static str,
    /// What a client gets that fell too far behind.
    pub retention: Retention,
    /// How changes are sent.
    pub delta: Delta,
    /// The most frames that its ring keeps, where that is fewer than for other channels.
    pub max_frames: Option<usize>,
    /// Whether sources read more often while it has subscribers.
    pub has_demand: bool,
    /// Whether the first HTML may lack a part of it, which then is no base for changes.
    pub may_be_partial: bool,
    /// Whether clients subscribe to it; if not, every connection gets it from the start.
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

    /// The table of what each kind is.
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
                // Each frame is a whole list, so a client that is further behind is better off with the
                // newest one; and a list of 1,000 containers is some 400 KB of JSON.
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
    /// Whether sources answer. Every connection has it from the start.
    pub const SOURCES: Self = Self::whole(ChannelKind::Sources);
    /// Hosts' own figures.
    pub const METRICS: Self = Self::whole(ChannelKind::Metrics);
    /// Lists of containers.
    pub const CONTAINERS: Self = Self::whole(ChannelKind::Containers);
    /// Figures of running containers.
    pub const STATS: Self = Self::whole(ChannelKind::Stats);
    /// What happens in engines.
    pub const EVENTS: Self = Self::whole(ChannelKind::Events);

    /// Every channel that is about everything of its kind.
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

    /// The workload whose log it carries, when it carries one.
    pub fn logged(self) -> Option<WorkloadKey> {
        self.of.filter(|_| self.kind == ChannelKind::Logs)
    }

    /// The channel that `update` is published on.
    pub const fn carrying(update: &Update) -> Self {
        match update {
            Update::Containers { .. } | Update::ContainersDelta { .. } => Self::CONTAINERS,
            Update::Stats { .. } => Self::STATS,
            Update::Metrics { .. } => Self::METRICS,
            Update::Event(_) => Self::EVENTS,
            Update::Source(_) => Self::SOURCES,
        }
    }

    /// What its kind is.
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
