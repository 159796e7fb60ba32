//! The simulated containers and the events of their host. Deterministic: it takes the time as an argument
//! and its randomness from a seed.

use super::{
    container::{Behavior, DemoContainer, HOST_MEMORY},
    log::DemoLog,
};
use crate::{
    model::{
        Action, ActionOptions, Container, ContainerId, ContainerState, ContainerStats, Cpu, Disk,
        Event, EventSubject, HostId, HostMetrics, Memory, Network, Timestamp, percent_of,
        round_percent,
    },
    server::source::EngineError,
};
use std::{collections::BTreeMap, sync::Arc};

/// Disk space of the simulated host, in bytes.
const HOST_DISK: u64 = 500 << 30;
/// The simulation.
#[derive(Debug)]
pub(super) struct World {
    host: HostId,
    started: Timestamp,
    rng: fastrand::Rng,
    ticks: u64,
    containers: BTreeMap<ContainerId, DemoContainer>,
    events: Vec<Event>,
    seconds_per_tick: f64,
    last_tick: Timestamp,
}

impl World {
    /// A simulation of `count` containers; the same `seed` gives the same simulation.
    pub(super) fn new(host: HostId, count: usize, seed: u64, now: Timestamp) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let containers = (0..count)
            .map(|n| DemoContainer::new(n, &mut rng, now))
            .map(|container| (container.container.id, container))
            .collect();
        Self {
            host,
            started: now,
            rng,
            ticks: 0,
            containers,
            events: Vec::new(),
            seconds_per_tick: 2.0,
            last_tick: now,
        }
    }

    /// Advances the simulation to `now`.
    pub(super) fn tick(&mut self, now: Timestamp) {
        self.ticks += 1;
        let elapsed = self.last_tick.age(now).as_secs_f64();
        self.seconds_per_tick = if elapsed > 0.0 {
            elapsed
        } else {
            self.seconds_per_tick
        };
        self.last_tick = now;
        let wave = (self.ticks as f64 / 30.0).sin();
        let mut events = Vec::new();
        for container in self.containers.values_mut() {
            container.simulate(wave, self.seconds_per_tick, &mut self.rng);
            if let Some(action) = container.next_event(now, &mut self.rng) {
                events.push((container.container.clone(), action));
            }
        }
        for (container, action) in events {
            self.record_event(&container, action, now);
        }
    }

    /// All containers as a list shows them.
    pub(super) fn containers(&self) -> Vec<Container> {
        self.containers
            .values()
            .map(|container| container.listed())
            .collect()
    }

    /// Stats of all containers that have any.
    pub(super) fn stats(&self, now: Timestamp) -> Vec<ContainerStats> {
        let running = self
            .containers
            .values()
            .filter(|container| container.container.state.has_stats());
        running.map(|container| container.stats(now)).collect()
    }

    /// Metrics of the simulated host.
    pub(super) fn metrics(&self, now: Timestamp) -> HostMetrics {
        let up = self
            .containers
            .values()
            .filter(|container| container.container.state == ContainerState::Running);
        let (mut load, mut memory, mut rates) = (0.0, 2e9, [0.0; 4]);
        for container in up {
            load += container.load;
            memory += container.memory;
            for (sum, rate) in rates.iter_mut().zip(container.rates) {
                *sum += rate;
            }
        }
        let cores = 16_u32;
        let usage = round_percent((load / f64::from(cores) * 100.0).min(100.0));
        let used = (memory as u64).min(HOST_MEMORY);
        let disk_used = HOST_DISK / 3 + (self.ticks << 16).min(HOST_DISK / 3);
        let memory = Memory {
            total: HOST_MEMORY,
            used,
            free: HOST_MEMORY - used,
            usage: percent_of(used, HOST_MEMORY).unwrap_or(0.0),
        };
        let disk = Disk {
            total: HOST_DISK,
            used: disk_used,
            free: HOST_DISK - disk_used,
            usage: percent_of(disk_used, HOST_DISK).unwrap_or(0.0),
            path: "/".to_owned(),
        };
        let [rx_rate, tx_rate, ..] = rates;
        let age = self.started.age(now).as_secs();
        HostMetrics {
            cpu: Cpu {
                usage,
                cores,
                load_avg: [round_percent(load); 3],
                per_core: vec![usage; cores as usize],
            },
            memory,
            swap: None,
            disk: Some(disk.clone()),
            disks: vec![disk],
            networks: vec![Network {
                name: "eth0".to_owned(),
                rx: rx_rate as u64 * age,
                tx: tx_rate as u64 * age,
                rx_rate: Some(rx_rate as u64),
                tx_rate: Some(tx_rate as u64),
            }],
            temperatures: Vec::new(),
            uptime: 3_600 * 24 * 41 + age,
            hostname: self.host.to_string(),
            dashboard: None,
        }
    }

    /// The events since the last call.
    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// A container, if it exists.
    pub(super) fn get(&self, id: ContainerId) -> Option<&Container> {
        self.containers
            .get(&id)
            .map(|container| &container.container)
    }

    /// The memory limit in bytes; `None` for no limit.
    pub(super) fn memory_limit(&self, id: ContainerId) -> Option<u64> {
        self.containers.get(&id)?.memory_limit
    }

    /// The log of a container.
    pub(super) fn log(&self, id: ContainerId) -> Option<DemoLog> {
        let container = self.containers.get(&id)?;
        Some(DemoLog::of(&container.container, container.downtime))
    }

    /// Performs an action as an engine would.
    pub(super) fn act(
        &mut self,
        id: ContainerId,
        action: Action,
        options: &ActionOptions,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let container = self.containers.get_mut(&id).ok_or(EngineError::NotFound)?;
        let state = container.container.state;
        let force = options.force.unwrap_or(false);
        if !action.allowed(state) || (action == Action::Remove && state.is_up() && !force) {
            return Err(EngineError::Conflict(format!(
                "the container is {}",
                state.as_str()
            )));
        }
        match action {
            Action::Start | Action::Restart => container.start(now),
            Action::Stop => container.end(0, now),
            Action::Kill => container.end(137, now),
            Action::Pause => container.container.state = ContainerState::Paused,
            Action::Unpause => container.container.state = ContainerState::Running,
            Action::Rename => container.container.name = options.name.clone().unwrap_or_default(),
            Action::Remove => {}
        }
        container.behavior = Behavior::Stable;
        let container = container.container.clone();
        if action == Action::Remove {
            self.containers.remove(&id);
        }
        let action = match action {
            Action::Remove => "destroy",
            action => action.as_str(),
        };
        self.record_event(&container, action, now);
        Ok(())
    }

    fn record_event(&mut self, container: &Container, action: &str, now: Timestamp) {
        let code = container
            .exit_code
            .map(|code| ("exitCode".to_owned(), code.to_string()));
        self.events.push(Event {
            host: self.host,
            timestamp: now,
            kind: "container".to_owned(),
            action: action.to_owned(),
            id: container.id.to_string(),
            name: container.name.clone(),
            attributes: code.filter(|_| action == "die").into_iter().collect(),
            subject: Some(Arc::new(EventSubject {
                project: container.project.clone(),
                labels: container.labels.clone(),
            })),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn world(seed: u64) -> World {
        World::new(
            HostId::demo(),
            100,
            seed,
            Timestamp::from_millis(1_000_000_000),
        )
    }

    fn simulate(mut world: World) -> (Vec<Container>, Vec<ContainerStats>, Vec<Event>) {
        let mut now = Timestamp::from_millis(1_000_000_000);
        for _ in 0..60 {
            now = now.plus(Duration::from_secs(2));
            world.tick(now);
        }
        (world.containers(), world.stats(now), world.take_events())
    }

    #[test]
    fn the_same_seed_gives_the_same_simulation_and_another_seed_another() {
        assert_eq!(simulate(world(1)), simulate(world(1)));
        assert_ne!(simulate(world(1)).0, simulate(world(2)).0);
    }

    #[test]
    fn containers_crash_become_unhealthy_and_are_restarted() {
        let (containers, stats, events) = simulate(world(1));
        let names: std::collections::BTreeSet<_> = containers.iter().map(|c| &c.name).collect();
        assert_eq!(names.len(), 100, "names differ");
        assert!(events.iter().any(|event| event.action == "die"));
        assert!(
            events
                .iter()
                .any(|event| event.action == "health_status: unhealthy")
        );
        assert!(containers.iter().any(|c| c.restart_count > Some(0)));
        assert!(containers.iter().any(|c| c.state == ContainerState::Exited));
        assert!(
            stats
                .iter()
                .all(|s| s.memory_percent.is_some_and(|p| (0.0..=100.0).contains(&p)))
        );
    }

    #[test]
    fn actions_depend_on_the_state_as_with_an_engine() {
        let mut world = world(1);
        let now = Timestamp::from_millis(2_000_000_000);
        let options = ActionOptions::default();
        let running = world
            .containers
            .values()
            .find(|b| b.container.state == ContainerState::Running);
        let id = running.unwrap().container.id;
        assert!(matches!(
            world.act(id, Action::Start, &options, now),
            Err(EngineError::Conflict(_))
        ));
        assert!(matches!(
            world.act(id, Action::Remove, &options, now),
            Err(EngineError::Conflict(_))
        ));
        world.act(id, Action::Stop, &options, now).unwrap();
        assert_eq!(world.get(id).unwrap().state, ContainerState::Exited);
        world.act(id, Action::Start, &options, now).unwrap();
        let force = ActionOptions {
            force: Some(true),
            ..options.clone()
        };
        world.act(id, Action::Remove, &force, now).unwrap();
        assert_eq!(
            world.act(id, Action::Stop, &options, now),
            Err(EngineError::NotFound)
        );
    }
}
