//! The container as all clients see it.

use super::{ContainerId, Status, StatusWord, Timestamp, Tone};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::IpAddr, time::Duration};

/// The label in which Compose stores the name of the project.
pub const COMPOSE_PROJECT_LABEL: &str = "com.docker.compose.project";
/// The label with which Deckwatch refuses every action on a container.
pub const PROTECT_LABEL: &str = "deckwatch.protect";
/// The label with which Deckwatch ignores a container completely.
pub const HIDE_LABEL: &str = "deckwatch.hide";

/// Exit code of a process that was asked to end: 128 + SIGTERM.
pub(super) const TERMINATED: i32 = 143;

/// A container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// The full id.
    pub id: ContainerId,
    /// Name without the leading slash.
    pub name: String,
    /// Image reference as the container was created with, e.g. `nginx:1.27`.
    pub image: String,
    /// The state.
    pub state: ContainerState,
    /// The engine's description of the state, e.g. `Up 3 minutes (healthy)`.
    pub status: String,
    /// Result of its health check; absent when it has none.
    #[serde(default)]
    pub health: Option<Health>,
    /// When it was created.
    pub created: Timestamp,
    /// When its current run began, or its last one when it is not running.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When its last run ended; absent while it runs.
    #[serde(default)]
    pub finished_at: Option<Timestamp>,
    /// Published and exposed ports.
    #[serde(default)]
    pub ports: Vec<Port>,
    /// Labels, with secret-looking values masked.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Compose project, if it belongs to one.
    #[serde(default)]
    pub project: Option<String>,
    /// Number of restarts by the engine; absent when unknown.
    #[serde(default)]
    pub restart_count: Option<u32>,
    /// Exit code of the last run; absent while it runs or when unknown.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// CPU limit in billionths of a core, as in the engine's `NanoCpus`; absent when there is no limit, or
    /// when it is unknown.
    #[serde(default)]
    pub nano_cpus: Option<u64>,
    /// Whether actions on it are refused: it is Deckwatch itself or labelled [`PROTECT_LABEL`].
    #[serde(default)]
    pub protected: bool,
}

impl Container {
    /// The CPU limit in cores; absent when there is no limit, or when it is unknown.
    pub fn cores(&self) -> Option<f32> {
        self.nano_cpus.map(|nano| (nano as f64 / 1e9) as f32)
    }

    /// The duration of the current run at `at`; absent while its process does not run, which includes the
    /// pause before a restart.
    pub fn uptime(&self, at: Timestamp) -> Option<Duration> {
        let started = self.started_at.filter(|_| self.state.has_stats())?;
        Some(started.age(at))
    }

    /// The state as lists show it.
    pub fn shown_status(&self) -> Status {
        use ContainerState as S;
        let tone = match (self.state, self.health, self.exit_code) {
            (S::Running, Some(Health::Unhealthy), _) | (S::Dead, ..) => Tone::Bad,
            (S::Running, Some(Health::Starting), _) => Tone::Warn,
            (S::Running, ..) => Tone::Ok,
            (S::Exited, _, Some(code)) if !matches!(code, 0 | TERMINATED) => Tone::Bad,
            (S::Restarting | S::Paused | S::Removing, ..) => Tone::Warn,
            _ => Tone::Idle,
        };
        let word = match (self.state, self.health, self.exit_code) {
            (S::Running, Some(health @ (Health::Unhealthy | Health::Starting)), _) => {
                StatusWord::Health(health)
            }
            (S::Exited, _, Some(code)) => StatusWord::Ended(code),
            (state, ..) => StatusWord::State(state),
        };
        Status { tone, word }
    }

    /// The duration of the last run; absent while it runs, and when its start or end is unknown.
    pub fn last_run(&self) -> Option<Duration> {
        let ended = self.finished_at.filter(|_| !self.state.has_stats())?;
        let started = self.started_at.filter(|started| *started <= ended)?;
        Some(started.age(ended))
    }
}

/// The state of a container, named as engines name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ContainerState {
    /// Its process runs.
    Running,
    /// It ended, and the engine is restarting it.
    Restarting,
    /// Its processes are frozen.
    Paused,
    /// It was never started.
    Created,
    /// Its process ended.
    Exited,
    /// It is being removed.
    Removing,
    /// The engine failed to stop or remove it.
    Dead,
    /// The engine reported another state.
    Unknown,
}

impl ContainerState {
    /// Every state, in order of interest.
    pub const ALL: [Self; 8] = [
        Self::Running,
        Self::Restarting,
        Self::Paused,
        Self::Created,
        Self::Exited,
        Self::Removing,
        Self::Dead,
        Self::Unknown,
    ];

    /// The engine's name for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Paused => "paused",
            Self::Created => "created",
            Self::Exited => "exited",
            Self::Removing => "removing",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }

    /// The state with this name; [`Self::Unknown`] for any other name.
    pub fn from_engine(word: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .unwrap_or(Self::Unknown)
    }

    /// Whether the engine keeps it up: its process runs, is frozen, or is about to be restarted.
    pub const fn is_up(self) -> bool {
        matches!(self, Self::Running | Self::Restarting | Self::Paused)
    }

    /// Whether its process exists, so that it has an uptime and uses CPU and memory.
    pub const fn has_stats(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// Result of a container's health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Within its start period, without a result yet.
    Starting,
    /// The last checks have passed.
    Healthy,
    /// As many consecutive checks have failed as its configuration allows.
    Unhealthy,
}

impl Health {
    /// Every result.
    pub const ALL: [Self; 3] = [Self::Starting, Self::Healthy, Self::Unhealthy];

    /// The engine's name for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// A port of a container.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// Host address it is published on, e.g. `0.0.0.0`; absent when not published.
    #[serde(default)]
    pub ip: Option<String>,
    /// Port inside the container.
    pub private_port: u16,
    /// Port on the host; absent when not published.
    #[serde(default)]
    pub public_port: Option<u16>,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

impl Port {
    /// The URL at which a browser reaches the port, if it is published over TCP: at the address where it is
    /// published, or at `page_host` if that is every address or the engine's own machine. `None` if the
    /// engine reports anything but an IP address, which must not become part of a link.
    pub fn link(&self, page_host: Option<&str>) -> Option<String> {
        let port = self.public_port.filter(|_| self.protocol == "tcp")?;
        let ip = self.ip.as_deref().unwrap_or_default();
        if ip.is_empty() {
            return Some(format!("http://{}:{port}", page_host?));
        }
        Some(match ip.parse().ok()? {
            ip if is_page_host(ip) => format!("http://{}:{port}", page_host?),
            IpAddr::V4(ip) => format!("http://{ip}:{port}"),
            IpAddr::V6(ip) => format!("http://[{ip}]:{port}"),
        })
    }
}

/// Whether a port published at `ip` is reached at the host of the page.
fn is_page_host(ip: IpAddr) -> bool {
    ip.is_unspecified() || ip.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures;

    #[test]
    fn only_an_ip_address_becomes_a_link() {
        let link = |ip: Option<&str>, public_port, protocol: &str| {
            let port = Port {
                ip: ip.map(str::to_owned),
                private_port: 80,
                public_port,
                protocol: protocol.to_owned(),
            };
            port.link(Some("deck.example"))
        };
        for (ip, expected) in [
            (None, Some("http://deck.example:8080")),
            (Some(""), Some("http://deck.example:8080")),
            (Some("0.0.0.0"), Some("http://deck.example:8080")),
            (Some("::"), Some("http://deck.example:8080")),
            (Some("127.0.0.1"), Some("http://deck.example:8080")),
            (Some("::1"), Some("http://deck.example:8080")),
            (Some("192.0.2.7"), Some("http://192.0.2.7:8080")),
            (Some("2001:db8::7"), Some("http://[2001:db8::7]:8080")),
            (Some("evil.example/?"), None),
            (Some("user@evil.example"), None),
            (Some("evil.example"), None),
            (Some("192.0.2.7:1/?"), None),
            (Some("[::1]"), None),
            (Some("fe80::1%eth0"), None),
            (Some("javascript:alert(1)//"), None),
        ] {
            let found = link(ip, Some(8080), "tcp");
            assert_eq!(found.as_deref(), expected, "{ip:?}");
        }
        assert_eq!(link(Some("0.0.0.0"), Some(53), "udp"), None);
        assert_eq!(link(Some("0.0.0.0"), None, "tcp"), None);
    }

    fn ran(state: ContainerState, started: i64, finished: Option<i64>) -> Container {
        Container {
            state,
            started_at: Some(Timestamp::from_millis(started)),
            finished_at: finished.map(Timestamp::from_millis),
            ..fixtures::container(1)
        }
    }

    #[test]
    fn uptime_ends_with_the_process() {
        let at = Timestamp::from_millis(60_000);
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(
            ran(ContainerState::Running, 8_000, None).uptime(at),
            seconds(52)
        );
        assert_eq!(
            ran(ContainerState::Paused, 8_000, None).uptime(at),
            seconds(52)
        );
        for state in [
            ContainerState::Restarting,
            ContainerState::Exited,
            ContainerState::Dead,
        ] {
            let ended = ran(state, 8_000, Some(9_000));
            assert_eq!(
                (ended.uptime(at), ended.last_run()),
                (None, seconds(1)),
                "{state:?}"
            );
        }
    }

    #[test]
    fn a_run_that_goes_on_or_whose_times_do_not_fit_has_no_length() {
        assert_eq!(
            ran(ContainerState::Running, 8_000, Some(9_000)).last_run(),
            None
        );
        assert_eq!(
            ran(ContainerState::Exited, 8_000, Some(7_000)).last_run(),
            None
        );
        assert_eq!(ran(ContainerState::Created, 8_000, None).last_run(), None);
    }
}
