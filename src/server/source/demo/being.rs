//! One invented container: what it is like, and what befalls it.

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
/// Memory of the invented host.
pub(super) const HOST_MEMORY: u64 = 64 << 30;
/// Ticks a container in trouble takes to come back.
const RESTART_TICKS: u32 = 3;

/// An invented container.
#[derive(Clone, Debug)]
pub(super) struct Being {
    pub(super) container: Container,
    pub(super) nature: Nature,
    /// Load as a share of one core.
    pub(super) load: f64,
    pub(super) memory: f64,
    /// Its memory stays below this, whether or not that is enforced as a limit.
    most_memory: u64,
    /// The most memory it may use; absent for no limit.
    pub(super) memory_limit: Option<u64>,
    moved: [f64; 4],
    pub(super) rates: [f64; 4],
    down_for: u32,
    /// From when to when it last did not run.
    pub(super) rested: Option<(Timestamp, Timestamp)>,
}

/// What may befall it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    /// Never fails.
    Sound,
    /// Fails its health check now and then.
    Sickly,
    /// Crashes and is restarted.
    Crashing,
    /// Ended long ago.
    Ended,
}

impl Being {
    /// The one with the number `n`.
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
        let most_memory = (64_u64 << 20) << rng.u32(0..5);
        // Without chance, so that limits change nothing of the life a seed gives.
        let memory_limit = (n % 4 != 3).then_some(most_memory);
        let nano_cpus = (n % 5 == 2).then_some(500_000_000);
        let mut being = Self {
            container: Container {
                id: ContainerId::from_bytes(id),
                name: format!("{project}-{service}{suffix}"),
                image: image.to_owned(),
                state: ContainerState::Running,
                status: String::new(),
                health: (nature == Nature::Sickly || n.is_multiple_of(3))
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
            nature,
            load: rng.f64() * 0.4,
            memory: most_memory as f64 * (0.1 + 0.7 * rng.f64()),
            most_memory,
            memory_limit,
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

    pub(super) fn start(&mut self, now: Timestamp) {
        let ended = self.container.finished_at.take();
        self.rested = ended.map(|ended| (ended, now)).or(self.rested);
        self.container.state = ContainerState::Running;
        self.container.started_at = Some(now);
        self.container.exit_code = None;
    }

    pub(super) fn end(&mut self, code: i32, now: Timestamp) {
        self.container.state = ContainerState::Exited;
        self.container.finished_at = Some(now);
        self.container.exit_code = Some(code);
    }

    /// Load and memory wander; counters grow.
    pub(super) fn live(&mut self, wave: f64, seconds: f64, rng: &mut fastrand::Rng) {
        if self.container.state != ContainerState::Running {
            self.rates = [0.0; 4];
            return;
        }
        let quota = self.container.nano_cpus.map(|nano| nano as f64 / 1e9);
        let most_load = quota.unwrap_or(1.6);
        self.load = (self.load + (rng.f64() - 0.5) * 0.1 + wave * 0.01).clamp(0.002, most_load);
        let most = self.most_memory as f64;
        self.memory =
            (self.memory + (rng.f64() - 0.48) * most * 0.01).clamp(most * 0.05, most * 0.97);
        for (rate, moved) in self.rates.iter_mut().zip(&mut self.moved) {
            *rate = self.load * rng.f64() * 1e6;
            *moved += *rate * seconds;
        }
    }

    /// What befalls it now, in the engine's word.
    pub(super) fn fate(&mut self, now: Timestamp, rng: &mut fastrand::Rng) -> Option<&'static str> {
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
                self.container.finished_at = Some(now);
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

    /// As a list would show it.
    pub(super) fn shown(&self) -> Container {
        let container = &self.container;
        // As with an engine, a text that ages would be a change without news.
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
        let [rx, tx, read, written] = self.moved.map(|bytes| Some(bytes as u64));
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
