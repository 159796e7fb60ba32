//! Synthetic containers whose figures change in a fixed way: at each tick, a given number of rows
//! changes in four cells each, and every changed cell gets a new text.

use crate::Failure;
use deckwatch::{
    model::{
        Container, ContainerId, ContainerState, ContainerStats, HostId, SourceKind, SourceState,
        SourceStatus, Sparkline, Timestamp, Update, WorkloadId, format, percent_of,
    },
    plot::Spark,
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const LIMIT: u64 = 1 << 30;
/// Age of the containers: high enough that the displayed uptime does not change during a run.
const OLD: Duration = Duration::from_secs(30 * 86_400);

/// The rows and their figures.
pub(crate) struct Rows {
    host: HostId,
    ids: Vec<ContainerId>,
    stats: Vec<ContainerStats>,
    looks: Vec<Look>,
    tick: u64,
}

/// What a row shows besides its texts: its sparkline and the class of its CPU bar.
struct Look {
    line: Sparkline,
    drawn: Spark,
    class: &'static str,
}

impl Look {
    fn new(id: ContainerId) -> Self {
        Self {
            line: Sparkline::new(WorkloadId::container(HostId::demo(), id)),
            drawn: Spark::default(),
            class: "",
        }
    }

    /// Applies figures and returns the class of the CPU bar and the two paths of the sparkline, each only
    /// if it has changed.
    fn change(&mut self, stats: &ContainerStats) -> (Option<&'static str>, Option<[String; 2]>) {
        self.line.push(stats.timestamp, stats.cpu_percent, false);
        let drawn = Spark::of_cpu(&self.line, now());
        let class = match stats.cpu_percent.unwrap_or_default() {
            percent if percent >= 92.0 => "meter cpu full",
            percent if percent >= 80.0 => "meter cpu hot",
            _ => "meter cpu",
        };
        let has_other_class = std::mem::replace(&mut self.class, class) != class;
        let is_other_line = drawn != self.drawn;
        self.drawn = drawn;
        let paths = || [self.drawn.area.clone(), self.drawn.line.clone()];
        (has_other_class.then_some(class), is_other_line.then(paths))
    }
}

impl Rows {
    pub(crate) fn new(n: usize) -> Result<Self, Failure> {
        let ids: Vec<ContainerId> = (0..n)
            .map(|at| format!("{at:064x}").parse().map_err(|_| "no id"))
            .collect::<Result<_, _>>()?;
        let mut rows = Self {
            host: HostId::demo(),
            stats: Vec::new(),
            looks: ids.iter().map(|id| Look::new(*id)).collect(),
            ids,
            tick: 0,
        };
        rows.stats = (0..n).filter_map(|at| rows.figures(at)).collect();
        Ok(rows)
    }

    /// The initial state: the source, all containers and their figures.
    pub(crate) fn first(&self) -> Vec<Update> {
        let at = now();
        let status = SourceStatus {
            host: self.host,
            source: SourceKind::Demo,
            state: SourceState::Live,
            since: at,
            message: None,
            endpoint: None,
            version: None,
            machine: None,
            last_seen: None,
        };
        let containers = self.ids.iter().enumerate();
        vec![
            Update::Source(status),
            Update::Containers {
                timestamp: at,
                host: self.host,
                data: containers
                    .map(|(at, id)| Arc::new(container(at, *id)))
                    .collect(),
            },
            self.published(),
        ]
    }

    /// Changes the first `rows` rows. Returns the updates for Deckwatch, and the same changes as JSON with
    /// the texts and paths already formatted.
    pub(crate) fn tick(&mut self, rows: usize) -> (Vec<Update>, String) {
        self.tick += 1;
        let mut texts = Vec::new();
        for at in 0..rows {
            let Some(figures) = self.figures(at) else {
                continue;
            };
            if let (Some(stats), Some(look)) = (self.stats.get_mut(at), self.looks.get_mut(at)) {
                texts.push((texts_of(&figures), look.change(&figures)));
                *stats = figures;
            }
        }
        let texts = serde_json::to_string(&texts).unwrap_or_default();
        (vec![self.published()], texts)
    }

    fn published(&self) -> Update {
        Update::Stats {
            timestamp: now(),
            host: self.host,
            data: self.stats.iter().cloned().map(Arc::new).collect(),
        }
    }

    /// Figures of a row that differ from those of the previous tick in every cell, even when formatted.
    fn figures(&self, at: usize) -> Option<ContainerStats> {
        let id = *self.ids.get(at)?;
        let step = (self.tick * 7 + at as u64 * 13) % 90;
        let usage = (step + 5) << 20;
        Some(ContainerStats {
            cpu_percent: Some(step as f32 + 1.5),
            memory_usage: Some(usage),
            memory_limit: Some(LIMIT),
            memory_percent: percent_of(usage, LIMIT),
            network_rx: Some(0),
            network_tx: Some(0),
            block_read: Some(0),
            block_write: Some(0),
            network_rx_rate: Some((step + 1) * 1_000),
            network_tx_rate: Some((step + 2) * 1_000),
            block_read_rate: Some((step + 3) * 1_000),
            block_write_rate: Some((step + 4) * 1_000),
            pids: Some(3),
            ..ContainerStats::unknown(id, name(at), now())
        })
    }
}

/// Texts as the table shows them: CPU and its bar, memory and its bar, network, disk.
fn texts_of(stats: &ContainerStats) -> [String; 6] {
    let cpu = stats.cpu_percent.unwrap_or_default();
    let memory = stats.memory_percent.unwrap_or_default();
    let bar = |percent: f32| format!("{}%", percent.clamp(0.0, 100.0).round());
    let used = format::bytes(stats.memory_usage.unwrap_or_default());
    let rates = |first: &str, down: Option<u64>, then: &str, up: Option<u64>| {
        let (down, up) = (down.unwrap_or_default(), up.unwrap_or_default());
        format!(
            "{first} {}\n{then} {}",
            format::rate(down),
            format::rate(up)
        )
    };
    [
        format::percent(cpu),
        bar(cpu),
        format!("{used} / {}", format::bytes(LIMIT)),
        bar(memory),
        rates("↓", stats.network_rx_rate, "↑", stats.network_tx_rate),
        rates("R", stats.block_read_rate, "W", stats.block_write_rate),
    ]
}

fn name(at: usize) -> String {
    format!("row-{at:04}")
}

fn container(at: usize, id: ContainerId) -> Container {
    let born = Timestamp::from_millis(now().as_millis() - OLD.as_millis() as i64);
    Container {
        id,
        name: name(at),
        image: "nginx:1.28".into(),
        state: ContainerState::Running,
        status: "Up 4 weeks".into(),
        health: None,
        created: born,
        started_at: Some(born),
        finished_at: None,
        ports: Vec::new(),
        labels: BTreeMap::new(),
        project: None,
        restart_count: Some(0),
        exit_code: None,
        protected: false,
        nano_cpus: None,
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(since.as_millis() as i64)
}
