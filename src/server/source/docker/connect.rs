//! Finds the engine's address and creates the clients for it.

use super::{
    address::{Address, DEFAULT_SOCKET},
    api::Api,
    transport::Transport,
};
use bollard::{BollardRequest, Docker};
use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Timeout for the first byte of a stream: Podman sends the headers only with it.
const STREAM_TIMEOUT: Duration = Duration::from_secs(86_400);

/// The address of an engine, or the sockets to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The configured address. `None` to use the first of [`Self::sockets`] that exists.
    pub host: Option<Address>,
    /// Sockets to try, in order of preference. See [`default_sockets`].
    pub sockets: Vec<PathBuf>,
    /// As in `DOCKER_CERT_PATH`: the folder with `ca.pem`, `cert.pem` and `key.pem`, each optional. Read
    /// only for addresses with TLS.
    pub certificates: Option<PathBuf>,
}

impl Endpoint {
    /// The configured address, or that of the first socket that exists.
    pub fn address(&self) -> Address {
        if let Some(host) = &self.host {
            return host.clone();
        }
        let found = self.sockets.iter().find(|path| path.exists());
        let path = found.or(self.sockets.first()).cloned();
        Address::Unix(path.unwrap_or_else(|| DEFAULT_SOCKET.into()))
    }

    /// Whether one of the sockets exists.
    pub fn exists(&self) -> bool {
        self.sockets.iter().any(|path| path.exists())
    }

    /// Whether the engine runs on this machine, so that the cgroup files of its containers can be read.
    pub fn is_local(&self) -> bool {
        self.address().socket().is_some()
    }
}

/// The default sockets of engines: Docker's, then Podman's of the user (in `runtime_dir`, which is
/// `XDG_RUNTIME_DIR`) and of the system.
pub fn default_sockets(runtime_dir: Option<&Path>) -> Vec<PathBuf> {
    let mut sockets = vec![PathBuf::from(DEFAULT_SOCKET)];
    sockets.extend(runtime_dir.map(|dir| dir.join("podman/podman.sock")));
    sockets.push(PathBuf::from("/run/podman/podman.sock"));
    sockets
}

/// Clients of one engine that has answered.
#[derive(Clone)]
pub(super) struct Connection {
    /// For all read requests.
    pub(super) api: Api,
    /// For actions, which have no timeout of their own; callers must set one.
    pub(super) docker: Docker,
    /// The path of its socket, if it is on this machine.
    pub(super) socket: Option<PathBuf>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("api", &self.api)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// The transport to the engine; nothing is sent yet.
    ///
    /// # Errors
    /// When the certificates cannot be used.
    pub(super) fn transport(&self) -> io::Result<Transport> {
        Transport::new(self.address(), self.certificates.as_deref())
    }

    /// The clients for the engine with which `api` was negotiated.
    ///
    /// # Errors
    /// None is known: the transport needs no address.
    pub(super) fn connection(&self, api: Api) -> Result<Connection, bollard::errors::Error> {
        let transport = api.transport().clone();
        let request = move |request: BollardRequest| {
            let transport = transport.clone();
            async move { Ok(transport.request(request).await?) }
        };
        let docker = Docker::connect_with_custom_transport(
            request,
            // The transport has the address; this one is only a placeholder.
            Some("http://engine"),
            STREAM_TIMEOUT.as_secs(),
            &api.client_version(),
        )?;
        let socket = self.address().socket().map(Path::to_owned);
        Ok(Connection {
            api,
            docker,
            socket,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(host: Option<&str>, sockets: &[&Path]) -> Endpoint {
        Endpoint {
            host: host.map(|host| Address::parse(host, false).unwrap()),
            sockets: sockets.iter().map(|path| path.to_path_buf()).collect(),
            certificates: None,
        }
    }

    #[test]
    fn the_configured_host_takes_precedence_over_existing_sockets() {
        let dir = tempfile::tempdir().unwrap();
        let endpoint = endpoint(Some("tcp://engine:2375"), &[dir.path()]);
        assert_eq!(endpoint.address().to_string(), "tcp://engine:2375");
        assert!(!endpoint.is_local());
    }

    #[test]
    fn the_first_socket_that_exists_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let (missing, there) = (
            dir.path().join("docker.sock"),
            dir.path().join("podman.sock"),
        );
        std::fs::write(&there, "").unwrap();
        let found = endpoint(None, &[&missing, &there]).address().to_string();
        assert_eq!(found, format!("unix://{}", there.display()));
        let none = endpoint(None, &[&missing]).address().to_string();
        assert_eq!(
            none,
            format!("unix://{}", missing.display()),
            "names the first socket that was tried"
        );
    }

    #[test]
    fn docker_is_tried_before_podman() {
        let sockets = default_sockets(Some(Path::new("/run/user/1000")));
        let expected = [
            "/var/run/docker.sock",
            "/run/user/1000/podman/podman.sock",
            "/run/podman/podman.sock",
        ];
        assert_eq!(sockets, expected.map(PathBuf::from));
    }
}
