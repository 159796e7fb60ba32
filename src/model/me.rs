//! The principal for which a page is shown: its name, how it has signed in, and what it may do; and the rules
//! that both sides check before something is sent or accepted.

use super::{Grant, Page, Right, Subject, Timestamp, millis};
use serde::{Deserialize, Serialize};
use std::{fmt, ops::RangeInclusive, str::FromStr};

/// Longest user name in bytes.
pub const MAX_USER_NAME: usize = 64;
/// Lengths of passwords in characters: long enough that guessing is hopeless at the allowed rate, short enough
/// that hashing one costs no more than another.
pub const PASSWORD_LENGTHS: RangeInclusive<usize> = 12..=256;
/// Longest path to return to after signing in, in bytes. Longer ones are ignored: the address of a page with
/// every filter in use is shorter.
pub const MAX_RETURN_PATH: usize = 2_048;

/// A principal, and what it may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The name of the user or of the token; empty for [`PrincipalKind::Anyone`].
    pub username: String,
    /// What kind of principal it is.
    pub kind: PrincipalKind,
    /// The rights that it has in any scope.
    pub rights: Vec<Right>,
    /// Its grants, from which the rights follow.
    pub grants: Vec<Grant>,
    /// When its session or token ends; absent when it does not.
    #[serde(default, with = "millis::optional")]
    #[cfg_attr(feature = "ssr", schema(value_type = Option<i64>))]
    pub expires_at: Option<Timestamp>,
    /// The ways of signing in that the server offers.
    #[serde(rename = "mode")]
    pub modes: Vec<AuthMode>,
}

impl Me {
    /// Whether `right` is held in any scope.
    pub fn has(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }

    /// Whether `right` is held on `subject`. The same decision as [`Grants::allows`](super::Grants::allows),
    /// without the set, whose code would be part of every page.
    pub fn allows(&self, right: Right, subject: &Subject<'_>) -> bool {
        let mut grants = self.grants.iter();
        grants.any(|grant| grant.role.has(right) && grant.scope.matches(subject))
    }
}

/// The kind of a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PrincipalKind {
    /// Anyone who reaches the server: sign-in is switched off.
    Anyone,
    /// A user who has signed in.
    User,
    /// A program with a token.
    Token,
    /// A screen with a read-only session, which a kiosk link has opened.
    Kiosk,
}

/// A way of signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// None: every client that reaches the server has every right.
    None,
    /// A user name and a password that this server stores.
    Password,
    /// A header that a trusted proxy sets.
    Proxy,
    /// An `OpenID` Connect provider.
    Oidc,
}

impl AuthMode {
    /// Every way of signing in.
    pub const ALL: [Self; 4] = [Self::None, Self::Password, Self::Proxy, Self::Oidc];

    /// The name in JSON and in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Password => "password",
            Self::Proxy => "proxy",
            Self::Oidc => "oidc",
        }
    }
}

impl fmt::Display for AuthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AuthMode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut all = Self::ALL.into_iter();
        all.find(|mode| mode.as_str() == text).ok_or(())
    }
}

/// Whether `text` can be the name of a user.
pub fn is_user_name(text: &str) -> bool {
    (1..=MAX_USER_NAME).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'@' | b'-'))
}

/// Whether a password has an allowed length.
pub fn is_password(text: &str) -> bool {
    PASSWORD_LENGTHS.contains(&text.chars().count())
}

/// `path` if a browser may be sent to it after signing in: a path and query on this server, below the base
/// path, as in the routes. Everything that a browser would read as another server is refused.
pub fn return_path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix('/')?;
    // A browser reads `/\` like `//`, and skips tabs and line ends.
    let is_ours = !rest.starts_with('/')
        && !path.contains(|c: char| c == '\\' || c.is_control())
        && path.len() <= MAX_RETURN_PATH;
    let first = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_door = matches!(first, Page::LOGIN | Page::SETUP);
    (is_ours && !is_door).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Grants, HostId, Role, ScopePattern};
    use std::collections::BTreeMap;

    #[test]
    fn the_json_has_the_documented_names() {
        let me = Me {
            username: "ana".into(),
            kind: PrincipalKind::User,
            rights: vec![Right::See, Right::Logs],
            grants: vec![Grant::new(
                Role::Viewer,
                ScopePattern::Project("shop".into()),
            )],
            expires_at: Some(Timestamp::from_millis(1_763_687_885_042)),
            modes: vec![AuthMode::Password, AuthMode::Oidc],
        };
        let json = serde_json::to_value(&me).unwrap();
        let expected = serde_json::json!({
            "username": "ana",
            "kind": "user",
            "rights": ["see", "logs"],
            "grants": [{"role": "viewer", "scope": "project:shop"}],
            "expiresAt": 1_763_687_885_042_i64,
            "mode": ["password", "oidc"],
        });
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<Me>(json).unwrap(), me);
    }

    #[test]
    fn a_right_is_held_where_any_grant_gives_it_as_by_the_server() {
        let grants = [
            Grant::new(Role::Viewer, ScopePattern::Everything),
            Grant::new(Role::Operator, ScopePattern::Name("web-*".into())),
        ];
        let decided = Grants::new(grants.clone()).unwrap();
        let me = Me {
            username: "ben".into(),
            kind: PrincipalKind::User,
            rights: decided.rights().into_iter().collect(),
            grants: grants.into(),
            expires_at: None,
            modes: vec![AuthMode::Password],
        };
        let labels = BTreeMap::new();
        for (name, may_act) in [("web-1", true), ("db", false)] {
            let subject = Subject {
                host: HostId::local(),
                name,
                project: None,
                labels: &labels,
            };
            assert_eq!(me.allows(Right::Act, &subject), may_act, "{name}");
            assert!(me.allows(Right::See, &subject), "{name}");
            for right in Right::ALL {
                assert_eq!(me.allows(right, &subject), decided.allows(right, &subject));
            }
        }
    }

    #[test]
    fn only_paths_of_this_server_are_returned_to() {
        for path in [
            "/",
            "/containers?q=web&sort=-cpu",
            "/containers/0123456789ab?tab=logs",
            "/loginx",
            "/settings/users#x",
        ] {
            assert_eq!(return_path(path), Some(path));
        }
        let long = format!("/{}", "x".repeat(MAX_RETURN_PATH));
        for path in [
            "",
            "containers",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/a\\b",
            "/login",
            "/login?next=/",
            "/setup#x",
            "/login/",
            &long,
        ] {
            assert_eq!(return_path(path), None, "{path}");
        }
    }

    #[test]
    fn names_and_passwords_have_the_allowed_form() {
        for name in ["a", "ana", "ben@example.com", "x_y-z.1"] {
            assert!(is_user_name(name), "{name}");
        }
        let long = "x".repeat(MAX_USER_NAME + 1);
        for name in ["", "a b", "a/b", "ä", "a:b", &long] {
            assert!(!is_user_name(name), "{name}");
        }
        assert!(!is_password("eleven char"));
        assert!(is_password("twelve chars"));
        assert!(
            is_password("비밀번호비밀번호비밀번호"),
            "characters, not bytes"
        );
        assert!(!is_password(&"x".repeat(257)));
    }
}
