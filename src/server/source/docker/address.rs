//! Addresses of engines. Parses `DOCKER_HOST` as Docker's command line does, and what its libraries accept
//! in addition (`http://`, `https://`, upper-case schemes). Does no lookups and opens nothing.

use std::{
    fmt,
    net::Ipv6Addr,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The socket of `unix://` without a path.
pub(super) const DEFAULT_SOCKET: &str = "/var/run/docker.sock";
/// The host of `tcp://` without a name.
const DEFAULT_HOST: &str = "localhost";
/// Ports of `tcp://` without and with TLS, as registered for Docker with IANA. Docker's command line uses
/// 2375 for both; its documentation and its Python library use 2376 for TLS.
const DOCKER_PORTS: [u16; 2] = [2375, 2376];
/// Ports of `http://` and `https://`, as for any URL; Docker's Go library uses these.
const HTTP_PORTS: [u16; 2] = [80, 443];

/// The address of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A socket on this machine.
    Unix(PathBuf),
    /// A TCP port with HTTP, over TLS or not.
    Tcp(TcpAddress),
    /// A socket on another machine, reached through SSH.
    Ssh(SshAddress),
}

/// A socket on another machine, reached through SSH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshAddress {
    /// The user on that machine; `None` for the one of the SSH configuration.
    pub user: Option<String>,
    /// A name, an IP address without brackets, or an alias of the SSH configuration.
    pub host: String,
    /// Never 0; `None` for the one of the SSH configuration.
    pub port: Option<u16>,
    /// The path of the engine's socket on that machine.
    pub socket: PathBuf,
}

/// A TCP port with HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpAddress {
    /// A name or an IP address, the latter without brackets.
    pub host: String,
    /// Never 0.
    pub port: u16,
    /// Prefix of every request path, for an engine behind a proxy: empty, or with a leading slash and
    /// without a trailing one.
    pub base_path: String,
    /// Whether TLS is used. There is no fallback to plain HTTP.
    pub tls: bool,
}

/// The error for a text that is not an engine address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "an engine's address: unix:///path, tcp://host[:port], host:port, http://host[:port], \
     https://host[:port] or ssh://[user@]host[:port][/path/of/socket]"
)]
pub struct NotAnAddress;

impl Address {
    /// Parses `text`; `tls` (`DOCKER_TLS_VERIFY`) demands TLS for every address but a local socket.
    ///
    /// # Errors
    /// When the text has another form, e.g. `npipe://` or a bare path.
    pub fn parse(text: &str, tls: bool) -> Result<Self, NotAnAddress> {
        let text = text.trim();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None if text.is_empty() || text.starts_with('/') => return Err(NotAnAddress),
            None => ("tcp".to_owned(), text),
        };
        let (tls, ports) = match scheme.as_str() {
            "unix" => return Ok(Self::unix(rest)),
            "ssh" => return SshAddress::parse(rest).map(Self::Ssh),
            "tcp" => (tls, DOCKER_PORTS),
            "http" => (tls, HTTP_PORTS),
            "https" => (true, HTTP_PORTS),
            _ => return Err(NotAnAddress),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = host_and_port(authority)?;
        let [plain, secure] = ports;
        Ok(Self::Tcp(TcpAddress {
            host: host.to_owned(),
            port: port.unwrap_or(if tls { secure } else { plain }),
            base_path: base_path(path)?,
            tls,
        }))
    }

    fn unix(path: &str) -> Self {
        let path = if path.is_empty() {
            DEFAULT_SOCKET
        } else {
            path
        };
        Self::Unix(path.into())
    }

    /// The path of the socket, for an address on this machine.
    pub fn socket(&self) -> Option<&Path> {
        match self {
            Self::Unix(path) => Some(path),
            Self::Tcp(_) | Self::Ssh(_) => None,
        }
    }

    /// Whether TLS is used.
    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Tcp(tcp) if tcp.tls)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(tcp) => {
                let scheme = if tcp.tls { "https" } else { "tcp" };
                write!(f, "{scheme}://{}{}", tcp.authority(), tcp.base_path)
            }
            Self::Ssh(ssh) => ssh.fmt(f),
        }
    }
}

impl fmt::Display for SshAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ssh://")?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if self.socket != Path::new(DEFAULT_SOCKET) {
            write!(f, "{}", self.socket.display())?;
        }
        Ok(())
    }
}

impl SshAddress {
    /// Parses what follows `ssh://`: `[user@]host[:port][/path/of/socket]`, a combination of what Docker's
    /// and Podman's command lines accept. A password is not supported; SSH uses keys.
    fn parse(rest: &str) -> Result<Self, NotAnAddress> {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, authority) = match authority.rsplit_once('@') {
            Some((user, authority)) => (Some(user), authority),
            None => (None, authority),
        };
        // Neither may start like an option of `ssh`.
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        let is_plain =
            |text: &str| !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_name);
        if authority.is_empty() || authority.starts_with([':', '-']) {
            return Err(NotAnAddress);
        }
        if user.is_some_and(|user| !is_plain(user)) {
            return Err(NotAnAddress);
        }
        let (host, port) = host_and_port(authority)?;
        // In the option for `ssh` a colon ends the path.
        let socket = base_path(path)?;
        if socket.contains(':') {
            return Err(NotAnAddress);
        }
        Ok(Self {
            user: user.map(str::to_owned),
            host: host.to_owned(),
            port,
            socket: if socket.is_empty() {
                DEFAULT_SOCKET.into()
            } else {
                socket.into()
            },
        })
    }
}

impl TcpAddress {
    /// Host and port as in a URL and the `Host` header.
    pub(super) fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }
}

fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), NotAnAddress> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(NotAnAddress)?;
            host.parse::<Ipv6Addr>().map_err(|_| NotAnAddress)?;
            let is_port = port.is_empty() || port.starts_with(':');
            (host, is_port.then_some(port).ok_or(NotAnAddress)?)
        }
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
            if !host.bytes().all(is_name) {
                return Err(NotAnAddress);
            }
            (if host.is_empty() { DEFAULT_HOST } else { host }, port)
        }
    };
    match port.strip_prefix(':').filter(|port| !port.is_empty()) {
        None => Ok((host, None)),
        Some(port) => match port.parse() {
            Ok(0) | Err(_) => Err(NotAnAddress),
            Ok(port) => Ok((host, Some(port))),
        },
    }
}

fn base_path(path: &str) -> Result<String, NotAnAddress> {
    let is_plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'?' | b'#');
    if path.bytes().all(is_plain) {
        Ok(path.trim_end_matches('/').to_owned())
    } else {
        Err(NotAnAddress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The addresses that `docker version` (28.2) reports for these values of `DOCKER_HOST`; after the
    /// empty comment, values that it refuses but its libraries accept.
    #[test]
    fn addresses_are_read_as_docker_reads_them() {
        for (text, expected) in [
            ("unix:///nope", "unix:///nope"),
            ("unix://nope", "unix://nope"),
            ("unix://", "unix:///var/run/docker.sock"),
            ("tcp://127.0.0.1:1", "tcp://127.0.0.1:1"),
            (" tcp://127.0.0.1:1 ", "tcp://127.0.0.1:1"),
            ("tcp://engine", "tcp://engine:2375"),
            ("tcp://", "tcp://localhost:2375"),
            ("tcp://:1", "tcp://localhost:1"),
            (":1", "tcp://localhost:1"),
            ("127.0.0.1", "tcp://127.0.0.1:2375"),
            ("127.0.0.1:1", "tcp://127.0.0.1:1"),
            ("engine.example:1", "tcp://engine.example:1"),
            ("[::1]:1", "tcp://[::1]:1"),
            ("tcp://[::1]:1", "tcp://[::1]:1"),
            ("tcp://127.0.0.1:1/", "tcp://127.0.0.1:1"),
            ("tcp://127.0.0.1:1/prefix/", "tcp://127.0.0.1:1/prefix"),
            //
            ("TCP://Engine:1", "tcp://Engine:1"),
            ("UNIX:///Nope", "unix:///Nope"),
            ("tcp://[::1]", "tcp://[::1]:2375"),
            ("tcp://engine:", "tcp://engine:2375"),
            ("http://engine", "tcp://engine:80"),
            ("http://engine:2375/v", "tcp://engine:2375/v"),
            ("https://engine", "https://engine:443"),
            ("HTTPS://engine:2376", "https://engine:2376"),
        ] {
            let address = Address::parse(text, false).map(|address| address.to_string());
            assert_eq!(address.as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn tls_is_never_dropped_once_demanded() {
        for (text, expected) in [
            ("tcp://engine", "https://engine:2376"),
            ("engine", "https://engine:2376"),
            ("tcp://engine:2375", "https://engine:2375"),
            ("http://engine", "https://engine:443"),
            ("https://engine", "https://engine:443"),
            // The peer of a local socket is authenticated by the file's permissions.
            ("unix:///x", "unix:///x"),
        ] {
            let address = Address::parse(text, true).unwrap();
            assert_eq!(address.to_string(), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_allowed_forms() {
        for text in [
            "",
            " ",
            "/var/run/docker.sock",
            "npipe:////./pipe/docker_engine",
            "fd://",
            "ftp://engine",
            "://engine",
            "tcp://engine:0",
            "tcp://engine:65536",
            "tcp://engine:port",
            "tcp://::1",
            "tcp://[::1",
            "tcp://[::1]2375",
            "tcp://[engine]:1",
            "tcp://user@engine",
            "tcp://en gine",
            "tcp://engine/a?b",
            "tcp://engine/\nx",
        ] {
            assert_eq!(Address::parse(text, false), Err(NotAnAddress), "{text:?}");
        }
        assert!(NotAnAddress.to_string().contains("tcp://host"));
    }
}
