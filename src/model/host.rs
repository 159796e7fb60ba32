//! Resource figures of a host at one time.

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
    /// The most important file system: the root one where there is one.
    #[serde(default)]
    pub disk: Option<Disk>,
    /// Every real file system.
    #[serde(default)]
    pub disks: Vec<Disk>,
    /// Every network interface except loopback and those of containers.
    #[serde(default)]
    pub networks: Vec<Network>,
    /// Sensors, in degrees Celsius.
    #[serde(default)]
    pub temperatures: Vec<Temperature>,
    /// Seconds since the host booted.
    pub uptime: u64,
    /// The host name that the host reports.
    pub hostname: String,
    /// Resource use of Deckwatch itself; absent on hosts where it does not run.
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
    /// Total size.
    pub total: u64,
    /// In use, without memory that can be freed at once.
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
    /// Total size.
    pub total: u64,
    /// In use.
    pub used: u64,
    /// Available.
    pub free: u64,
    /// Share in use, 0–100.
    pub usage: f32,
    /// Mount point.
    pub path: String,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// The name, e.g. `eth0`.
    pub name: String,
    /// Bytes received since boot.
    pub rx: u64,
    /// Bytes sent since boot.
    pub tx: u64,
    /// Bytes received per second since the previous sample; absent in the first sample.
    #[serde(default)]
    pub rx_rate: Option<u64>,
    /// Bytes sent per second since the previous sample; absent in the first sample.
    #[serde(default)]
    pub tx_rate: Option<u64>,
}

/// A temperature sensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Temperature {
    /// The name of the sensor.
    pub name: String,
    /// Degrees Celsius.
    pub celsius: f32,
}

/// Resource use of Deckwatch itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DashboardCost {
    /// Share of one core since the previous sample, in percent.
    pub cpu_percent: f32,
    /// Resident memory in bytes.
    pub memory: u64,
}
