//! One simulated container: its properties, its load, and what happens to it.

use crate::model::{
    Container, ContainerId, ContainerState, ContainerStats, Health, Port, Timestamp, percent_of,
    round_percent,
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
/// Memory of the simulated host, in bytes.
pub(super) const HOST_MEMORY: u64 = 64 << 30;
/// Ticks until a crashed container is running again.
const RESTART_TICKS: u32 = 3;

/// A simulated container.
#[derive(Clone, Debug)]
pub(super) struct DemoContainer {
    pub(super) container: Container,
    pub(super) behavior: Behavior,
    /// CPU load in cores.
    pub(super) load: f64,
    pub(super) memory: f64,
    /// Upper bound of its simulated memory, whether or not it is enforced as a limit.
    max_memory: u64,
    /// Its memory limit in bytes; `None` for no limit.
    pub(super) memory_limit: Option<u64>,
    transferred: [f64; 4],
    pub(super) rates: [f64; 4],
    restart_in: u32,
    /// The last time span in which it did not run.
    pub(super) downtime: Option<(Timestamp, Timestamp)>,
}

/// What may happen to a simulated container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behavior {
    /// It never fails.
    Stable,
    /// Its health check fails now and then.
    Flaky,
    /// It crashes and is restarted.
    Crashing,
    /// It ended long ago.
    Ended,
}

impl DemoContainer {
    /// The container with the number `n`.
    pub(super) fn new(n: usize, rng: &mut fastrand::Rng, now: Timestamp) -> Self {
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
        let behavior = match rng.u8(..100) {
            0..=4 => Behavior::Crashing,
            5..=9 => Behavior::Flaky,
            10..=19 => Behavior::Ended,
            _ => Behavior::Stable,
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
        let max_memory = (64_u64 << 20) << rng.u32(0..5);
        // Not random, so that limits do not change the sequence of random numbers.
        let memory_limit = (n % 4 != 3).then_some(max_memory);
        let nano_cpus = (n % 5 == 2).then_some(500_000_000);
        let mut new = Self {
            container: Container {
                id: ContainerId::from_bytes(id),
                name: format!("{project}-{service}{suffix}"),
                image: image.to_owned(),
                state: ContainerState::Running,
                status: String::new(),
                health: (behavior == Behavior::Flaky || n.is_multiple_of(3))
                    .then_some(Health::Healthy),
                created,
                started_at: Some(created),
                finished_at: None,
                ports: ports.into_iter().collect(),
                labels: BTreeMap::from([("deckwatch.demo".to_owned(), "true".to_owned())]),
                project: Some(project.to_owned()),
                restart_count: Some(0),
                exit_code: None,
                nano_cpus,
                protected: false,
            },
            behavior,
            load: rng.f64() * 0.4,
            memory: max_memory as f64 * (0.1 + 0.7 * rng.f64()),
            max_memory,
            memory_limit,
            transferred: [0.0; 4],
            rates: [0.0; 4],
            restart_in: 0,
            downtime: None,
        };
        if behavior == Behavior::Ended {
            new.end(if n.is_multiple_of(2) { 0 } else { 1 }, now);
        }
        new
    }

    pub(super) fn start(&mut self, now: Timestamp) {
        let ended = self.container.finished_at.take();
        self.downtime = ended.map(|ended| (ended, now)).or(self.downtime);
        self.container.state = ContainerState::Running;
        self.container.started_at = Some(now);
        self.container.exit_code = None;
    }

    pub(super) fn end(&mut self, code: i32, now: Timestamp) {
        self.container.state = ContainerState::Exited;
        self.container.finished_at = Some(now);
        self.container.exit_code = Some(code);
    }

    /// Simulates `seconds` of load, memory and traffic.
    pub(super) fn simulate(&mut self, wave: f64, seconds: f64, rng: &mut fastrand::Rng) {
        if self.container.state != ContainerState::Running {
            self.rates = [0.0; 4];
            return;
        }
        let quota = self.container.nano_cpus.map(|nano| nano as f64 / 1e9);
        let most_load = quota.unwrap_or(1.6);
        self.load = (self.load + (rng.f64() - 0.5) * 0.1 + wave * 0.01).clamp(0.002, most_load);
        let most = self.max_memory as f64;
        self.memory =
            (self.memory + (rng.f64() - 0.48) * most * 0.01).clamp(most * 0.05, most * 0.97);
        for (rate, transferred) in self.rates.iter_mut().zip(&mut self.transferred) {
            *rate = self.load * rng.f64() * 1e6;
            *transferred += *rate * seconds;
        }
    }

    /// The event of this tick, if there is one, as the engine's action.
    pub(super) fn next_event(
        &mut self,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Option<&'static str> {
        if self.restart_in > 0 {
            self.restart_in -= 1;
            if self.restart_in == 0 {
                self.start(now);
                self.container.restart_count = self.container.restart_count.map(|n| n + 1);
                return Some("start");
            }
            return None;
        }
        match self.behavior {
            Behavior::Crashing if rng.u8(..20) == 0 => {
                self.container.state = ContainerState::Restarting;
                self.container.exit_code = Some(1);
                self.container.finished_at = Some(now);
                self.restart_in = RESTART_TICKS;
                Some("die")
            }
            Behavior::Flaky if rng.u8(..15) == 0 => {
                let is_unhealthy = self.container.health == Some(Health::Unhealthy);
                let (health, action) = if is_unhealthy {
                    (Health::Healthy, "health_status: healthy")
                } else {
                    (Health::Unhealthy, "health_status: unhealthy")
                };
                self.container.health = Some(health);
                Some(action)
            }
            _ => None,
        }
    }

    /// The container as a list shows it.
    pub(super) fn listed(&self) -> Container {
        let container = &self.container;
        // As with a real engine, a status with an age would change without an event.
        let status = match container.state {
            ContainerState::Running => "Up".to_owned(),
            ContainerState::Exited => format!("Exited ({})", container.exit_code.unwrap_or(0)),
            state => state.as_str().to_owned(),
        };
        Container {
            status,
            ..container.clone()
        }
    }

    pub(super) fn stats(&self, now: Timestamp) -> ContainerStats {
        let container = &self.container;
        let mut stats = ContainerStats::unknown(container.id, container.name.clone(), now);
        let [rx, tx, read, written] = self.transferred.map(|bytes| Some(bytes as u64));
        let [rx_rate, tx_rate, read_rate, write_rate] = self.rates.map(|rate| Some(rate as u64));
        let runs = container.state == ContainerState::Running;
        stats.cpu_percent = Some(if runs {
            round_percent(self.load * 100.0)
        } else {
            0.0
        });
        stats.memory_usage = Some(self.memory as u64);
        stats.memory_limit = self.memory_limit;
        let available = self.memory_limit.unwrap_or(HOST_MEMORY);
        stats.memory_percent = percent_of(self.memory as u64, available);
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
