//! The host's own metrics, from its operating system.

mod own_cost;
mod traffic;

use super::{Observer, Status};
use crate::{
    model::{
        Cpu, Disk, HostMetrics, Memory, SourceKind, SourceState, Temperature, percent_of,
        round_percent,
    },
    server::health::Heartbeat,
};
use own_cost::OwnCost;
use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};
use sysinfo::{Components, Disks, System};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use traffic::Traffic;

/// Disks fill slowly, and reading them can be slow.
const DISKS_EVERY: Duration = Duration::from_secs(30);
/// Temperatures change slowly, and some sensors are slow to answer.
const TEMPERATURES_EVERY: Duration = Duration::from_secs(10);
/// File systems that are not disks.
const VIRTUAL_FILE_SYSTEMS: [&str; 6] = [
    "tmpfs", "ramfs", "squashfs", "devtmpfs", "overlay", "efivarfs",
];

/// The machine that Deckwatch runs on, as a source.
#[derive(Debug)]
pub struct SystemSource {
    observer: Observer,
    interval: Duration,
    /// Name and version of the operating system.
    version: Option<String>,
}

impl SystemSource {
    /// A source that samples every `interval`.
    pub fn new(observer: Observer, interval: Duration) -> Self {
        Self {
            observer,
            interval,
            version: System::long_os_version().ok(),
        }
    }

    /// Samples the host until `shutdown`.
    pub async fn run(self, mut heartbeat: Heartbeat, shutdown: CancellationToken) {
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut probe = None;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = heartbeat.due() => continue,
                _ = ticks.tick() => {}
            }
            let idle_probe = probe.take();
            // Reading disks and sensors can block.
            let sampled = tokio::task::spawn_blocking(move || {
                let mut probe = idle_probe.map_or_else(Probe::new, Ok)?;
                let metrics = probe.sample();
                Ok::<_, sysinfo::Error>((probe, metrics))
            });
            let sampled = tokio::select! {
                () = shutdown.cancelled() => return,
                sampled = sampled => sampled,
            };
            let (idle_probe, metrics) = match sampled {
                Ok(Ok(sampled)) => sampled,
                Ok(Err(error)) => {
                    self.report(SourceState::Down, Some(error.to_string()))
                        .await;
                    continue;
                }
                Err(error) => {
                    self.report(SourceState::Down, Some(error.to_string()))
                        .await;
                    continue;
                }
            };
            probe = Some(idle_probe);
            self.report(SourceState::Live, None).await;
            self.observer.observe(self.observer.metrics(metrics)).await;
        }
    }

    async fn report(&self, state: SourceState, message: Option<String>) {
        let status = Status {
            source: SourceKind::System,
            state,
            message,
            endpoint: None,
            version: self.version.clone(),
            machine: None,
        };
        self.observer.observe(self.observer.status(status)).await;
    }
}

/// The state that is kept between samples.
struct Probe {
    system: System,
    disks: Vec<Disk>,
    disks_at: Option<Instant>,
    traffic: Traffic,
    temperatures: Vec<Temperature>,
    temperatures_at: Option<Instant>,
    components: Option<Components>,
    cost: OwnCost,
}

impl Probe {
    fn new() -> Result<Self, sysinfo::Error> {
        Ok(Self {
            system: System::new()?,
            disks: Vec::new(),
            disks_at: None,
            traffic: Traffic::default(),
            temperatures: Vec::new(),
            temperatures_at: None,
            components: None,
            cost: OwnCost::default(),
        })
    }

    /// Takes a sample. Values that cannot be read are omitted without affecting the others.
    fn sample(&mut self) -> HostMetrics {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        let disks = self.disks();
        HostMetrics {
            cpu: self.cpu(),
            memory: self.memory(),
            swap: self.swap(),
            disk: most_important(&disks),
            disks,
            networks: self.traffic.sample(),
            temperatures: self.temperatures(),
            uptime: System::uptime().unwrap_or(0),
            hostname: System::host_name().unwrap_or_default(),
            dashboard: self.cost.measure(),
        }
    }

    fn cpu(&self) -> Cpu {
        let load = System::load_average().ok();
        let load = load.map_or([0.0; 3], |load| [load.one, load.five, load.fifteen]);
        let per_core: Vec<f32> = self
            .system
            .cpus()
            .iter()
            .map(|cpu| round_percent(cpu.usage().into()))
            .collect();
        Cpu {
            usage: round_percent(self.system.global_cpu_usage().into()),
            cores: u32::try_from(per_core.len()).unwrap_or(u32::MAX),
            load_avg: load.map(round_percent),
            per_core,
        }
    }

    fn memory(&self) -> Memory {
        let (total, free) = (self.system.total_memory(), self.system.available_memory());
        let used = total.saturating_sub(free);
        Memory {
            total,
            used,
            free,
            usage: percent_of(used, total).unwrap_or(0.0),
        }
    }

    fn swap(&self) -> Option<Memory> {
        let (total, used) = (self.system.total_swap(), self.system.used_swap());
        let usage = percent_of(used, total)?;
        Some(Memory {
            total,
            used,
            free: total.saturating_sub(used),
            usage,
        })
    }

    fn disks(&mut self) -> Vec<Disk> {
        if is_due(&mut self.disks_at, DISKS_EVERY) {
            self.disks = Disks::new_with_refreshed_list()
                .map(|disks| real_disks(&disks))
                .unwrap_or_default();
        }
        self.disks.clone()
    }

    fn temperatures(&mut self) -> Vec<Temperature> {
        if is_due(&mut self.temperatures_at, TEMPERATURES_EVERY) {
            self.temperatures = self.read_temperatures();
        }
        self.temperatures.clone()
    }

    fn read_temperatures(&mut self) -> Vec<Temperature> {
        let known = self.components.take().map(Ok);
        let Ok(mut components) = known.unwrap_or_else(Components::new_with_refreshed_list) else {
            return Vec::new();
        };
        components.refresh(false);
        let found = components.iter().filter_map(|component| {
            let celsius = component
                .temperature()
                .filter(|celsius| celsius.is_finite())?;
            Some(Temperature {
                name: component.label().to_owned(),
                celsius: round_percent(celsius.into()),
            })
        });
        let found = found.collect();
        self.components = Some(components);
        found
    }
}

/// Whether `every` has passed since `last`; if so, sets `last` to now.
fn is_due(last: &mut Option<Instant>, every: Duration) -> bool {
    let is_due = last.is_none_or(|at| at.elapsed() >= every);
    if is_due {
        *last = Some(Instant::now());
    }
    is_due
}

/// Each device once, at its shortest mount point.
fn real_disks(disks: &Disks) -> Vec<Disk> {
    let mut mounts: Vec<_> = disks.iter().collect();
    mounts.sort_by_key(|disk| disk.mount_point().as_os_str().len());
    let mut devices = BTreeSet::new();
    let is_real = |disk: &&sysinfo::Disk| {
        let kind = disk.file_system().to_string_lossy();
        let is_root = disk.mount_point() == Path::new("/");
        disk.total_space() > 0 && (is_root || !VIRTUAL_FILE_SYSTEMS.contains(&&*kind))
    };
    let real = mounts.into_iter().filter(is_real);
    let real = real.filter(|disk| devices.insert(disk.name().to_owned()));
    real.map(|disk| space(disk.mount_point()).unwrap_or_else(|| without_reserve(disk)))
        .collect()
}

/// Disk space at `path` as `df` reports it. Blocks reserved for root are neither used nor free, so that the
/// sum of both is less than the total.
fn space(path: &Path) -> Option<Disk> {
    let found = rustix::fs::statvfs(path).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    let used = bytes(found.f_blocks.saturating_sub(found.f_bfree));
    let free = bytes(found.f_bavail);
    Some(Disk {
        total: bytes(found.f_blocks),
        used,
        free,
        usage: percent_of(used, used.saturating_add(free)).unwrap_or(0.0),
        path: path.to_string_lossy().into_owned(),
    })
}

fn without_reserve(disk: &sysinfo::Disk) -> Disk {
    let (total, free) = (disk.total_space(), disk.available_space());
    let used = total.saturating_sub(free);
    Disk {
        total,
        used,
        free,
        usage: percent_of(used, total).unwrap_or(0.0),
        path: disk.mount_point().to_string_lossy().into_owned(),
    }
}

/// The root file system, or the largest one where no root is mounted.
fn most_important(disks: &[Disk]) -> Option<Disk> {
    let root = disks.iter().find(|disk| disk.path == "/");
    root.or_else(|| disks.iter().max_by_key(|disk| disk.total))
        .cloned()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test has no shutdown")]
mod tests {
    use super::*;
    use crate::model::Update;
    use crate::{model::HostId, server::health::Health};

    #[test]
    fn disks_are_as_full_as_df_reports() {
        let df = || {
            let mut df = std::process::Command::new("df");
            let df = df.args(["--block-size=1", "--output=size,used,avail", "/"]);
            let text = String::from_utf8(df.output().ok()?.stdout).unwrap();
            let words = text.split_whitespace();
            let figures: Vec<u64> = words.filter_map(|word| word.parse().ok()).collect();
            <[u64; 3]>::try_from(figures).ok()
        };
        let between = |a: u64, b: u64, figure: u64| (a.min(b)..=a.max(b)).contains(&figure);
        // Other processes write and delete meanwhile, but not between every two reads.
        for _ in 0..1_000 {
            let before = df();
            let disk = space(Path::new("/")).unwrap();
            let Some(([total, used, free], after)) = before.zip(df()) else {
                return;
            };
            if disk.total == total
                && between(used, after[1], disk.used)
                && between(free, after[2], disk.free)
            {
                return;
            }
        }
        panic!("{:?} is not {:?}", space(Path::new("/")), df());
    }

    #[tokio::test]
    async fn the_host_s_metrics_are_sampled() {
        let (sender, mut observations) = tokio::sync::mpsc::channel(8);
        let source = SystemSource::new(
            Observer::new(HostId::default(), sender),
            Duration::from_millis(250),
        );
        let shutdown = CancellationToken::new();
        let heartbeat = Health::default().watch("system");
        let task = tokio::spawn(source.run(heartbeat, shutdown.clone()));
        let metrics = loop {
            if let Some(Update::Metrics { data: metrics, .. }) = observations.recv().await {
                break metrics;
            }
        };
        assert!(metrics.memory.total > metrics.memory.used);
        assert!(metrics.cpu.cores > 0);
        assert!((0.0..=100.0).contains(&metrics.cpu.usage));
        assert!(!metrics.hostname.is_empty());
        assert!(metrics.dashboard.is_some_and(|cost| cost.memory > 0));
        shutdown.cancel();
        drop(observations);
        task.await.unwrap();
    }
}
