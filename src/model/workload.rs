//! What is listed, measured, logged and acted on, whatever its kind: its identity, and what every kind
//! has in common. What only one kind has stays in the type of that kind.
//!
//! A second kind is a variant of each enum here; the compiler then names every place that has to know
//! of it.

use super::{
    Container, ContainerId, ContainerPrefix, ContainerState, ContainerStats, Event, Health, HostId,
    NotAContainerId, StatsPoint, Timestamp,
};
use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

/// Where workloads live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// An engine and the machine under it.
    Host(HostId),
}

impl Scope {
    /// The host, when it is one.
    pub const fn host(&self) -> Option<HostId> {
        let Self::Host(host) = *self;
        Some(host)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Host(host) = self;
        host.fmt(f)
    }
}

/// Kind and id of a workload within its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKey {
    /// A container of an engine.
    Container(ContainerId),
}

impl fmt::Display for WorkloadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Container(id) = self;
        id.fmt(f)
    }
}

/// The identity of a workload: scope, kind and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadId {
    // Compared first: keys nearly always differ in their first bytes.
    /// Kind and id.
    pub key: WorkloadKey,
    /// Where it lives.
    pub scope: Scope,
}

impl WorkloadId {
    /// A container of the engine of `host`.
    pub const fn container(host: HostId, id: ContainerId) -> Self {
        Self {
            key: WorkloadKey::Container(id),
            scope: Scope::Host(host),
        }
    }

    /// How addresses and requests name it: with its host, unless that is the server's own.
    pub fn reference(self) -> WorkloadRef {
        let WorkloadKey::Container(key) = self.key;
        WorkloadRef {
            host: self.scope.host().filter(|host| !host.is_local()),
            id: key.into(),
        }
    }

    /// The id of the container, when it is one.
    pub const fn container_id(&self) -> Option<ContainerId> {
        let WorkloadKey::Container(id) = self.key;
        Some(id)
    }
}

impl Default for WorkloadId {
    /// No workload has it: a container of zeros.
    fn default() -> Self {
        Self::container(HostId::default(), ContainerId::default())
    }
}

/// How a request names a workload: the beginning of its id, and its host where the id alone may not be
/// enough. Written `<id>` or `<host>/<id>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WorkloadRef {
    /// Where it lives; `None` for anywhere.
    pub host: Option<HostId>,
    /// Its id or an unambiguous beginning of it.
    pub id: ContainerPrefix,
}

impl WorkloadRef {
    /// Whether `event` is about the workload that is named.
    pub fn is_of(&self, event: &Event) -> bool {
        event.id.starts_with(self.id.as_str()) && self.host.is_none_or(|host| host == event.host)
    }

    /// Whether it names `id`.
    pub fn matches(&self, id: WorkloadId) -> bool {
        let (WorkloadKey::Container(key), Scope::Host(host)) = (id.key, id.scope);
        self.id.matches(&key) && self.host.is_none_or(|named| named == host)
    }
}

impl FromStr for WorkloadRef {
    type Err = NotAContainerId;

    fn from_str(text: &str) -> Result<Self, NotAContainerId> {
        let (host, id) = match text.split_once('/') {
            Some((host, id)) => (Some(host.parse().map_err(|_| NotAContainerId)?), id),
            None => (None, text),
        };
        let id = id.parse()?;
        Ok(Self { host, id })
    }
}

impl fmt::Display for WorkloadRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.map_or(Ok(()), |host| write!(f, "{host}/"))?;
        f.write_str(self.id.as_str())
    }
}

/// A workload with what is known of it. Copies share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Workload {
    /// A container of an engine.
    Container(Arc<Container>),
}

impl Workload {
    /// What every kind has in common, which a container has in fields of its own.
    fn core(&self) -> &Container {
        let Self::Container(container) = self;
        container
    }

    /// Its name within its scope.
    pub fn name(&self) -> &str {
        &self.core().name
    }

    /// What belongs together: of a container its Compose project.
    pub fn group(&self) -> Option<&str> {
        self.core().project.as_deref()
    }

    /// What it is doing.
    pub fn state(&self) -> ContainerState {
        self.core().state
    }

    /// What it is doing, as lists show it.
    pub fn status(&self) -> Status {
        let Self::Container(container) = self;
        container.shown_status()
    }

    /// Result of its health check; `None` when it has none.
    pub fn health(&self) -> Option<Health> {
        self.core().health
    }

    /// When it was created.
    pub fn created(&self) -> Timestamp {
        self.core().created
    }

    /// When its present run began, or its last one; `None` when it never ran.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.core().started_at
    }

    /// How often it was restarted; `None` when that is not known.
    pub fn restarts(&self) -> Option<u32> {
        self.core().restart_count
    }

    /// Its labels, with values that look like secrets masked.
    pub fn labels(&self) -> &BTreeMap<String, String> {
        &self.core().labels
    }

    /// Whether every action on it is refused.
    pub fn is_protected(&self) -> bool {
        self.core().protected
    }
}

/// What a workload uses. Copies share it.
#[derive(Clone, Debug, PartialEq)]
pub enum Figures {
    /// Of a container.
    Container(Arc<ContainerStats>),
}

impl Figures {
    /// When they were read.
    pub fn timestamp(&self) -> Timestamp {
        let Self::Container(stats) = self;
        stats.timestamp
    }

    /// CPU, where 100 is one core; `None` when not known.
    pub fn cpu_percent(&self) -> Option<f32> {
        let Self::Container(stats) = self;
        stats.cpu_percent
    }

    /// Memory in bytes; `None` when not known.
    pub fn memory(&self) -> Option<u64> {
        let Self::Container(stats) = self;
        stats.memory_usage
    }

    /// The sample for a history.
    pub fn point(&self) -> StatsPoint {
        let Self::Container(stats) = self;
        StatsPoint::of(stats)
    }
}

/// What a workload is doing, as lists show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// How good that is.
    pub tone: Tone,
    /// The word for it.
    pub word: StatusWord,
}

/// How good a status is, which decides its colour and shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Ok,
    /// On its way, or held back.
    Warn,
    /// Something is wrong.
    Bad,
    /// At rest.
    Idle,
}

/// The word for a status; the interface has it in each language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusWord {
    /// What it is doing.
    State(ContainerState),
    /// Result of its health check.
    Health(Health),
    /// It ended, with this exit code.
    Ended(i32),
}
