//! The sources of figures.

use super::{HostId, Timestamp};
use serde::{Deserialize, Serialize};

/// The kind of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A Docker or Podman engine.
    Docker,
    /// The operating system of the host.
    System,
    /// Synthetic containers.
    Demo,
}

/// The state of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    /// It answers in time.
    Live,
    /// Its answer is overdue.
    Late,
    /// It has not answered for so long that its figures must not be trusted.
    Stale,
    /// It cannot be reached.
    Down,
}

/// The machine that an engine runs on, as described by the engine (`GET /info`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// The host name.
    #[serde(default)]
    pub hostname: Option<String>,
    /// The operating system, e.g. `Debian GNU/Linux 12 (bookworm)`.
    #[serde(default)]
    pub os: Option<String>,
    /// The kernel version, e.g. `6.1.0-18-amd64`.
    #[serde(default)]
    pub kernel: Option<String>,
    /// The processor architecture, e.g. `x86_64`.
    #[serde(default)]
    pub architecture: Option<String>,
    /// Number of logical cores.
    #[serde(default)]
    pub cores: Option<u32>,
    /// Main memory in bytes.
    #[serde(default)]
    pub memory: Option<u64>,
}

/// The status of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SourceStatus {
    /// The host.
    pub host: HostId,
    /// The kind of source.
    pub source: SourceKind,
    /// The state.
    pub state: SourceState,
    /// When the state began.
    pub since: Timestamp,
    /// When its data was last known to be correct; absent while it is live, and when it never was.
    #[serde(default)]
    pub last_seen: Option<Timestamp>,
    /// The reason why it is not live, and what to do.
    #[serde(default)]
    pub message: Option<String>,
    /// Its address, e.g. `unix:///var/run/docker.sock`.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Its name and version, e.g. `Docker 27.3.1`.
    #[serde(default)]
    pub version: Option<String>,
    /// The machine that it runs on; absent until an engine has described it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
}

impl SourceStatus {
    /// The machine's address from the server, in a form suitable for a URL; absent for an engine on the
    /// server's own machine.
    pub fn machine_address(&self) -> Option<&str> {
        let (scheme, rest) = self.endpoint.as_deref()?.split_once("://")?;
        if scheme == "unix" {
            return None;
        }
        let authority = rest.split('/').next()?;
        let host = authority.rsplit('@').next()?;
        let end = match host.find(']') {
            Some(end) => end + 1,
            None => host.find(':').unwrap_or(host.len()),
        };
        host.get(..end)
    }

    /// Whether this source provides containers, rather than the host's own figures.
    pub fn is_engine(&self) -> bool {
        self.source != SourceKind::System
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_elsewhere_has_the_address_of_its_machine() {
        for (endpoint, address) in [
            ("unix:///var/run/docker.sock", None),
            ("tcp://nas:2375", Some("nas")),
            ("https://nas.example:2376/engine", Some("nas.example")),
            ("ssh://me@nas", Some("nas")),
            ("ssh://nas:22/run/x.sock", Some("nas")),
            ("tcp://[fd00::1]:2375", Some("[fd00::1]")),
        ] {
            let status = SourceStatus {
                host: HostId::default(),
                source: SourceKind::Docker,
                state: SourceState::Live,
                since: Timestamp::default(),
                last_seen: None,
                message: None,
                endpoint: Some(endpoint.to_owned()),
                version: None,
                machine: None,
            };
            assert_eq!(status.machine_address(), address, "{endpoint}");
        }
    }
}
