//! Engines besides the local one, from `[[deckwatch.hosts]]` and `--host`.

use super::{ConfigError, HostSettings, docker::without_password};
use crate::{model::HostId, server::source::docker::Address};
use std::{collections::BTreeSet, path::PathBuf};

/// Most engines besides the local one. Each costs a few connections and some 200 KiB, and the list of hosts
/// must fit on one page.
const MAX_HOSTS: usize = 100;

/// An engine besides the local one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name of the host, on pages and in URLs.
    pub name: HostId,
    /// The address of its engine.
    pub docker: Address,
    /// Folder with `ca.pem`, `cert.pem` and `key.pem`, each optional.
    pub cert_path: Option<PathBuf>,
}

impl Host {
    /// Checks every entry of `settings`.
    ///
    /// # Errors
    /// Returns the first entry whose name or address is invalid.
    pub(super) fn all(settings: Vec<HostSettings>) -> Result<Vec<Self>, ConfigError> {
        if settings.len() > MAX_HOSTS {
            let allowed = format!("{MAX_HOSTS} at most");
            return Err(refused("hosts", settings.len().to_string(), allowed));
        }
        let mut names = BTreeSet::new();
        let mut hosts = Vec::new();
        for entry in settings {
            let host = Self::new(entry)?;
            // Names that differ only in case are too easy to confuse.
            if !names.insert(host.name.as_str().to_ascii_lowercase()) {
                let allowed = "another name for each host".to_owned();
                return Err(refused(
                    "hosts.name",
                    format!("{:?}", host.name.as_str()),
                    allowed,
                ));
            }
            hosts.push(host);
        }
        Ok(hosts)
    }

    fn new(entry: HostSettings) -> Result<Self, ConfigError> {
        let HostSettings {
            name,
            docker,
            cert_path,
        } = entry;
        let shown = format!("{name:?}");
        let name: HostId = name.parse().map_err(|_| {
            refused(
                "hosts.name",
                shown.clone(),
                "1 to 64 letters, digits, '-' and '_'".to_owned(),
            )
        })?;
        if name.is_local() || name.is_demo() {
            let allowed = "another name: this one is Deckwatch's own".to_owned();
            return Err(refused("hosts.name", shown, allowed));
        }
        // Certificates imply TLS; without it they would have no effect.
        let address = Address::parse(&docker, cert_path.is_some());
        let address = address.map_err(|allowed| {
            let value = format!("{:?} (host {name})", without_password(&docker));
            refused("hosts.docker", value, allowed.to_string())
        })?;
        Ok(Self {
            name,
            docker: address,
            cert_path: cert_path.map(PathBuf::from),
        })
    }
}

fn refused(key: &'static str, value: String, allowed: String) -> ConfigError {
    ConfigError::Value {
        key,
        value,
        allowed,
    }
}
