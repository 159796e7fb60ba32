//! The invented containers and what happens to them: deterministic, without a clock of its own.

use super::log::DemoLog;
use crate::{
    model::{
        Action, ActionOptions, Container, ContainerId, ContainerState, ContainerStats, Cpu, Disk,
        Event, Health, HostId, HostMetrics, Memory, Network, Port, Timestamp, format, percent_of,
        round_percent,
    },
    server::source::EngineError,
};
use std::{collections::BTreeMap, time::Duration};

const PROJECTS: [&str; 6] = ["shop", "blog", "media", "monitoring", "auth", "ci"];
const SERVICES: [(&str, &str, u16); 8] = [
    ("web", "nginx:1.28", 80),
    ("api", "shop/api:4.2.0", 8000),
    ("db", "postgres:17", 5432),
    ("cache", "redis:8", 6379),
    ("worker", "shop/worker:4.2.0", 0),
    ("queue", "rabbitmq:4", 5672),
    ("mailer", "mailer:0.9", 0),
    ("search", "opensearch:3", 9200),
];
/// Memory of the invented host.
const HOST_MEMORY: u64 = 64 << 30;
/// Disk of the invented host.
const HOST_DISK: u64 = 500 << 30;
/// Ticks a container in trouble takes to come back.
const RESTART_TICKS: u32 = 3;

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

#[derive(Clone, Debug)]
struct Being {
    container: Container,
    nature: Nature,
    /// Load as a share of one core.
    load: f64,
    memory: f64,
    limit: u64,
    moved: [f64; 4],
    rates: [f64; 4],
    down_for: u32,
    /// From when to when it last did not run.
    rested: Option<(Timestamp, Timestamp)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nature {
    /// Never fails.
    Sound,
    /// Fails its health check now and then.
    Sickly,
    /// Crashes and is restarted.
    Crashing,
    /// Ended long ago.
    Ended,
}

impl World {
    /// `count` containers; the same `seed` gives the same life.
    pub(super) fn new(host: HostId, count: usize, seed: u64, now: Timestamp) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let containers = (0..count)
            .map(|n| being(n, &mut rng, now))
            .map(|b| (b.container.id, b))
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
    pub(super) fn containers(&self, now: Timestamp) -> Vec<Container> {
        self.containers
            .values()
            .map(|being| being.shown(now))
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
            host: self.host.clone(),
            timestamp: now,
            kind: "container".to_owned(),
            action: action.to_owned(),
            id: container.id.to_string(),
            name: container.name.clone(),
            attributes: code.filter(|_| action == "die").into_iter().collect(),
        });
    }
}

fn being(n: usize, rng: &mut fastrand::Rng, now: Timestamp) -> Being {
    let (service, image, port) = SERVICES
        .get(n % SERVICES.len())
        .copied()
        .unwrap_or(("web", "nginx", 80));
    let project = PROJECTS
        .get(n / SERVICES.len() % PROJECTS.len())
        .copied()
        .unwrap_or("shop");
    let round = n / (SERVICES.len() * PROJECTS.len());
    let suffix = if round == 0 {
        String::new()
    } else {
        format!("-{}", round + 1)
    };
    let nature = match rng.u8(..100) {
        0..=4 => Nature::Crashing,
        5..=9 => Nature::Sickly,
        10..=19 => Nature::Ended,
        _ => Nature::Sound,
    };
    let mut id = [0; 32];
    rng.fill(&mut id);
    let age = Duration::from_secs(rng.u64(60..40 * 86_400));
    let created = Timestamp::from_millis(now.as_millis() - age.as_millis() as i64);
    let ports = (port > 0).then(|| Port {
        ip: Some("127.0.0.1".to_owned()),
        private_port: port,
        public_port: u16::try_from(20_000 + n % 40_000).ok(),
        protocol: "tcp".to_owned(),
    });
    let limit = (64_u64 << 20) << rng.u32(0..5);
    let mut being = Being {
        container: Container {
            id: ContainerId::from_bytes(id),
            name: format!("{project}-{service}{suffix}"),
            image: image.to_owned(),
            state: ContainerState::Running,
            status: String::new(),
            health: (nature == Nature::Sickly || n.is_multiple_of(3)).then_some(Health::Healthy),
            created,
            started_at: Some(created),
            finished_at: None,
            ports: ports.into_iter().collect(),
            labels: BTreeMap::from([("deckwatch.demo".to_owned(), "true".to_owned())]),
            project: Some(project.to_owned()),
            restart_count: Some(0),
            exit_code: None,
            protected: false,
        },
        nature,
        load: rng.f64() * 0.4,
        memory: limit as f64 * (0.1 + 0.7 * rng.f64()),
        limit,
        moved: [0.0; 4],
        rates: [0.0; 4],
        down_for: 0,
        rested: None,
    };
    if nature == Nature::Ended {
        being.end(if n.is_multiple_of(2) { 0 } else { 1 }, now);
    }
    being
}

impl Being {
    fn start(&mut self, now: Timestamp) {
        let ended = self.container.finished_at.take();
        self.rested = ended.map(|ended| (ended, now)).or(self.rested);
        self.container.state = ContainerState::Running;
        self.container.started_at = Some(now);
        self.container.exit_code = None;
    }

    fn end(&mut self, code: i32, now: Timestamp) {
        self.container.state = ContainerState::Exited;
        self.container.finished_at = Some(now);
        self.container.exit_code = Some(code);
    }

    /// Load and memory wander; counters grow.
    fn live(&mut self, wave: f64, seconds: f64, rng: &mut fastrand::Rng) {
        if self.container.state != ContainerState::Running {
            self.rates = [0.0; 4];
            return;
        }
        self.load = (self.load + (rng.f64() - 0.5) * 0.1 + wave * 0.01).clamp(0.002, 1.6);
        let limit = self.limit as f64;
        self.memory =
            (self.memory + (rng.f64() - 0.48) * limit * 0.01).clamp(limit * 0.05, limit * 0.97);
        for (rate, moved) in self.rates.iter_mut().zip(&mut self.moved) {
            *rate = self.load * rng.f64() * 1e6;
            *moved += *rate * seconds;
        }
    }

    /// What befalls it now, in the engine's word.
    fn fate(&mut self, now: Timestamp, rng: &mut fastrand::Rng) -> Option<&'static str> {
        if self.down_for > 0 {
            self.down_for -= 1;
            if self.down_for == 0 {
                self.start(now);
                self.container.restart_count = self.container.restart_count.map(|n| n + 1);
                return Some("start");
            }
            return None;
        }
        match self.nature {
            Nature::Crashing if rng.u8(..20) == 0 => {
                self.container.state = ContainerState::Restarting;
                self.container.exit_code = Some(1);
                self.down_for = RESTART_TICKS;
                Some("die")
            }
            Nature::Sickly if rng.u8(..15) == 0 => {
                let is_sick = self.container.health == Some(Health::Unhealthy);
                let (health, word) = if is_sick {
                    (Health::Healthy, "health_status: healthy")
                } else {
                    (Health::Unhealthy, "health_status: unhealthy")
                };
                self.container.health = Some(health);
                Some(word)
            }
            _ => None,
        }
    }

    fn shown(&self, now: Timestamp) -> Container {
        let container = &self.container;
        let since = |at: Option<Timestamp>| format::duration(at.unwrap_or(now).age(now));
        let status = match container.state {
            ContainerState::Running => "Up".to_owned(),
            ContainerState::Exited => {
                format!(
                    "Exited ({}) {} ago",
                    container.exit_code.unwrap_or(0),
                    since(container.finished_at)
                )
            }
            state => state.as_str().to_owned(),
        };
        // As with an engine, a text that ages would be a change without news.
        let status = status.split(") ").next().unwrap_or_default().to_owned();
        Container {
            status,
            ..container.clone()
        }
    }

    fn stats(&self, now: Timestamp) -> ContainerStats {
        let container = &self.container;
        let mut stats = ContainerStats::unknown(container.id, container.name.clone(), now);
        let [rx, tx, read, written] = self.moved.map(|bytes| Some(bytes as u64));
        let [rx_rate, tx_rate, read_rate, write_rate] = self.rates.map(|rate| Some(rate as u64));
        let runs = container.state == ContainerState::Running;
        stats.cpu_percent = Some(if runs {
            round_percent(self.load * 100.0)
        } else {
            0.0
        });
        stats.memory_usage = Some(self.memory as u64);
        stats.memory_limit = Some(self.limit);
        stats.memory_percent = percent_of(self.memory as u64, self.limit);
        (
            stats.network_rx,
            stats.network_tx,
            stats.block_read,
            stats.block_write,
        ) = (rx, tx, read, written);
        (stats.network_rx_rate, stats.network_tx_rate) = (rx_rate, tx_rate);
        (stats.block_read_rate, stats.block_write_rate) = (read_rate, write_rate);
        stats.pids = Some(1 + (self.load * 10.0) as u32);
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(seed: u64) -> World {
        World::new(
            HostId::new(HostId::DEMO),
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
        (world.containers(now), world.stats(now), world.take_events())
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
