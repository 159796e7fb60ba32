//! The address of a client, through the proxies that are trusted.

use crate::server::{config::Network, serve::Peer};
use axum::http::HeaderMap;
use std::{fmt, net::IpAddr};

/// The header in which proxies append the address of their client.
const FORWARDED_FOR: &str = "x-forwarded-for";
/// The header in which proxies state the scheme that their client used.
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// The address of a client, and whether it is connected over HTTPS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress {
    address: IpAddr,
    is_secure: bool,
    /// Whether the connection itself comes from a trusted proxy.
    is_proxied: bool,
}

impl ClientAddress {
    /// The client of a request that arrived from `connection`: the last address in `X-Forwarded-For` that is
    /// not a trusted proxy. Addresses before it are the client's own claims.
    pub fn of(connection: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> Self {
        let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
        let connection = connection.to_canonical();
        if !is_trusted(connection) {
            return Self {
                address: connection,
                is_secure: false,
                is_proxied: false,
            };
        }
        let lists = headers.get_all(FORWARDED_FOR).iter();
        let lists = lists.filter_map(|value| value.to_str().ok());
        let named: Vec<_> = lists.flat_map(|list| list.split(',')).collect();
        let mut address = connection;
        for text in named.into_iter().rev() {
            // Something that is no address was not written by a trusted proxy.
            let Some(next) = parsed(text.trim()) else {
                break;
            };
            address = next.to_canonical();
            if !is_trusted(address) {
                break;
            }
        }
        let proto = headers.get_all(FORWARDED_PROTO).iter().next_back();
        let proto = proto.and_then(|value| value.to_str().ok());
        let proto = proto.and_then(|list| list.rsplit(',').next());
        Self {
            address,
            is_secure: proto.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https")),
            is_proxied: true,
        }
    }

    /// The unit in which the client is counted and limited.
    pub fn peer(&self) -> Peer {
        self.address.into()
    }

    /// Whether the client uses HTTPS, as far as a trusted proxy says so.
    pub const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Whether the request came through a trusted proxy.
    pub const fn is_proxied(&self) -> bool {
        self.is_proxied
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

/// An address, also with a port as some proxies write it.
fn parsed(text: &str) -> Option<IpAddr> {
    let bare = text.parse().ok();
    bare.or_else(|| Some(text.parse::<std::net::SocketAddr>().ok()?.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(connection: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "::1"].map(|text| text.parse().unwrap());
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        ClientAddress::of(connection.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_only_their_own_entry() {
        for (connection, forwarded, expected) in [
            ("192.0.2.1", &["203.0.113.9"][..], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            (
                "10.0.0.1",
                &["1.1.1.1", "203.0.113.9, 10.0.0.2"],
                "203.0.113.9",
            ),
            ("10.0.0.1", &["10.0.0.7, 10.0.0.2"], "10.0.0.7"),
            ("10.0.0.1", &["203.0.113.9, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("::ffff:10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("::1", &["2001:db8::1"], "2001:db8::1"),
        ] {
            assert_eq!(
                client(connection, forwarded),
                expected,
                "{connection} {forwarded:?}"
            );
        }
    }

    #[test]
    fn https_is_believed_from_a_trusted_proxy_only() {
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_PROTO, "https".parse().unwrap());
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let of = |address: &str| ClientAddress::of(address.parse().unwrap(), &headers, &trusted);
        assert!(of("10.0.0.1").is_secure() && of("10.0.0.1").is_proxied());
        assert!(!of("192.0.2.1").is_secure() && !of("192.0.2.1").is_proxied());
    }
}
