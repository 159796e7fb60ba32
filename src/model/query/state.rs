//! Counts of containers, and quick filters, by state.

use crate::model::{Container, ContainerState, Health};

/// Counts of containers by the states that matter most to users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Totals {
    /// All containers.
    pub all: u32,
    /// Running containers.
    pub running: u32,
    /// Containers that fail their health check.
    pub unhealthy: u32,
    /// Containers that the engine is restarting.
    pub restarting: u32,
    /// Paused containers.
    pub paused: u32,
    /// Containers that are neither running, restarting nor paused.
    pub stopped: u32,
}

impl Totals {
    /// Counts `containers`.
    pub fn of<'a>(containers: impl IntoIterator<Item = &'a Container>) -> Self {
        let mut totals = Self::default();
        for container in containers {
            totals.all += 1;
            totals.running += u32::from(container.state == ContainerState::Running);
            totals.unhealthy += u32::from(is_unhealthy(container));
            totals.restarting += u32::from(container.state == ContainerState::Restarting);
            totals.paused += u32::from(container.state == ContainerState::Paused);
            totals.stopped += u32::from(!container.state.is_up());
        }
        totals
    }
}

fn is_unhealthy(container: &Container) -> bool {
    container.state.is_up() && container.health == Some(Health::Unhealthy)
}

/// A quick filter by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StateFilter {
    /// Every container.
    #[default]
    All,
    /// Running containers.
    Running,
    /// Containers that fail their health check.
    Unhealthy,
    /// Containers that the engine is restarting.
    Restarting,
    /// Paused containers.
    Paused,
    /// Containers that do not run.
    Stopped,
}

impl StateFilter {
    /// Every filter, in the order in which they are offered.
    pub const ALL: [Self; 6] = [
        Self::All,
        Self::Running,
        Self::Unhealthy,
        Self::Restarting,
        Self::Paused,
        Self::Stopped,
    ];

    /// The name in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Running => "running",
            Self::Unhealthy => "unhealthy",
            Self::Restarting => "restarting",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }

    /// Whether the filter accepts `container`.
    pub fn matches(self, container: &Container) -> bool {
        match self {
            Self::All => true,
            Self::Running => container.state == ContainerState::Running,
            Self::Unhealthy => is_unhealthy(container),
            Self::Restarting => container.state == ContainerState::Restarting,
            Self::Paused => container.state == ContainerState::Paused,
            Self::Stopped => !container.state.is_up(),
        }
    }

    /// Number of containers that the filter accepts.
    pub const fn count(self, totals: &Totals) -> u32 {
        match self {
            Self::All => totals.all,
            Self::Running => totals.running,
            Self::Unhealthy => totals.unhealthy,
            Self::Restarting => totals.restarting,
            Self::Paused => totals.paused,
            Self::Stopped => totals.stopped,
        }
    }
}
