//! Finding and reaching the engine.

use bollard::{API_DEFAULT_VERSION, Docker};
use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

/// What one engine call may take. Lists of a thousand containers take about a second.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// What a stream may take to bring its first byte: Podman sends the headers only with it.
const STREAM_TIMEOUT: Duration = Duration::from_secs(86_400);

/// Where the engine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// As in `DOCKER_HOST`: `unix://`, `tcp://`, `http://` or `https://`. Where absent the first of
    /// [`Self::sockets`] that exists is taken.
    pub host: Option<String>,
    /// Sockets to look for, best first. See [`default_sockets`].
    pub sockets: Vec<PathBuf>,
    /// As in `DOCKER_CERT_PATH`: a folder with `ca.pem`, `cert.pem` and `key.pem`; `tcp://` then
    /// speaks TLS.
    pub certificates: Option<PathBuf>,
}

impl Endpoint {
    /// Its address, for people: the one configured or the first that exists.
    pub fn address(&self) -> String {
        if let Some(host) = &self.host {
            return host.clone();
        }
        let found = self.sockets.iter().find(|path| path.exists());
        let path = found.or(self.sockets.first());
        path.map(|path| format!("unix://{}", path.display()))
            .unwrap_or_default()
    }

    /// Whether the engine runs on this machine, so that its containers' files can be read.
    pub fn is_local(&self) -> bool {
        self.address().starts_with("unix://")
    }
}

/// Where engines listen: Docker's socket, then Podman's of the user (in `runtime_dir`, which is
/// `XDG_RUNTIME_DIR`) and of the system.
pub fn default_sockets(runtime_dir: Option<&Path>) -> Vec<PathBuf> {
    let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
    sockets.extend(runtime_dir.map(|dir| dir.join("podman/podman.sock")));
    sockets.push(PathBuf::from("/run/podman/podman.sock"));
    sockets
}

/// Clients of one engine.
#[derive(Clone)]
pub(super) struct Connection {
    /// For calls that answer at once.
    pub(super) calls: Docker,
    /// For streams and for calls that take as long as they take; bring a deadline.
    pub(super) streams: Docker,
    /// Its socket, where it is on this machine.
    pub(super) socket: Option<PathBuf>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// Makes clients for `endpoint`; nothing is sent yet.
pub(super) fn connect(endpoint: &Endpoint) -> Result<Connection, bollard::errors::Error> {
    let address = endpoint.address();
    let certificates = endpoint.certificates.as_deref();
    Ok(Connection {
        calls: client(&address, certificates, CALL_TIMEOUT)?,
        streams: client(&address, certificates, STREAM_TIMEOUT)?,
        socket: address.strip_prefix("unix://").map(PathBuf::from),
    })
}

fn client(
    address: &str,
    certificates: Option<&Path>,
    timeout: Duration,
) -> Result<Docker, bollard::errors::Error> {
    let seconds = timeout.as_secs();
    let plain_tcp = address.starts_with("tcp://");
    match certificates {
        Some(dir) if plain_tcp || address.starts_with("https://") => Docker::connect_with_ssl(
            address,
            &dir.join("key.pem"),
            &dir.join("cert.pem"),
            &dir.join("ca.pem"),
            seconds,
            API_DEFAULT_VERSION,
        ),
        _ if address.starts_with("unix://") => {
            Docker::connect_with_unix(address, seconds, API_DEFAULT_VERSION)
        }
        _ if plain_tcp || address.starts_with("http://") => {
            Docker::connect_with_http(address, seconds, API_DEFAULT_VERSION)
        }
        _ => Err(bollard::errors::Error::UnsupportedURISchemeError {
            uri: address.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(host: Option<&str>, sockets: &[&Path]) -> Endpoint {
        Endpoint {
            host: host.map(str::to_owned),
            sockets: sockets.iter().map(|path| path.to_path_buf()).collect(),
            certificates: None,
        }
    }

    #[test]
    fn the_configured_host_wins_over_sockets_that_exist() {
        let dir = tempfile::tempdir().unwrap();
        let endpoint = endpoint(Some("tcp://engine:2375"), &[dir.path()]);
        assert_eq!(endpoint.address(), "tcp://engine:2375");
        assert!(!endpoint.is_local());
    }

    #[test]
    fn the_first_socket_that_exists_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let (missing, there) = (
            dir.path().join("docker.sock"),
            dir.path().join("podman.sock"),
        );
        std::fs::write(&there, "").unwrap();
        let found = endpoint(None, &[&missing, &there]).address();
        assert_eq!(found, format!("unix://{}", there.display()));
        let none = endpoint(None, &[&missing]).address();
        assert_eq!(
            none,
            format!("unix://{}", missing.display()),
            "names what was looked for"
        );
    }

    #[test]
    fn docker_is_looked_for_before_podman() {
        let sockets = default_sockets(Some(Path::new("/run/user/1000")));
        let expected = [
            "/var/run/docker.sock",
            "/run/user/1000/podman/podman.sock",
            "/run/podman/podman.sock",
        ];
        assert_eq!(sockets, expected.map(PathBuf::from));
    }

    #[test]
    fn an_unknown_scheme_is_refused() {
        assert!(connect(&endpoint(Some("ftp://engine"), &[])).is_err());
    }
}
