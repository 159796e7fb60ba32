//! Resource figures of a host at one moment.

use serde::{Deserialize, Serialize};

/// Resource figures of one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HostMetrics {
    /// Processor.
    pub cpu: Cpu,
    /// Main memory.
    pub memory: Memory,
    /// Swap space; absent when there is none.
    #[serde(default)]
    pub swap: Option<Memory>,
    /// The file system that matters most: the root one where there is one.
    #[serde(default)]
    pub disk: Option<Disk>,
    /// Every real file system.
    #[serde(default)]
    pub disks: Vec<Disk>,
    /// Every network interface but loopback and the containers' own.
    #[serde(default)]
    pub networks: Vec<Network>,
    /// Sensors, in degrees Celsius.
    #[serde(default)]
    pub temperatures: Vec<Temperature>,
    /// Seconds since the host booted.
    pub uptime: u64,
    /// The host's own name.
    pub hostname: String,
    /// What Deckwatch itself costs this host; absent where it does not run.
    #[serde(default)]
    pub dashboard: Option<DashboardCost>,
}

/// Processor figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Cpu {
    /// Share of all cores in use since the previous sample, 0–100.
    pub usage: f32,
    /// Number of logical cores.
    pub cores: u32,
    /// Load average over 1, 5 and 15 minutes.
    pub load_avg: [f32; 3],
    /// Share of each core in use, 0–100.
    #[serde(default)]
    pub per_core: Vec<f32>,
}

/// Memory or swap, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// In use, without what can be dropped at once.
    pub used: u64,
    /// Available to a new process.
    pub free: u64,
    /// Share in use, 0–100.
    pub usage: f32,
}

/// A file system, in bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Disk {
    /// All of it.
    pub total: u64,
    /// In use.
    pub used: u64,
    /// Available.
    pub free: u64,
    /// Share in use, 0–100.
    pub usage: f32,
    /// Where it is mounted.
    pub path: String,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// Its name, e.g. `eth0`.
    pub name: String,
    /// Bytes received since boot.
    pub rx: u64,
    /// Bytes sent since boot.
    pub tx: u64,
    /// Bytes received per second since the previous sample; absent in the first.
    #[serde(default)]
    pub rx_rate: Option<u64>,
    /// Bytes sent per second since the previous sample; absent in the first.
    #[serde(default)]
    pub tx_rate: Option<u64>,
}

/// A temperature sensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Temperature {
    /// What it measures.
    pub name: String,
    /// Degrees Celsius.
    pub celsius: f32,
}

/// What Deckwatch itself costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DashboardCost {
    /// Share of one core since the previous sample, in percent.
    pub cpu_percent: f32,
    /// Resident memory in bytes.
    pub memory: u64,
}
