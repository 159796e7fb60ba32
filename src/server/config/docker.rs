//! The connection to the local engine: settings of the command line and of the file, merged with Docker's
//! own defaults.

use super::{ConfigError, DockerSettings};
use crate::server::source::{docker::Address, redactor::Redactor};
use std::path::PathBuf;

/// The connection to the local engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Docker {
    /// Its address; `None` to try the default sockets.
    pub host: Option<Address>,
    /// Folder with `ca.pem`, `cert.pem` and `key.pem`, each optional.
    pub cert_path: Option<PathBuf>,
    /// The user's runtime folder, where Podman's socket may be.
    pub runtime_dir: Option<PathBuf>,
}

/// The user's folders, from the environment.
pub(super) struct Folders {
    /// `XDG_RUNTIME_DIR`.
    pub(super) runtime: Option<PathBuf>,
    /// `DOCKER_CONFIG`.
    pub(super) docker: Option<PathBuf>,
    /// `HOME`.
    pub(super) home: Option<PathBuf>,
}

impl Folders {
    /// Where Docker's own command line keeps its TLS certificates, if that folder exists.
    fn certificates(self) -> Option<PathBuf> {
        let docker = self.docker.or(self.home.map(|home| home.join(".docker")));
        docker.filter(|folder| folder.is_dir())
    }
}

impl Docker {
    /// Merges the settings, those of `first` before those of `then`. An empty text counts as absent.
    pub(super) fn merge(
        first: DockerSettings,
        then: DockerSettings,
        mut folders: Folders,
    ) -> Result<Self, ConfigError> {
        let set = |text: Option<String>| text.filter(|text| !text.is_empty());
        let tls = first.tls_verify.or(then.tls_verify).unwrap_or(false);
        let host = set(first.host).or(set(then.host));
        let host = host.map(|host| parse_host(&host, tls)).transpose()?;
        let runtime_dir = folders.runtime.take();
        let cert_path = set(first.cert_path).or(set(then.cert_path));
        let is_secure = host.as_ref().is_some_and(Address::is_tls);
        let default_path = folders.certificates().filter(|_| is_secure);
        Ok(Self {
            host,
            cert_path: cert_path.map(PathBuf::from).or(default_path),
            runtime_dir,
        })
    }
}

fn parse_host(text: &str, tls: bool) -> Result<Address, ConfigError> {
    Address::parse(text, tls).map_err(|allowed| ConfigError::Value {
        key: "docker-host",
        value: format!("{:?}", without_password(text)),
        allowed: format!("{allowed} (DOCKER_HOST)"),
    })
}

/// `text` with passwords masked, for error messages: engine addresses have none, but addresses set by
/// mistake may.
pub(super) fn without_password(text: &str) -> String {
    let redactor = Redactor::default();
    if text.contains("://") {
        return redactor.mask_text(text).into_owned();
    }
    let masked = redactor.mask_text(&format!("tcp://{text}")).into_owned();
    masked.trim_start_matches("tcp://").to_owned()
}
