//! Where figures come from.

use super::{HostId, Timestamp};
use serde::{Deserialize, Serialize};

/// A place figures come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A Docker or Podman engine.
    Docker,
    /// The operating system of the host.
    System,
    /// Invented containers.
    Demo,
}

/// Whether a source answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    /// It answers in time.
    Live,
    /// Its answer is overdue.
    Late,
    /// It has been silent for so long that its figures must not be trusted.
    Stale,
    /// It cannot be reached.
    Down,
}

/// The machine an engine runs on, as far as the engine describes it (`GET /info`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    /// Its own name.
    #[serde(default)]
    pub hostname: Option<String>,
    /// E.g. `Debian GNU/Linux 12 (bookworm)`.
    #[serde(default)]
    pub os: Option<String>,
    /// E.g. `6.1.0-18-amd64`.
    #[serde(default)]
    pub kernel: Option<String>,
    /// E.g. `x86_64`.
    #[serde(default)]
    pub architecture: Option<String>,
    /// Number of logical cores.
    #[serde(default)]
    pub cores: Option<u32>,
    /// Main memory in bytes.
    #[serde(default)]
    pub memory: Option<u64>,
}

/// What is known of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SourceStatus {
    /// The host.
    pub host: HostId,
    /// The kind of source.
    pub source: SourceKind,
    /// Whether it answers.
    pub state: SourceState,
    /// Since when it has been in that state.
    pub since: Timestamp,
    /// The last moment at which what it tells was known to be so; absent while it is live, and when
    /// it never was.
    #[serde(default)]
    pub last_seen: Option<Timestamp>,
    /// Why, and what to do, when it is not live.
    #[serde(default)]
    pub message: Option<String>,
    /// Where it is reached, e.g. `unix:///var/run/docker.sock`.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// What answers there, e.g. `Docker 27.3.1`.
    #[serde(default)]
    pub version: Option<String>,
    /// The machine it runs on; absent until an engine has described it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
}

impl SourceStatus {
    /// The machine's address as the server reaches it, fit for a URL; absent for an engine on the
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

    /// Whether this source tells of containers, not of the host itself.
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
