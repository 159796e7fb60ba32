//! The host name and port in a URL, a `Host` header or the setting `allowed-hosts`.

use std::net::IpAddr;

/// A host name or address in lower case, with an optional port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Authority {
    pub(super) name: String,
    pub(super) port: Option<u16>,
}

impl Authority {
    /// Parses `name`, `name:port`, `1.2.3.4:port` or `[::1]:port`.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, rest) = rest.split_once(']')?;
                address.parse::<std::net::Ipv6Addr>().ok()?;
                (
                    format!("[{address}]"),
                    rest.strip_prefix(':').or(rest.is_empty().then_some("")),
                )
            }
            None => match text.split_once(':') {
                Some((name, port)) => (name.to_owned(), Some(port).filter(|port| !port.is_empty())),
                None => (text.to_owned(), Some("")),
            },
        };
        let port = match port? {
            "" => None,
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
            _ => return None,
        };
        // A trailing dot denotes the same, fully qualified name.
        let name = name.strip_suffix('.').unwrap_or(&name).to_ascii_lowercase();
        let valid = name.starts_with('[')
            || (!name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')));
        valid.then_some(Self { name, port })
    }

    pub(super) fn is_address(&self) -> bool {
        let bare = self.name.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_ok()
    }
}
