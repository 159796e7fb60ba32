//! Finds the secret in the credentials of a URL.
//!
//! By RFC 3986 credentials end at the last `@` before the first `/`, `?` or `#`, and a password escapes
//! these characters. Unescaped passwords exist nevertheless, as in `postgres://app:s3cr@t/x@db:5432/x`, and
//! so do paths with `@`, as in `https://host/@me/album`. The RFC's interpretation is used where it is
//! possible, with the exceptions of [`credentials_end`]: where both are possible, the one that masks more.

use memchr::memmem;
use std::ops::Range;

/// The end of a scheme, after which credentials may begin.
pub(super) const SEPARATOR: &str = "://";

/// Schemes with which a single name before `@` is a user, and not a token.
const USER_SCHEMES: [&str; 4] = ["ssh", "sftp", "scp", "rsync"];

/// Schemes whose paths may contain `@`, as those of packages and profiles.
const WEB_SCHEMES: [&str; 4] = ["http", "https", "ws", "wss"];

/// Whether a URL has its `://` at `at`.
pub(super) fn begins_at(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    rest.starts_with(SEPARATOR.as_bytes())
}

/// The secret in the credentials of the URL whose `://` is at `at`, and the end of its authority. Takes time
/// in proportion to the distance to the next URL.
pub(super) fn find(text: &[u8], at: usize) -> (Option<Range<usize>>, usize) {
    let begin = at + SEPARATOR.len();
    let rest = text.get(begin..).unwrap_or_default();
    let next = memmem::find(rest, SEPARATOR.as_bytes());
    let next = next.map_or(rest.len(), |next| next - scheme_before(rest, next).len());
    let rest = valid(rest.get(..next).unwrap_or_default());
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`');
    let end = rest.find(ends).unwrap_or(rest.len());
    let rest = rest.get(..end).unwrap_or_default();
    let secret = secret(scheme_before(text, at), rest);
    let from = secret.as_ref().map_or(0, |secret| secret.end);
    // The port of a host named `token` is not its value.
    let address = rest.get(from..).unwrap_or_default();
    let address = address.find(['/', '?', '#']).unwrap_or(address.len());
    let secret = secret.map(|secret| begin + secret.start..begin + secret.end);
    (secret, begin + from + address)
}

/// The scheme that ends at `at`.
fn scheme_before(text: &[u8], at: usize) -> &str {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-');
    let before = text.get(..at).unwrap_or_default();
    let begin = before.iter().rposition(|byte| !is_part(byte));
    valid(
        before
            .get(begin.map_or(0, |begin| begin + 1)..)
            .unwrap_or_default(),
    )
}

/// The beginning of `text` that is UTF-8.
fn valid(text: &[u8]) -> &str {
    text.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

/// The secret in `rest`, the part of the URL after `scheme://`.
fn secret(scheme: &str, rest: &str) -> Option<Range<usize>> {
    let end = credentials_end(scheme, rest)?;
    let credentials = rest.get(..end)?;
    let secret = match credentials.split_once(':') {
        // `https://<token>:@host`: the name is the secret.
        Some((user, "")) => 0..user.len(),
        Some((user, _)) => user.len() + 1..end,
        None if is_one_of(scheme, &USER_SCHEMES) => return None,
        // `https://<token>@host`.
        None => 0..end,
    };
    (!secret.is_empty()).then_some(secret)
}

/// The position of the `@` that ends the credentials in `rest`; `None` when there are no credentials.
fn credentials_end(scheme: &str, rest: &str) -> Option<usize> {
    let authority = authority(rest);
    let Some((credentials, host)) = authority.rsplit_once('@') else {
        let (_, port) = authority.split_once(':')?;
        let is_host = authority.starts_with('[') || is_port(port);
        return match is_host {
            // `app:s3` is not a host and port, so the `/` belongs to a password.
            false => rest.rfind('@'),
            true if is_one_of(scheme, &WEB_SCHEMES) => None,
            // `app:1234/x@db`: probably not a path, but a password that begins like a port.
            true => last_in_path(rest, authority.len()),
        };
    };
    if !is_host_and_port(host) {
        return rest.rfind('@');
    }
    let later = last_in_path(rest, authority.len()).filter(|_| credentials.contains(':'));
    Some(later.unwrap_or(credentials.len()))
}

/// The last `@` in the path that is followed by a host. `/@scope` is part of a path, not the end of a
/// password.
fn last_in_path(rest: &str, path_begins: usize) -> Option<usize> {
    let path = rest.get(path_begins..)?;
    let path = path.split(['?', '#']).next()?;
    let at = path.rfind('@')?;
    let is_scope = path.get(..at)?.ends_with('/');
    (!is_scope && is_host_and_port(authority(path.get(at + 1..)?))).then_some(path_begins + at)
}

fn authority(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// Whether `text` is `host`, `host:port` or `[address]:port`, or several of them, separated by commas.
fn is_host_and_port(text: &str) -> bool {
    text.split(',').all(|one| {
        let (host, port) = match one.strip_prefix('[').and_then(|one| one.split_once(']')) {
            Some((address, port)) => (address, port.strip_prefix(':').unwrap_or(port)),
            None => one.split_once(':').unwrap_or((one, "")),
        };
        let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        !host.is_empty() && host.chars().all(is_host) && (port.is_empty() || is_port(port))
    })
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

fn is_one_of(scheme: &str, schemes: &[&str]) -> bool {
    // `git+https`
    let plain = scheme.rsplit('+').next().unwrap_or(scheme);
    schemes
        .iter()
        .any(|known| plain.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_in_a_url_is_found_and_its_host_is_kept() {
        for (url, expected) in [
            ("https://host/@me/album", None),
            ("https://host:8080/@me/album", None),
            ("https://host/x?mail=me@example.org", None),
            ("http://[::1]:8080/@me", None),
            ("docker://registry:5000/app@sha256:0123456789abcdef", None),
            ("postgres://db:5432/x?owner=me@example.org", None),
            ("ssh://git@example.org/x", None),
            ("git+ssh://git@example.org/x", None),
            ("https://@host/x", None),
            ("postgres://app:s3cr@t/x@db:5432/x", Some("s3cr@t/x")),
            ("postgres://app:s3/x@db:5432/x", Some("s3/x")),
            ("postgres://app:1234/x@db:5432/x", Some("1234/x")),
            ("postgres://app:a?b#c@db/x", Some("a?b#c")),
            ("postgres://app:a@/?b@db/x", Some("a@/?b")),
            ("postgres://app:abc/@db:5432/x", Some("abc/")),
            ("https://app:s3cr@t/x@host/path", Some("s3cr@t/x")),
            ("https://u:p@registry.example/@babel/core", Some("p")),
            ("https://u:p@host/x?mail=me@example.org", Some("p")),
            ("https://u:p%40q@[::1]:8080/x", Some("p%40q")),
            ("mongodb://u:p@h1:27017,h2:27017/db", Some("p")),
            ("redis://:pw@cache", Some("pw")),
            ("https://tok3n@git.example/x", Some("tok3n")),
            ("git+https://tok3n@git.example/x.git@v1", Some("tok3n")),
            ("https://tok3n:@api.example", Some("tok3n")),
            ("tcp://user:pw@engine:2376", Some("pw")),
        ] {
            let (scheme, rest) = url.split_once("://").unwrap();
            let found = secret(scheme, rest).map(|range| &rest[range]);
            assert_eq!(found, expected, "{url}");
        }
    }
}
