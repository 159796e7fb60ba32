//! The values that the golden files represent.

use deckwatch::model::*;
use std::collections::BTreeMap;

pub(crate) const WEB: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(crate) const JOB: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
pub(crate) const AT: Timestamp = Timestamp::from_millis(1_763_687_885_042);

pub(crate) fn local() -> HostId {
    HostId::local()
}

pub(crate) fn web() -> Container {
    Container {
        id: WEB.parse().unwrap(),
        name: "web".into(),
        image: "nginx:1.27".into(),
        state: ContainerState::Running,
        status: "Up 3 minutes".into(),
        health: Some(Health::Healthy),
        created: Timestamp::from_millis(1_763_687_885_000),
        started_at: Some(AT),
        finished_at: None,
        ports: vec![Port {
            ip: Some("0.0.0.0".into()),
            private_port: 80,
            public_port: Some(8080),
            protocol: "tcp".into(),
        }],
        labels: BTreeMap::from([(COMPOSE_PROJECT_LABEL.into(), "shop".into())]),
        project: Some("shop".into()),
        restart_count: Some(0),
        exit_code: None,
        nano_cpus: Some(1_500_000_000),
        protected: false,
    }
}

pub(crate) fn job() -> Container {
    Container {
        id: JOB.parse().unwrap(),
        name: "job".into(),
        image: "busybox".into(),
        state: ContainerState::Exited,
        status: "Exited (137) 1 second ago".into(),
        health: None,
        started_at: None,
        finished_at: Some(AT),
        ports: vec![Port {
            ip: None,
            private_port: 53,
            public_port: None,
            protocol: "udp".into(),
        }],
        labels: BTreeMap::new(),
        project: None,
        restart_count: None,
        exit_code: Some(137),
        nano_cpus: None,
        protected: true,
        ..web()
    }
}

pub(crate) fn metrics() -> HostMetrics {
    let disk = Disk {
        total: 400,
        used: 100,
        free: 300,
        usage: 25.0,
        path: "/".into(),
    };
    let memory = |total, used| Memory {
        total,
        used,
        free: total - used,
        usage: percent_of(used, total).unwrap(),
    };
    HostMetrics {
        cpu: Cpu {
            usage: 3.1,
            cores: 2,
            load_avg: [0.1, 0.2, 0.3],
            per_core: vec![1.5, 4.7],
        },
        memory: memory(8_000, 2_000),
        swap: Some(memory(1_000, 0)),
        disk: Some(disk.clone()),
        disks: vec![disk],
        networks: vec![Network {
            name: "eth0".into(),
            rx: u64::MAX,
            tx: 2,
            rx_rate: Some(10),
            tx_rate: None,
        }],
        temperatures: vec![Temperature {
            name: "cpu".into(),
            celsius: 41.5,
        }],
        uptime: 86_400,
        hostname: "box".into(),
        dashboard: Some(DashboardCost {
            cpu_percent: 0.3,
            memory: 12_345_678,
        }),
    }
}

pub(crate) fn metrics_unknown() -> HostMetrics {
    HostMetrics {
        cpu: Cpu {
            per_core: Vec::new(),
            ..metrics().cpu
        },
        swap: None,
        disk: None,
        disks: Vec::new(),
        networks: Vec::new(),
        temperatures: Vec::new(),
        dashboard: None,
        ..metrics()
    }
}

pub(crate) fn web_stats() -> ContainerStats {
    ContainerStats {
        cpu_percent: Some(5.2),
        memory_usage: Some(134_217_728),
        memory_limit: Some(536_870_912),
        memory_percent: Some(25.0),
        network_rx: Some(1_024_000),
        network_tx: Some(512_000),
        block_read: Some(0),
        block_write: Some(0),
        network_rx_rate: Some(10),
        network_tx_rate: Some(20),
        block_read_rate: Some(30),
        block_write_rate: Some(40),
        pids: Some(3),
        ..ContainerStats::unknown(WEB.parse().unwrap(), "web".into(), AT)
    }
}

/// The position of a line in its log: the first of standard output or the second of standard error.
pub(crate) fn position(stream: LogStream) -> LogPosition {
    LogPosition {
        nanos: AT.as_millis() * 1_000_000 + 678_901,
        stream,
        ordinal: if stream == LogStream::Stdout { 1 } else { 2 },
    }
}
