//! The binary form of the model.

use super::{
    Reader, Wire, Writer,
    values::{wire_choice, wire_shared, wire_struct},
};
use crate::model::{
    Action, ActionOptions, Attachment, CheckResult, Container, ContainerDetails, ContainerEvents,
    ContainerId, ContainerPrefix, ContainerState, Cpu, DashboardCost, Density, Disk, Event, Grant,
    Health, HealthCheck, HostId, HostMetrics, Language, Layout, Limits, LogTimes, Machine, Memory,
    Mount, Network, Port, Preferences, Processes, Right, Role, Scope, ScopePattern, SourceKind,
    SourceState, SourceStatus, Temperature, Theme, Totals, Variable, WorkloadId, WorkloadKey,
    WorkloadRef,
};

impl Wire for ContainerId {
    fn write(&self, to: &mut Writer) {
        to.raw(self.as_bytes());
    }

    fn read(from: &mut Reader<'_>) -> Self {
        let bytes = from.raw(Self::LEN).try_into();
        bytes.map_or_else(|_| Self::default(), Self::from_bytes)
    }
}

impl Wire for ContainerPrefix {
    fn write(&self, to: &mut Writer) {
        to.string(self.as_str());
    }

    fn read(from: &mut Reader<'_>) -> Self {
        from.string().parse().unwrap_or_else(|_| {
            from.fail();
            ContainerId::default().into()
        })
    }
}

impl Wire for HostId {
    fn write(&self, to: &mut Writer) {
        to.string(self.as_str());
    }

    fn read(from: &mut Reader<'_>) -> Self {
        let name = from.string().parse();
        name.unwrap_or_else(|_| {
            from.fail();
            Self::default()
        })
    }
}

/// By its parts rather than as text, so that a page needs no parser of patterns to know its rights.
impl Wire for ScopePattern {
    fn write(&self, to: &mut Writer) {
        match self {
            Self::Everything => to.byte(0),
            Self::Host(host) => {
                to.byte(1);
                host.write(to);
            }
            Self::Cluster { cluster, namespace } => {
                to.byte(2);
                cluster.write(to);
                namespace.write(to);
            }
            Self::Project(project) => {
                to.byte(3);
                project.write(to);
            }
            Self::Label { name, value } => {
                to.byte(4);
                name.write(to);
                value.write(to);
            }
            Self::Name(name) => {
                to.byte(5);
                name.write(to);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Self {
        match from.byte() {
            0 => Self::Everything,
            1 => Self::Host(Wire::read(from)),
            2 => Self::Cluster {
                cluster: Wire::read(from),
                namespace: Wire::read(from),
            },
            3 => Self::Project(Wire::read(from)),
            4 => Self::Label {
                name: Wire::read(from),
                value: Wire::read(from),
            },
            tag => {
                if tag != 5 {
                    from.fail();
                }
                Self::Name(Wire::read(from))
            }
        }
    }
}

/// Without the subject, which only the server has.
impl Wire for Event {
    fn write(&self, to: &mut Writer) {
        self.host.write(to);
        self.timestamp.write(to);
        for text in [&self.kind, &self.action, &self.id, &self.name] {
            to.string(text);
        }
        self.attributes.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        Self {
            host: Wire::read(from),
            timestamp: Wire::read(from),
            kind: Wire::read(from),
            action: Wire::read(from),
            id: Wire::read(from),
            name: Wire::read(from),
            attributes: Wire::read(from),
            subject: None,
        }
    }
}

/// The kind of the workload, its id, the kind of its scope, and the scope's name.
impl Wire for WorkloadId {
    fn write(&self, to: &mut Writer) {
        let (WorkloadKey::Container(id), Scope::Host(host)) = (self.key, self.scope);
        to.byte(0);
        id.write(to);
        to.byte(0);
        host.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        let kind = from.byte();
        let id = Wire::read(from);
        if kind != 0 || from.byte() != 0 {
            from.fail();
        }
        Self::container(Wire::read(from), id)
    }
}

wire_struct!(WorkloadRef { host, id });
wire_struct!(Grant { role, scope });

wire_choice!(ContainerState {
    0 = Running, 1 = Restarting, 2 = Paused, 3 = Created, 4 = Exited, 5 = Removing, 6 = Dead, 7 = Unknown,
});
wire_choice!(Health { 0 = Starting, 1 = Healthy, 2 = Unhealthy });
wire_choice!(Action {
    0 = Start, 1 = Stop, 2 = Restart, 3 = Pause, 4 = Unpause, 5 = Kill, 6 = Remove, 7 = Rename,
});
wire_choice!(Right { 0 = See, 1 = Logs, 2 = Act, 3 = Deploy, 4 = Reveal, 5 = Admin });
wire_choice!(Role { 0 = Viewer, 1 = Operator, 2 = Admin });
wire_choice!(SourceKind { 0 = Docker, 1 = System, 2 = Demo });
wire_choice!(SourceState { 0 = Live, 1 = Late, 2 = Stale, 3 = Down });
wire_choice!(Theme { 0 = Auto, 1 = Light, 2 = Dark });
wire_choice!(Language { 0 = English, 1 = Korean });
wire_choice!(Layout { 0 = Table, 1 = Cards });
wire_choice!(Density { 0 = Normal, 1 = Compact });
wire_choice!(LogTimes { 0 = Absolute, 1 = Relative, 2 = Off });

// Container figures have their own encoding: see `figures`.
wire_shared!(Container, Event, HostMetrics);
wire_struct!(Container {
    id,
    name,
    image,
    state,
    status,
    health,
    created,
    started_at,
    finished_at,
    ports,
    labels,
    project,
    restart_count,
    exit_code,
    nano_cpus,
    protected,
});
wire_struct!(Port {
    ip,
    private_port,
    public_port,
    protocol
});
wire_struct!(ActionOptions {
    grace_seconds,
    signal,
    force,
    volumes,
    name
});
wire_struct!(ContainerDetails {
    limits,
    restart_policy,
    entrypoint,
    command,
    working_dir,
    user,
    env,
    mounts,
    networks,
    health_check,
    oom_killed,
    error,
});
wire_struct!(Limits { cpus, memory, pids });
wire_struct!(Variable { name, value });
wire_struct!(Mount {
    kind,
    source,
    target,
    writable
});
wire_struct!(Attachment { network, addresses });
wire_struct!(HealthCheck {
    command,
    interval_ms,
    failing_streak,
    results
});
wire_struct!(CheckResult {
    at,
    exit_code,
    output
});
wire_struct!(Processes { titles, processes });
wire_struct!(ContainerEvents { events });
wire_struct!(SourceStatus {
    host,
    source,
    state,
    since,
    last_seen,
    message,
    endpoint,
    version,
    machine
});
wire_struct!(Machine {
    hostname,
    os,
    kernel,
    architecture,
    cores,
    memory
});
wire_struct!(HostMetrics {
    cpu,
    memory,
    swap,
    disk,
    disks,
    networks,
    temperatures,
    uptime,
    hostname,
    dashboard,
});
wire_struct!(Cpu {
    usage,
    cores,
    load_avg,
    per_core
});
wire_struct!(Memory {
    total,
    used,
    free,
    usage
});
wire_struct!(Disk {
    total,
    used,
    free,
    usage,
    path
});
wire_struct!(Network {
    name,
    rx,
    tx,
    rx_rate,
    tx_rate
});
wire_struct!(Temperature { name, celsius });
wire_struct!(DashboardCost {
    cpu_percent,
    memory
});
wire_struct!(Totals {
    all,
    running,
    unhealthy,
    restarting,
    paused,
    stopped
});
wire_struct!(Preferences {
    theme,
    language,
    layout,
    density,
    hidden_columns,
    log_times,
    log_wrap
});
