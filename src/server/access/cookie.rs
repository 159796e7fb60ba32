//! The cookies: of sessions, and of sign-ins at an OpenID Connect provider.

use super::Secret;
use axum::http::{HeaderMap, HeaderValue, header};
use std::time::Duration;

/// The names of a cookie.
#[derive(Clone, Copy, Debug)]
struct Names {
    /// Over HTTPS. Browsers accept the prefix `__Host-` from this origin and for `/` only.
    secure: &'static str,
    /// Over HTTP, or below a base path.
    plain: &'static str,
}

/// The cookie of a session.
const SESSION: Names = Names {
    secure: "__Host-deckwatch",
    plain: "deckwatch-session",
};
/// The cookie that binds sign-ins at an OpenID Connect provider to the browser that began them.
const OIDC: Names = Names {
    secure: "__Host-deckwatch-oidc",
    plain: "deckwatch-oidc",
};

/// How cookies are set for a request.
#[derive(Clone, Copy, Debug)]
pub struct CookieScope<'a> {
    /// The base path: empty, or segments that each begin with a slash.
    pub base: &'a str,
    /// Whether the browser reached this server over HTTPS.
    pub is_secure: bool,
}

impl CookieScope<'_> {
    /// The header that stores `session` for at most `age`.
    pub fn store(&self, session: &Secret, age: Duration) -> Option<HeaderValue> {
        self.header(SESSION, session.reveal(), age.as_secs())
    }

    /// The header that binds sign-ins to a browser for `age`.
    pub fn bind(&self, browser: &str, age: Duration) -> Option<HeaderValue> {
        self.header(OIDC, browser, age.as_secs())
    }

    /// The header that removes the cookie.
    pub fn remove(&self) -> Option<HeaderValue> {
        self.header(SESSION, "", 0)
    }

    /// The session that the cookies in `headers` name.
    pub fn session<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        value(headers, self.name(SESSION))
    }

    /// The cookie in `headers` that binds sign-ins to the browser.
    pub fn browser<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        value(headers, self.name(OIDC))
    }

    /// The name under which a cookie is set, and the only one under which it is read: another site of the same
    /// domain can set the plain cookie, and so sign a browser in as a user of its choice.
    fn name(&self, names: Names) -> &'static str {
        match self.is_secure && self.base.is_empty() {
            true => names.secure,
            false => names.plain,
        }
    }

    fn header(&self, names: Names, value: &str, age: u64) -> Option<HeaderValue> {
        let path = if self.base.is_empty() { "/" } else { self.base };
        let name = self.name(names);
        let secure = if self.is_secure { "; Secure" } else { "" };
        let cookie =
            format!("{name}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(cookie).ok()
    }
}

/// The value of the cookie `wanted`.
fn value<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok());
    let mut pairs = cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, value)| *name == wanted && !value.is_empty())?;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_cookie_is_read_back_and_scripts_cannot_read_it() {
        let secret = Secret::random("").unwrap();
        for (base, is_secure, name, path) in [
            ("", true, "__Host-deckwatch", "/"),
            ("", false, "deckwatch-session", "/"),
            ("/deck", true, "deckwatch-session", "/deck"),
        ] {
            let scope = CookieScope { base, is_secure };
            let header = scope.store(&secret, Duration::from_secs(60)).unwrap();
            let text = header.to_str().unwrap();
            let (pair, attributes) = text.split_once("; ").unwrap();
            assert!(pair.starts_with(&format!("{name}=")), "{text}");
            assert!(
                attributes.contains(&format!("Path={path}; Max-Age=60; HttpOnly; SameSite=Lax"))
            );
            assert_eq!(attributes.ends_with("; Secure"), is_secure);
            let mut headers = HeaderMap::new();
            headers.append(header::COOKIE, format!("a=b; {pair}; c").parse().unwrap());
            assert_eq!(scope.session(&headers), Some(secret.reveal()));
            let removed = scope.remove().unwrap();
            assert!(removed.to_str().unwrap().starts_with(&format!("{name}=; ")));
        }
    }

    #[test]
    fn the_cookie_of_a_sign_in_is_another_one() {
        let scope = CookieScope {
            base: "",
            is_secure: true,
        };
        let header = scope.bind("abc", Duration::from_secs(600)).unwrap();
        let (pair, attributes) = header.to_str().unwrap().split_once("; ").unwrap();
        assert_eq!(
            attributes,
            "Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"
        );
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, pair.parse().unwrap());
        assert_eq!(scope.browser(&headers), Some("abc"));
        assert_eq!(scope.session(&headers), None);
    }

    #[test]
    fn a_plain_cookie_does_not_count_where_the_protected_one_is_set() {
        let scope = |base, is_secure| CookieScope { base, is_secure };
        let mut headers = HeaderMap::new();
        let cookies = "deckwatch-session=planted; deckwatch-oidc=planted";
        headers.append(header::COOKIE, cookies.parse().unwrap());
        assert_eq!(scope("", true).session(&headers), None);
        assert_eq!(scope("", true).browser(&headers), None);
        assert_eq!(scope("", false).session(&headers), Some("planted"));
        assert_eq!(scope("/deck", true).browser(&headers), Some("planted"));
        headers.append(header::COOKIE, "__Host-deckwatch=mine".parse().unwrap());
        assert_eq!(scope("", true).session(&headers), Some("mine"));
    }
}
