//! The invented containers and what happens to them: deterministic, without a clock of its own.

use super::{
    being::{Being, HOST_MEMORY, Nature},
    log::DemoLog,
};
use crate::{
    model::{
        Action, ActionOptions, Container, ContainerId, ContainerState, ContainerStats, Cpu, Disk,
        Event, HostId, HostMetrics, Memory, Network, Timestamp, percent_of, round_percent,
    },
    server::source::EngineError,
};
use std::collections::BTreeMap;

/// Disk of the invented host.
const HOST_DISK: u64 = 500 << 30;
/// The invented containers.
#[derive(Debug)]
pub(super) struct World {
    host: HostId,
    born: Timestamp,
    rng: fastrand::Rng,
    ticks: u64,
    containers: BTreeMap<ContainerId, Being>,
    events: Vec<Event>,
    seconds_per_tick: f64,
    last_tick: Timestamp,
}

impl World {
    /// `count` containers; the same `seed` gives the same life.
    pub(super) fn new(host: HostId, count: usize, seed: u64, now: Timestamp) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let containers = (0..count)
            .map(|n| Being::new(n, &mut rng, now))
            .map(|being| (being.container.id, being))
            .collect();
        Self {
            host,
            born: now,
            rng,
            ticks: 0,
            containers,
            events: Vec::new(),
            seconds_per_tick: 2.0,
            last_tick: now,
        }
    }

    /// Lets life go on.
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
        let mut happened = Vec::new();
        for being in self.containers.values_mut() {
            being.live(wave, self.seconds_per_tick, &mut self.rng);
            if let Some(action) = being.fate(now, &mut self.rng) {
                happened.push((being.container.clone(), action));
            }
        }
        for (container, action) in happened {
            self.tell(&container, action, now);
        }
    }

    /// All containers, as a list would show them.
    pub(super) fn containers(&self) -> Vec<Container> {
        self.containers
            .values()
            .map(|being| being.shown())
            .collect()
    }

    /// Figures of all running containers.
    pub(super) fn stats(&self, now: Timestamp) -> Vec<ContainerStats> {
        let running = self
            .containers
            .values()
            .filter(|being| being.container.state.has_stats());
        running.map(|being| being.stats(now)).collect()
    }

    /// Figures of the invented host.
    pub(super) fn metrics(&self, now: Timestamp) -> HostMetrics {
        let up = self
            .containers
            .values()
            .filter(|being| being.container.state == ContainerState::Running);
        let (mut load, mut memory, mut rates) = (0.0, 2e9, [0.0; 4]);
        for being in up {
            load += being.load;
            memory += being.memory;
            for (sum, rate) in rates.iter_mut().zip(being.rates) {
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
        let age = self.born.age(now).as_secs();
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

    /// What has happened since it was last asked for.
    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// A container, if it is still there.
    pub(super) fn get(&self, id: ContainerId) -> Option<&Container> {
        self.containers.get(&id).map(|being| &being.container)
    }

    /// The most memory it may use, in bytes; absent for no limit.
    pub(super) fn memory_limit(&self, id: ContainerId) -> Option<u64> {
        self.containers.get(&id)?.memory_limit
    }

    /// What it writes.
    pub(super) fn log(&self, id: ContainerId) -> Option<DemoLog> {
        let being = self.containers.get(&id)?;
        Some(DemoLog::of(&being.container, being.rested))
    }

    /// Does what an engine would.
    pub(super) fn act(
        &mut self,
        id: ContainerId,
        action: Action,
        options: &ActionOptions,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let being = self.containers.get_mut(&id).ok_or(EngineError::NotFound)?;
        let state = being.container.state;
        let force = options.force.unwrap_or(false);
        if !action.allowed(state) || (action == Action::Remove && state.is_up() && !force) {
            return Err(EngineError::Conflict(format!(
                "the container is {}",
                state.as_str()
            )));
        }
        match action {
            Action::Start | Action::Restart => being.start(now),
            Action::Stop => being.end(0, now),
            Action::Kill => being.end(137, now),
            Action::Pause => being.container.state = ContainerState::Paused,
            Action::Unpause => being.container.state = ContainerState::Running,
            Action::Rename => being.container.name = options.name.clone().unwrap_or_default(),
            Action::Remove => {}
        }
        being.nature = Nature::Sound;
        let container = being.container.clone();
        if action == Action::Remove {
            self.containers.remove(&id);
        }
        let word = match action {
            Action::Remove => "destroy",
            action => action.as_str(),
        };
        self.tell(&container, word, now);
        Ok(())
    }

    fn tell(&mut self, container: &Container, action: &str, now: Timestamp) {
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

    fn life(mut world: World) -> (Vec<Container>, Vec<ContainerStats>, Vec<Event>) {
        let mut now = Timestamp::from_millis(1_000_000_000);
        for _ in 0..60 {
            now = now.plus(Duration::from_secs(2));
            world.tick(now);
        }
        (world.containers(), world.stats(now), world.take_events())
    }

    #[test]
    fn the_same_seed_gives_the_same_life_and_another_one_another() {
        assert_eq!(life(world(1)), life(world(1)));
        assert_ne!(life(world(1)).0, life(world(2)).0);
    }

    #[test]
    fn there_is_life_in_it() {
        let (containers, stats, events) = life(world(1));
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
    fn actions_follow_the_state_as_in_an_engine() {
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
