//! A container as everybody watching sees it.

use super::{ContainerId, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::IpAddr};

/// The label under which Compose keeps the name of the project.
pub const COMPOSE_PROJECT_LABEL: &str = "com.docker.compose.project";
/// The label that makes Deckwatch refuse every action on a container.
pub const PROTECT_LABEL: &str = "deckwatch.protect";
/// The label that keeps a container out of Deckwatch altogether.
pub const HIDE_LABEL: &str = "deckwatch.hide";

/// One container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// Full identity.
    pub id: ContainerId,
    /// Name without the leading slash.
    pub name: String,
    /// Image reference as the container was created with, e.g. `nginx:1.27`.
    pub image: String,
    /// What it is doing.
    pub state: ContainerState,
    /// The engine's own words, e.g. `Up 3 minutes (healthy)`.
    pub status: String,
    /// Result of its health check; absent when it has none.
    #[serde(default)]
    pub health: Option<Health>,
    /// When it was created.
    pub created: Timestamp,
    /// When its present run began, or its last one when it is not running.
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
    /// Compose project it belongs to.
    #[serde(default)]
    pub project: Option<String>,
    /// How often the engine has restarted it; absent when unknown.
    #[serde(default)]
    pub restart_count: Option<u32>,
    /// Exit code of the last run; absent while it runs or when unknown.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// Actions on it are refused: it is Deckwatch itself or labelled [`PROTECT_LABEL`].
    #[serde(default)]
    pub protected: bool,
}

/// What a container is doing, in the engine's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContainerState {
    /// Its process runs.
    Running,
    /// It ended and the engine is starting it again.
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
    /// The engine said something else.
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

    /// The engine's word for it.
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

    /// The state of that name; [`Self::Unknown`] for any other word.
    pub fn from_engine(word: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .unwrap_or(Self::Unknown)
    }

    /// Whether its process exists (running, restarting or paused).
    pub const fn is_up(self) -> bool {
        matches!(self, Self::Running | Self::Restarting | Self::Paused)
    }

    /// Whether it uses CPU and memory that can be sampled.
    pub const fn has_stats(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// Result of a container's health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Within its start period, not yet judged.
    Starting,
    /// The last checks passed.
    Healthy,
    /// As many checks in a row failed as its configuration allows.
    Unhealthy,
}

impl Health {
    /// Every result.
    pub const ALL: [Self; 3] = [Self::Starting, Self::Healthy, Self::Unhealthy];

    /// The engine's word for it.
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
    /// The address at which a browser reaches it, when it is published over TCP: on the address it is
    /// published on, or on `page_host` when that is every address or the engine's own machine. None
    /// when the engine gives anything but an IP address, which must not become part of a link.
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

/// Whether a port published there is reached where the page comes from.
fn is_page_host(ip: IpAddr) -> bool {
    ip.is_unspecified() || ip.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
