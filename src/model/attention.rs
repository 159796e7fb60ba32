//! Detects problems of workloads from their state and figures.

use super::{
    Container, ContainerState, ContainerStats, Figures, Health, Timestamp, Workload,
    container::TERMINATED,
};
use std::time::Duration;

/// Share of its memory limit from which on a container is about to be killed.
const MEMORY_PERCENT: f32 = 90.0;
/// Age up to which a failure is shown; an older one is assumed to be known.
const FAILED_WITHIN: Duration = Duration::from_secs(60 * 60);
/// Run time after which a container that its policy restarted counts as normal again: the engine waits at
/// most a minute between two attempts, so a restart loop never counts as normal.
const STEADY_AFTER: Duration = Duration::from_secs(10 * 60);

/// The reason why a workload needs attention, the most severe first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attention {
    /// The engine could not remove it.
    Dead,
    /// Its health check fails.
    Unhealthy,
    /// It ends repeatedly.
    Restarting,
    /// It uses nearly all of its memory limit.
    Memory,
    /// It failed within the last hour, with this exit code.
    Failed(i32),
}

impl Attention {
    /// The problem of `workload` at `now`, if any.
    pub fn of(workload: &Workload, figures: Option<&Figures>, now: Timestamp) -> Option<Self> {
        let Workload::Container(container) = workload;
        let stats = figures.map(|Figures::Container(stats)| &**stats);
        Self::of_container(container, stats, now)
    }

    fn of_container(
        container: &Container,
        stats: Option<&ContainerStats>,
        now: Timestamp,
    ) -> Option<Self> {
        let is_full = || {
            stats?
                .memory_percent
                .map(|percent| percent >= MEMORY_PERCENT)
        };
        match (container.state, container.health) {
            (ContainerState::Dead, _) => Some(Self::Dead),
            (ContainerState::Restarting, _) => Some(Self::Restarting),
            (ContainerState::Running, Some(Health::Unhealthy)) => Some(Self::Unhealthy),
            (ContainerState::Running, _) if was_restarted(container, now) => Some(Self::Restarting),
            (ContainerState::Running | ContainerState::Paused, _) => {
                is_full().unwrap_or(false).then_some(Self::Memory)
            }
            (ContainerState::Exited, _) => {
                let code = container
                    .exit_code
                    .filter(|code| !matches!(*code, 0 | TERMINATED))?;
                let is_recent = container.finished_at?.age(now) <= FAILED_WITHIN;
                is_recent.then_some(Self::Failed(code))
            }
            _ => None,
        }
    }
}

/// Whether its restart policy, not a user, has restarted it recently.
fn was_restarted(container: &Container, now: Timestamp) -> bool {
    let is_fresh = |started: Timestamp| started.age(now) <= STEADY_AFTER;
    container.restart_count.is_some_and(|count| count > 0)
        && container.started_at.is_some_and(is_fresh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;

    fn attention(change: impl FnOnce(&mut Container, &mut ContainerStats)) -> Option<Attention> {
        let mut container = fixtures::container(1);
        let now = Timestamp::from_millis(7_200_000);
        let mut stats = ContainerStats::unknown(container.id, container.name.clone(), now);
        stats.memory_percent = Some(20.0);
        change(&mut container, &mut stats);
        Attention::of_container(&container, Some(&stats), now)
    }

    #[test]
    fn a_container_that_does_its_work_needs_none() {
        assert_eq!(attention(|_, _| ()), None);
        let healthy = attention(|container, _| container.health = Some(Health::Healthy));
        assert_eq!(healthy, None);
    }

    #[test]
    fn what_fails_is_told_with_its_reason() {
        let of_state = |state| attention(|container, _| container.state = state);
        assert_eq!(of_state(ContainerState::Dead), Some(Attention::Dead));
        assert_eq!(
            of_state(ContainerState::Restarting),
            Some(Attention::Restarting)
        );
        let unhealthy = attention(|container, _| container.health = Some(Health::Unhealthy));
        assert_eq!(unhealthy, Some(Attention::Unhealthy));
        let full = attention(|_, stats| stats.memory_percent = Some(90.0));
        assert_eq!(full, Some(Attention::Memory));
    }

    #[test]
    fn between_two_crashes_a_loop_does_not_look_calm() {
        let running = |restart_count, started_at| {
            attention(|container, _| {
                container.restart_count = Some(restart_count);
                container.started_at = Some(Timestamp::from_millis(started_at));
            })
        };
        assert_eq!(running(3, 7_199_000), Some(Attention::Restarting));
        assert_eq!(running(3, 6_000_000), None, "steady for twenty minutes");
        assert_eq!(running(0, 7_199_000), None, "started by a person");
    }

    #[test]
    fn an_exit_counts_when_it_was_a_failure_and_not_long_ago() {
        let exited = |code, finished_at| {
            attention(|container, _| {
                container.state = ContainerState::Exited;
                container.exit_code = Some(code);
                container.finished_at = Some(Timestamp::from_millis(finished_at));
            })
        };
        assert_eq!(exited(1, 7_000_000), Some(Attention::Failed(1)));
        assert_eq!(exited(137, 7_000_000), Some(Attention::Failed(137)));
        assert_eq!(exited(0, 7_000_000), None);
        assert_eq!(exited(143, 7_000_000), None);
        assert_eq!(exited(1, 0), None, "two hours ago");
    }
}
