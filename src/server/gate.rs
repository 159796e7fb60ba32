//! The gate: middleware before every route that checks the `Host` and `Origin` of each request, and the
//! permits that limit open connections.
//!
//! A page of another site can make a browser connect to this server. It cannot choose the `Host` header,
//! except by a DNS name that it points here, nor hide its `Origin`; so both are checked.

mod reconnects;

pub use reconnects::Reconnecting;

use super::{AppState, access::Visitor, authority::Authority, problem::Refusal, serve::Peer};
use crate::protocol::{ApiError, ErrorCode};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use reconnects::{Client, Reconnects};
use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The `Retry-After` of a response to a client that got no permit.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Divisor: a tenth of `max_clients` is reserved, beyond that limit, for peers that hold few permits. So
/// one peer may take every regular permit, as a proxy does for its clients, and other peers still get one.
const RESERVE_DIVISOR: u32 = 10;
/// Most connections of one user on a server with sign-in: a page takes one, a script a few.
const PER_USER: u32 = 20;
/// Most connections of one address on a server with sign-in. Behind a proxy that is not trusted all clients
/// have one address.
const PER_PEER: u32 = 50;
/// Divisor: the part of the reserve that one peer may hold.
const PEER_RESERVE_DIVISOR: u32 = 10;

/// The allowed names of this server, and the permits. A handle: clones share the permits.
#[derive(Clone, Debug)]
pub struct Gate {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    listen: SocketAddr,
    /// Names by which this machine reaches itself; always allowed.
    own: BTreeSet<String>,
    /// The configured public names (`allowed-hosts`).
    public: BTreeSet<Authority>,
    permits: Mutex<Permits>,
    max_clients: u32,
    /// The moment from which the times of reconnects are counted.
    started: Instant,
}

/// Permits in use.
#[derive(Debug, Default)]
struct Permits {
    in_use: u32,
    /// Permits per peer; peers without any are absent.
    by_peer: HashMap<Peer, u32>,
    /// Permits per user; users without any are absent.
    by_user: HashMap<Arc<str>, u32>,
    reconnects: Reconnects,
}

/// The right to hold one connection open; released when dropped.
#[derive(Debug)]
pub struct Permit {
    gate: Gate,
    peer: Peer,
    user: Option<Arc<str>>,
    /// Whether the end of the connection is unwanted, so that the next one of this client is a reconnect.
    is_live: bool,
}

impl Permit {
    /// The permit of a connection that its client keeps open for live data, and opens again when it breaks.
    #[must_use]
    pub fn of_live(mut self) -> Self {
        self.is_live = true;
        let (client, now) = (self.client(), self.gate.now());
        self.gate.permits().reconnects.opened(&client, now);
        self
    }

    /// Records that the user has left the page: the end of the connection is as wanted.
    pub fn left(&mut self) {
        self.is_live = false;
    }

    fn client(&self) -> Client {
        match &self.user {
            Some(user) => Client::User(Arc::clone(user)),
            None => Client::Peer(self.peer),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let now = self.gate.now();
        let mut permits = self.gate.permits();
        if self.is_live {
            permits.reconnects.ended(&self.client(), now);
        }
        permits.in_use = permits.in_use.saturating_sub(1);
        if let Some(held) = permits.by_peer.get_mut(&self.peer) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                permits.by_peer.remove(&self.peer);
            }
        }
        if let Some(user) = &self.user
            && let Some(held) = permits.by_user.get_mut(user)
        {
            *held = held.saturating_sub(1);
            if *held == 0 {
                permits.by_user.remove(user);
            }
        }
    }
}

impl Gate {
    /// The gate of a server that listens on `listen`, has the public names `allowed_hosts` and accepts
    /// `max_clients` connections.
    pub fn new(listen: SocketAddr, allowed_hosts: &[String], max_clients: u32) -> Self {
        let address = match listen.ip() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        let own = [
            "localhost".into(),
            "127.0.0.1".into(),
            "[::1]".into(),
            address,
        ];
        Self {
            inner: Arc::new(Inner {
                listen,
                own: own.into(),
                public: allowed_hosts
                    .iter()
                    .filter_map(|name| Authority::parse(name))
                    .collect(),
                permits: Mutex::default(),
                max_clients,
                started: Instant::now(),
            }),
        }
    }

    /// Acquires a permit for a connection of `visitor`.
    ///
    /// # Errors
    /// When none is available: 503, or 429 if the user or the address holds too many, with `Retry-After`.
    pub fn admit(&self, visitor: &Visitor) -> Result<Permit, Refusal> {
        let user = visitor.limited_as();
        let peer = visitor.address().peer();
        let Some(user) = user else {
            return self.admit_peer(peer, None);
        };
        let permits = self.permits();
        let of_user = permits.by_user.get(&user).copied().unwrap_or_default();
        let of_peer = permits.by_peer.get(&peer).copied().unwrap_or_default();
        drop(permits);
        let (most, whose) = match (of_user >= PER_USER, of_peer >= PER_PEER) {
            (true, _) => (PER_USER, "you have"),
            (_, true) => (PER_PEER, "your address has"),
            _ => return self.admit_peer(peer, Some(user)),
        };
        let message = format!("{whose} {most} connections open already");
        let refusal = Refusal::from(ApiError::new(ErrorCode::RateLimited, message));
        Err(refusal.retry_after(RETRY_AFTER))
    }

    fn admit_peer(&self, peer: Peer, user: Option<Arc<str>>) -> Result<Permit, Refusal> {
        let max = self.inner.max_clients;
        let reserve = max / RESERVE_DIVISOR;
        let mut permits = self.permits();
        let held = permits.by_peer.get(&peer).copied().unwrap_or_default();
        let may_use_reserve = permits.in_use < max.saturating_add(reserve)
            && held < reserve.div_ceil(PEER_RESERVE_DIVISOR);
        if permits.in_use >= max && !may_use_reserve {
            let error = ApiError::new(
                ErrorCode::RateLimited,
                format!("all {max} connections are taken"),
            );
            let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error);
            return Err(refusal.retry_after(RETRY_AFTER));
        }
        permits.in_use += 1;
        permits.by_peer.insert(peer, held + 1);
        if let Some(user) = &user {
            *permits.by_user.entry(Arc::clone(user)).or_default() += 1;
        }
        drop(permits);
        Ok(Permit {
            gate: self.clone(),
            peer,
            user,
            is_live: false,
        })
    }

    /// Number of permits in use.
    pub fn connections(&self) -> u32 {
        self.permits().in_use
    }

    /// Live connections since the start that replaced one which had ended shortly before.
    pub fn reconnects(&self) -> u64 {
        self.permits().reconnects.total()
    }

    /// The same within the last [`WINDOW`](super::recent::WINDOW).
    pub fn recent_reconnects(&self) -> u64 {
        self.permits().reconnects.recent(self.now())
    }

    /// The client that reconnects again and again, if there is one.
    pub fn reconnecting(&self) -> Option<Reconnecting> {
        let permits = self.permits();
        let open = |client: &Client| {
            let held = match client {
                Client::User(user) => permits.by_user.get(user),
                Client::Peer(peer) => permits.by_peer.get(peer),
            };
            held.copied().unwrap_or_default()
        };
        permits.reconnects.worst(open, self.now())
    }

    fn now(&self) -> Duration {
        self.inner.started.elapsed()
    }

    fn permits(&self) -> MutexGuard<'_, Permits> {
        let permits = self.inner.permits.lock();
        permits.unwrap_or_else(PoisonError::into_inner)
    }

    fn allows_host(&self, host: &Authority) -> bool {
        self.is_own(host)
            || self
                .inner
                .public
                .iter()
                .any(|known| known.name == host.name)
    }

    /// Whether `host` is a name of this machine itself. When the server listens on all addresses, any
    /// address is accepted: an attacker can point a name at this server, but cannot use an address of it.
    fn is_own(&self, host: &Authority) -> bool {
        self.inner.own.contains(&host.name)
            || (self.inner.listen.ip().is_unspecified() && host.is_address())
    }

    /// Whether `origin` is the origin of a page of this server, which the client reached as `host`.
    fn allows_origin(&self, origin: &str, host: &Authority) -> bool {
        let Some((scheme, rest)) = origin.split_once("://") else {
            return false;
        };
        let default_port = match scheme.to_ascii_lowercase().as_str() {
            "http" => 80,
            "https" => 443,
            _ => return false,
        };
        let Some(origin) = Authority::parse(rest) else {
            return false;
        };
        let port = origin.port.unwrap_or(default_port);
        let is_same_origin = origin.name == host.name && port == host.port.unwrap_or(default_port);
        let is_public = self.inner.public.iter().any(|known| {
            known.name == origin.name
                && (is_same_origin || port == known.port.unwrap_or(default_port))
        });
        // The server itself speaks plain HTTP only; HTTPS needs a proxy, and so a public name.
        let is_own = default_port == 80
            && self.is_own(&origin)
            && (is_same_origin
                || (port == self.inner.listen.port() && self.inner.own.contains(&origin.name)));
        is_public || is_own
    }

    fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = self.host(uri, headers).ok_or_else(|| {
            Refusal::new(
                StatusCode::MISDIRECTED_REQUEST,
                ApiError::new(
                    ErrorCode::Forbidden,
                    "this server is not known by that name; add it to allowed-hosts",
                ),
            )
        })?;
        let forbidden = |message| Refusal::from(ApiError::new(ErrorCode::Forbidden, message));
        let is_mutation = !matches!(*method, Method::GET | Method::HEAD);
        let is_live = headers.contains_key(header::UPGRADE) || uri.path().ends_with("/stream");
        if is_mutation || is_live {
            let mut origins = headers.get_all(header::ORIGIN).iter();
            let ours = origins.all(|origin| {
                origin
                    .to_str()
                    .is_ok_and(|origin| self.allows_origin(origin, &host))
            });
            if !ours {
                return Err(forbidden("not from that origin"));
            }
        }
        let site = headers.get("sec-fetch-site");
        if is_mutation && site.is_some_and(|site| site == "cross-site") {
            return Err(forbidden("not from another site"));
        }
        Ok(())
    }

    /// The requested host, if it is named exactly once and is a name of this server.
    fn host(&self, uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
        let mut named = headers.get_all(header::HOST).iter();
        let header = match (named.next(), named.next()) {
            (Some(host), None) => host.to_str().ok()?,
            _ => return None,
        };
        // A host in the request target takes precedence: RFC 9112, 3.2.2.
        let name = uri
            .authority()
            .map_or(header, |authority| authority.as_str());
        Authority::parse(name).filter(|host| self.allows_host(host))
    }
}

/// Middleware that refuses requests for other hosts and from other origins.
pub async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match state
        .gate
        .check(request.method(), request.uri(), request.headers())
    {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(listen: &str) -> Gate {
        let names = ["deck.example.com".into(), "nas.lan:8443".into()];
        Gate::new(listen.parse().unwrap(), &names, 2)
    }

    fn status(gate: &Gate, method: Method, headers: &[(&'static str, &str)]) -> u16 {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        match gate.check(
            &method,
            &Uri::from_static("/api/containers/x/stop"),
            &headers,
        ) {
            Ok(()) => 200,
            Err(refusal) => refusal.into_response().status().as_u16(),
        }
    }

    #[test]
    fn only_requests_for_names_of_this_server_are_served() {
        let gate = gate("127.0.0.1:3000");
        for host in [
            "localhost:3000",
            "LOCALHOST",
            "localhost.:3000",
            "127.0.0.1:3000",
            "[::1]:3000",
            "deck.example.com",
            "Deck.Example.COM:443",
        ] {
            assert_eq!(status(&gate, Method::GET, &[("host", host)]), 200, "{host}");
        }
        for host in [
            "evil.example",
            "10.0.0.1:3000",
            "localhost.evil.example",
            "deck.example.com.evil.example",
            "localhost:3000@evil.example",
            "",
            "[::1",
            "localhost:x",
        ] {
            assert_eq!(status(&gate, Method::GET, &[("host", host)]), 421, "{host}");
        }
        assert_eq!(status(&gate, Method::GET, &[]), 421);
    }

    #[test]
    fn a_server_on_all_addresses_accepts_any_address_as_host() {
        let gate = gate("0.0.0.0:3000");
        let from =
            |host, origin| status(&gate, Method::POST, &[("host", host), ("origin", origin)]);
        assert_eq!(from("192.168.1.5:3000", "http://192.168.1.5:3000"), 200);
        assert_eq!(from("192.168.1.5:8080", "http://192.168.1.5:8080"), 200);
        assert_eq!(from("192.168.1.5:3000", "http://192.168.1.66:3000"), 403);
        assert_eq!(from("evil.example:3000", "http://evil.example:3000"), 421);
    }

    #[test]
    fn mutations_are_accepted_from_own_origins_only() {
        let gate = gate("127.0.0.1:3000");
        let from = |origin| {
            let headers = [("host", "localhost:3000"), ("origin", origin)];
            status(&gate, Method::POST, &headers)
        };
        for origin in [
            "http://localhost:3000",
            "HTTP://LOCALHOST:3000",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
            "https://deck.example.com",
            "https://deck.example.com:443",
            "http://deck.example.com",
            "https://nas.lan:8443",
        ] {
            assert_eq!(from(origin), 200, "{origin}");
        }
        for origin in [
            "null",
            "",
            "http://localhost",
            "http://localhost:3001",
            "https://localhost:3000",
            "https://deck.example.com:444",
            "https://nas.lan",
            "https://evil.example",
            "https://deck.example.com.evil.example",
            "https://xn--dck-hoa.example.com",
            "http://[::2]:3000",
            "http://localhost:3000.evil.example",
            "http://evil.example/http://localhost:3000",
            "file://localhost:3000",
        ] {
            assert_eq!(from(origin), 403, "{origin}");
        }
        let no_origin = [("host", "localhost:3000")];
        assert_eq!(
            status(&gate, Method::POST, &no_origin),
            200,
            "as scripts do"
        );
        let cross_site = [("host", "localhost:3000"), ("sec-fetch-site", "cross-site")];
        assert_eq!(status(&gate, Method::POST, &cross_site), 403);
        assert_eq!(status(&gate, Method::GET, &cross_site), 200, "a link to us");
    }

    fn peer(last: u8) -> Peer {
        IpAddr::from([10, 0, 0, last]).into()
    }

    #[test]
    fn connections_are_limited_and_a_dropped_permit_is_free_again() {
        let gate = gate("127.0.0.1:3000");
        let admit = || gate.admit_peer(peer(1), None);
        let (first, _second) = (admit().unwrap(), admit().unwrap());
        assert_eq!(gate.connections(), 2);
        let refusal = admit().unwrap_err().into_response();
        assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(refusal.headers().contains_key(header::RETRY_AFTER));
        drop(first);
        assert_eq!(gate.connections(), 1);
        assert!(admit().is_ok());
    }

    #[test]
    fn only_live_connections_that_break_count_as_reconnects() {
        let gate = gate("127.0.0.1:3000");
        let admit = || gate.admit_peer(peer(1), None).unwrap();
        for _ in 0..20 {
            drop(admit());
            admit().of_live().left();
        }
        assert_eq!(gate.reconnects(), 0, "downloads, and pages that were left");
        for _ in 0..12 {
            drop(admit().of_live());
        }
        assert_eq!((gate.reconnects(), gate.recent_reconnects()), (11, 11));
        assert_eq!(gate.reconnecting().unwrap().client, "10.0.0.1");
        let held = [admit().of_live(), admit().of_live()];
        assert_eq!(
            gate.reconnecting(),
            None,
            "two connections may break more often"
        );
        drop(held);
    }

    #[test]
    fn a_peer_that_holds_every_permit_does_not_keep_others_out() {
        let gate = Gate::new("127.0.0.1:3000".parse().unwrap(), &[], 200);
        let greedy: Vec<_> = (0..200)
            .map(|_| gate.admit_peer(peer(1), None).unwrap())
            .collect();
        assert!(gate.admit_peer(peer(1), None).is_err());
        let others: Vec<_> = [2, 2, 3]
            .map(|n| gate.admit_peer(peer(n), None).unwrap())
            .into();
        assert!(
            gate.admit_peer(peer(2), None).is_err(),
            "one peer holds a tenth of the reserve at most"
        );
        let more: Vec<_> = (4..)
            .map_while(|n| gate.admit_peer(peer(n), None).ok())
            .collect();
        assert_eq!(others.len() + more.len(), 20, "the reserve is limited, too");
        drop(greedy);
        assert_eq!(gate.connections(), 20);
        drop((others, more));
        assert!(gate.permits().by_peer.is_empty());
    }
}
