//! Workloads of any kind: everything that is listed, measured, logged and acted on.
//!
//! This module has their ids and common properties; properties of only one kind are in the type of that kind.
//!
//! A second kind will be a variant of each enum here; the compiler then reports every place that must handle
//! it.

use super::{
    Container, ContainerId, ContainerPrefix, ContainerState, ContainerStats, Event, Health, HostId,
    NotAContainerId, StatsPoint, Timestamp,
};
use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

/// The place where workloads run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// An engine and its machine.
    Host(HostId),
}

impl Scope {
    /// The host, if it is one.
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

/// The full id of a workload: scope, kind and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadId {
    // First, because keys nearly always differ in their first bytes, which makes comparisons fast.
    /// Kind and id.
    pub key: WorkloadKey,
    /// The scope.
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

    /// The reference in URLs and requests: with the host, unless it is the server's own.
    pub fn reference(self) -> WorkloadRef {
        let WorkloadKey::Container(key) = self.key;
        WorkloadRef {
            host: self.scope.host().filter(|host| !host.is_local()),
            id: key.into(),
        }
    }

    /// The id of the container, if it is one.
    pub const fn container_id(&self) -> Option<ContainerId> {
        let WorkloadKey::Container(id) = self.key;
        Some(id)
    }
}

impl Default for WorkloadId {
    /// An id without a workload: a container id of zeros.
    fn default() -> Self {
        Self::container(HostId::default(), ContainerId::default())
    }
}

/// The reference to a workload in a request: the beginning of its id, and its host where the id alone may be
/// ambiguous. Written `<id>` or `<host>/<id>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WorkloadRef {
    /// The host; `None` for any.
    pub host: Option<HostId>,
    /// The id or an unambiguous beginning of it.
    pub id: ContainerPrefix,
}

impl WorkloadRef {
    /// Whether `event` is about the workload.
    pub fn is_of(&self, event: &Event) -> bool {
        event.id.starts_with(self.id.as_str()) && self.host.is_none_or(|host| host == event.host)
    }

    /// Whether it refers to `id`.
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

/// The state of a workload. Copies share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Workload {
    /// A container of an engine.
    Container(Arc<Container>),
}

impl Workload {
    /// The common properties of all kinds, which are fields of a container.
    fn core(&self) -> &Container {
        let Self::Container(container) = self;
        container
    }

    /// The name, unique within its scope.
    pub fn name(&self) -> &str {
        &self.core().name
    }

    /// The group that it belongs to: of a container, its Compose project.
    pub fn group(&self) -> Option<&str> {
        self.core().project.as_deref()
    }

    /// The state.
    pub fn state(&self) -> ContainerState {
        self.core().state
    }

    /// The state as lists show it.
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

    /// When its current run began, or its last one; `None` when it never ran.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.core().started_at
    }

    /// Number of restarts; `None` when unknown.
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

/// The resource figures of a workload. Copies share them.
#[derive(Clone, Debug, PartialEq)]
pub enum Figures {
    /// Those of a container.
    Container(Arc<ContainerStats>),
}

impl Figures {
    /// When they were read.
    pub fn timestamp(&self) -> Timestamp {
        let Self::Container(stats) = self;
        stats.timestamp
    }

    /// CPU in percent of one core; `None` when unknown.
    pub fn cpu_percent(&self) -> Option<f32> {
        let Self::Container(stats) = self;
        stats.cpu_percent
    }

    /// Memory in bytes; `None` when unknown.
    pub fn memory(&self) -> Option<u64> {
        let Self::Container(stats) = self;
        stats.memory_usage
    }

    /// The point for a history.
    pub fn point(&self) -> StatsPoint {
        let Self::Container(stats) = self;
        StatsPoint::of(stats)
    }
}

/// The state of a workload as lists show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The severity.
    pub tone: Tone,
    /// The word.
    pub word: StatusWord,
}

/// The severity of a status, which determines its colour and shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As expected.
    Ok,
    /// In transition, or suspended.
    Warn,
    /// Failed.
    Bad,
    /// Not running.
    Idle,
}

/// The word for a status, translated by the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusWord {
    /// The state.
    State(ContainerState),
    /// Result of its health check.
    Health(Health),
    /// Ended, with this exit code.
    Ended(i32),
}
