//! The tests of the connection between browser and server, and the problems that they find.

use super::HostId;

/// A way of receiving from the server that is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Probe {
    /// A plain HTTP request: whether the server answers at all.
    Reach,
    /// The multiplexed socket in the binary form, which the pages use.
    Binary,
    /// The multiplexed socket in JSON, which scripts use.
    Json,
    /// The socket that sends only container stats.
    DockerStats,
    /// Server-sent events.
    Stream,
    /// Repeated HTTP requests.
    Polling,
    /// A socket on which nothing is sent until the server's heartbeat.
    Quiet,
}

impl Probe {
    /// Every probe, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Reach,
        Self::Binary,
        Self::Json,
        Self::DockerStats,
        Self::Stream,
        Self::Polling,
        Self::Quiet,
    ];

    /// The path on the server.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Reach | Self::Binary | Self::Json | Self::Quiet => "/api/ws",
            Self::DockerStats => "/ws/docker/stats",
            Self::Stream => "/api/containers/stream",
            Self::Polling => "/api/snapshot",
        }
    }
}

/// The state of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Not started.
    Waiting,
    /// In progress.
    Running,
    /// The way works.
    Works,
    /// The way does not work.
    Broken,
    /// Unknown, because something that it needs does not work.
    Skipped,
}

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing to do as far as the pages are concerned.
    Note,
    /// The pages work, but not as well as they could.
    Warning,
    /// The pages do not receive their data.
    Fault,
}

/// A problem that was found, or a hint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Finding {
    /// Nothing answers.
    Unreachable,
    /// A proxy answers in place of the server, with this status.
    ProxyFailed(u16),
    /// Something answers that is not Deckwatch, with this status.
    Stranger(u16),
    /// The server does not accept the host name in the request.
    HostRefused,
    /// The server does not accept the page's origin: a proxy changes `Host`.
    OriginRefused,
    /// A sign-in is required first.
    SignedOut,
    /// The page is of another version than the server.
    OtherVersion,
    /// The server is at capacity.
    AtCapacity,
    /// No socket opens, although the server answers.
    UpgradeRefused,
    /// Sockets open only without the subprotocol that the pages use.
    SubprotocolRefused,
    /// Sockets open, but no message arrives.
    SocketSilent,
    /// Sockets are closed with this code before all messages have arrived.
    SocketCut(u16),
    /// Only the sockets below `/api` open.
    OtherPathRefused,
    /// No event stream opens, although the server answers.
    StreamRefused(Option<u16>),
    /// Events are buffered; the longest delay in seconds.
    StreamBuffered(u32),
    /// Polls get no valid answer.
    PollingFailed(Option<u16>),
    /// An idle socket was closed after this many seconds.
    IdleCut(u32),
    /// The server's heartbeat did not arrive for this many seconds.
    HeartbeatLost(u32),
    /// The round trip time in milliseconds, which is long.
    Slow(u32),
    /// The browser's clock is this many seconds ahead of the server's; negative when it is behind.
    ClockSkew(i64),
    /// The engine of this host does not answer.
    Engine(HostId),
}

impl Finding {
    /// The severity of the finding.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Unreachable
            | Self::ProxyFailed(_)
            | Self::Stranger(_)
            | Self::HostRefused
            | Self::SignedOut
            | Self::OtherVersion => Severity::Fault,
            Self::OriginRefused
            | Self::AtCapacity
            | Self::UpgradeRefused
            | Self::SubprotocolRefused
            | Self::SocketSilent
            | Self::SocketCut(_)
            | Self::OtherPathRefused
            | Self::StreamRefused(_)
            | Self::StreamBuffered(_)
            | Self::PollingFailed(_)
            | Self::IdleCut(_)
            | Self::HeartbeatLost(_)
            | Self::Engine(_) => Severity::Warning,
            Self::Slow(_) | Self::ClockSkew(_) => Severity::Note,
        }
    }

    /// The part of a proxy's configuration that fixes it, if any.
    pub const fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::UpgradeRefused | Self::SubprotocolRefused | Self::OtherPathRefused => {
                Some(Remedy::Upgrade)
            }
            Self::OriginRefused => Some(Remedy::Host),
            Self::StreamBuffered(_) | Self::SocketSilent => Some(Remedy::Buffering),
            Self::IdleCut(_) | Self::HeartbeatLost(_) => Some(Remedy::Timeout),
            _ => None,
        }
    }
}

/// A change of a proxy's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Forward WebSocket upgrades.
    Upgrade,
    /// Forward the host name that the browser uses.
    Host,
    /// Forward responses without buffering.
    Buffering,
    /// Use a timeout longer than the heartbeat interval.
    Timeout,
}

/// A proxy for which there is a known configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "every variant is the product it names")]
pub enum Proxy {
    Nginx,
    Haproxy,
    Caddy,
    Traefik,
}

impl Proxy {
    /// Every proxy, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Nginx, Self::Haproxy, Self::Caddy, Self::Traefik];

    /// The name of the proxy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "HAProxy",
            Self::Caddy => "Caddy",
            Self::Traefik => "Traefik",
        }
    }

    /// The lines of configuration for `remedy`: those of `docs/deploy`, where they are tested.
    pub const fn lines(self, remedy: Remedy) -> &'static str {
        match (self, remedy) {
            (Self::Nginx, Remedy::Upgrade) => {
                "proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $connection_upgrade;\n\n# beside the server block:\nmap $http_upgrade $connection_upgrade { default upgrade; '' ''; }"
            }
            (Self::Nginx, Remedy::Host) => "proxy_set_header Host $http_host;",
            (Self::Nginx, Remedy::Buffering) => {
                "proxy_buffering off;\n# and remove, where they stand:\n#   proxy_ignore_headers X-Accel-Buffering;\n#   text/event-stream from gzip_types"
            }
            (Self::Nginx, Remedy::Timeout) => "proxy_read_timeout 1h;\nproxy_send_timeout 1h;",
            (Self::Haproxy, Remedy::Upgrade) => {
                "# HAProxy passes upgrades on by itself. Remove what deletes them, such as\n#   http-request del-header Upgrade\n# and keep this mode in frontend and backend:\nmode http"
            }
            (Self::Haproxy, Remedy::Host) => {
                "# Remove what changes the name, such as\n#   http-request set-header Host …"
            }
            (Self::Haproxy, Remedy::Buffering) => {
                "# HAProxy passes answers on as they come. Remove what collects them:\n#   filter compression"
            }
            (Self::Haproxy, Remedy::Timeout) => {
                "timeout tunnel 1h\ntimeout server 1m\ntimeout client 1m"
            }
            (Self::Caddy, Remedy::Upgrade) => {
                "# Caddy passes upgrades on by itself. Remove what deletes them:\n#   header_up -Upgrade\nreverse_proxy 127.0.0.1:3000"
            }
            (Self::Caddy, Remedy::Host) => {
                "# Caddy keeps the name by itself. Remove what changes it:\n#   header_up Host …\nreverse_proxy 127.0.0.1:3000"
            }
            (Self::Caddy, Remedy::Buffering) => {
                "reverse_proxy 127.0.0.1:3000 {\n    flush_interval -1\n}"
            }
            (Self::Caddy, Remedy::Timeout) => {
                "# Caddy cuts nothing by itself. Remove from the transport:\n#   read_timeout …"
            }
            (Self::Traefik, Remedy::Upgrade) => {
                "# Traefik passes upgrades on by itself. Remove middlewares that\n# clear the headers Upgrade or Connection (customRequestHeaders)."
            }
            (Self::Traefik, Remedy::Host) => {
                "http:\n  services:\n    deckwatch:\n      loadBalancer:\n        passHostHeader: true"
            }
            (Self::Traefik, Remedy::Buffering) => {
                "# Remove the middleware `buffering`, and flush at once:\nhttp:\n  services:\n    deckwatch:\n      loadBalancer:\n        responseForwarding:\n          flushInterval: -1"
            }
            (Self::Traefik, Remedy::Timeout) => {
                "entryPoints:\n  web:\n    transport:\n      respondingTimeouts:\n        readTimeout: 0\n        idleTimeout: 1h"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_proxy_has_lines_for_every_remedy() {
        for proxy in Proxy::ALL {
            for remedy in [
                Remedy::Upgrade,
                Remedy::Host,
                Remedy::Buffering,
                Remedy::Timeout,
            ] {
                assert!(!proxy.lines(remedy).is_empty(), "{proxy:?} {remedy:?}");
            }
        }
    }
}
