//! Who may use the server: `[deckwatch.auth]`.

use super::{AuthSettings, ConfigError, HumanDuration, Network, Oidc, ProxySettings, in_range};
use crate::model::{AuthMode, Grant, Grants};
use axum::http::HeaderName;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::Duration,
};

/// How long a session lasts without use by default.
const SESSION_IDLE: Duration = Duration::from_secs(12 * 3_600);
/// How long a session lasts at most by default.
const SESSION_LIFETIME: Duration = Duration::from_secs(7 * 86_400);
const DAY: Duration = Duration::from_secs(86_400);
/// The header with the name of the user, as Authelia and others set it by default.
const USER_HEADER: &str = "remote-user";
/// The header with the groups of the user, as Authelia and others set it by default.
const GROUPS_HEADER: &str = "remote-groups";

/// Who may use the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// The ways to sign in; only [`AuthMode::None`] on a server that every client may use.
    pub modes: BTreeSet<AuthMode>,
    /// Whether the mode `none` was set rather than assumed, so that clients on other machines may act.
    pub is_exposed: bool,
    /// How long a session lasts without use.
    pub session_idle: Duration,
    /// How long a session lasts at most.
    pub session_lifetime: Duration,
    /// Proxies whose headers are trusted.
    pub trusted_proxies: Vec<Network>,
    /// The headers of a proxy that signs users in, if that is a way to sign in.
    pub proxy: Option<ProxyHeaders>,
    /// The OpenID Connect provider, if that is a way to sign in.
    pub oidc: Option<Oidc>,
    /// The grants per group of a proxy or an OpenID Connect provider.
    pub groups: BTreeMap<String, Grants>,
}

/// The headers that a trusted proxy sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyHeaders {
    /// The header with the name of the user.
    pub user: HeaderName,
    /// The header with the groups of the user, separated by commas.
    pub groups: HeaderName,
}

impl Default for Auth {
    /// Every client that reaches the server may use it.
    fn default() -> Self {
        Self {
            modes: BTreeSet::from([AuthMode::None]),
            is_exposed: false,
            session_idle: SESSION_IDLE,
            session_lifetime: SESSION_LIFETIME,
            trusted_proxies: Vec::new(),
            proxy: None,
            oidc: None,
            groups: BTreeMap::new(),
        }
    }
}

impl Auth {
    /// Whether every client that reaches the server may use it.
    pub fn is_open(&self) -> bool {
        self.modes.contains(&AuthMode::None)
    }

    /// The settings of `first`, then those of `then`, then the defaults for a server that listens on
    /// `address`.
    ///
    /// # Errors
    /// When a value is invalid, or others can reach the server and no mode is set.
    pub(super) fn merge(
        first: AuthSettings,
        then: AuthSettings,
        address: SocketAddr,
    ) -> Result<Self, ConfigError> {
        let modes = first.mode.or(then.mode);
        let is_local = address.ip().is_loopback();
        let modes = checked_modes(modes, is_local, address)?;
        let time = |key, first: Option<HumanDuration>, then, default, least| {
            let value = first.or(then).map_or(default, |HumanDuration(value)| value);
            let range = least..=90 * DAY;
            in_range(key, HumanDuration(value), value, range, HumanDuration)
        };
        let networks = first.trusted_proxies.or(then.trusted_proxies);
        let networks = networks.unwrap_or_default();
        let trusted_proxies = networks.iter().map(|text| network(text));
        let trusted_proxies: Vec<_> = trusted_proxies.collect::<Result<_, _>>()?;
        let has_proxy = modes.contains(&AuthMode::Proxy);
        if has_proxy && trusted_proxies.is_empty() {
            let allowed = "the addresses of the proxy that signs users in".to_owned();
            return Err(refused("auth.trusted-proxies", String::new(), allowed));
        }
        let proxy = first.proxy.or(then.proxy).unwrap_or_default();
        let has_oidc = modes.contains(&AuthMode::Oidc);
        let oidc = first.oidc.or(then.oidc).unwrap_or_default();
        let groups = first.groups.or(then.groups).unwrap_or_default();
        Ok(Self {
            is_exposed: modes.contains(&AuthMode::None) && !is_local,
            session_idle: time(
                "auth.session-idle",
                first.session_idle,
                then.session_idle,
                SESSION_IDLE,
                Duration::from_secs(1),
            )?,
            session_lifetime: time(
                "auth.session-lifetime",
                first.session_lifetime,
                then.session_lifetime,
                SESSION_LIFETIME,
                Duration::from_secs(1),
            )?,
            trusted_proxies,
            proxy: has_proxy.then(|| headers(&proxy)).transpose()?,
            oidc: has_oidc.then(|| Oidc::checked(oidc)).transpose()?,
            groups: groups
                .into_iter()
                .map(|(name, grants)| Ok((name, group(&grants)?)))
                .collect::<Result<_, ConfigError>>()?,
            modes,
        })
    }
}

fn checked_modes(
    modes: Option<Vec<AuthMode>>,
    is_local: bool,
    address: SocketAddr,
) -> Result<BTreeSet<AuthMode>, ConfigError> {
    let Some(modes) = modes else {
        if is_local {
            return Ok(BTreeSet::from([AuthMode::None]));
        }
        return Err(ConfigError::Open { address });
    };
    let modes: BTreeSet<_> = modes.into_iter().collect();
    if modes.is_empty() || (modes.contains(&AuthMode::None) && modes.len() > 1) {
        let value = modes.iter().map(|mode| mode.as_str());
        let value = value.collect::<Vec<_>>().join(",");
        let allowed = "none, or one or more of password, proxy and oidc".to_owned();
        return Err(refused("auth.mode", value, allowed));
    }
    Ok(modes)
}

fn network(text: &str) -> Result<Network, ConfigError> {
    let network = text.trim().parse();
    network.map_err(|_| {
        let allowed = "an address or a network such as 10.0.0.0/8".to_owned();
        refused("auth.trusted-proxies", format!("{text:?}"), allowed)
    })
}

fn headers(settings: &ProxySettings) -> Result<ProxyHeaders, ConfigError> {
    let header = |key, name: &Option<String>, default: &str| {
        let name = name.as_deref().unwrap_or(default);
        name.parse::<HeaderName>()
            .map_err(|_| refused(key, format!("{name:?}"), "the name of a header".to_owned()))
    };
    Ok(ProxyHeaders {
        user: header("auth.proxy.user-header", &settings.user_header, USER_HEADER)?,
        groups: header(
            "auth.proxy.groups-header",
            &settings.groups_header,
            GROUPS_HEADER,
        )?,
    })
}

/// A grant written as `role scope`.
pub fn grant(text: &str) -> Option<Grant> {
    let (role, scope) = text.trim().split_once(' ')?;
    let (role, scope) = (role.parse().ok()?, scope.trim().parse().ok()?);
    Some(Grant::new(role, scope))
}

/// The grants of a group, each written as `role scope`.
fn group(texts: &[String]) -> Result<Grants, ConfigError> {
    let grants = texts.iter().map(|text| {
        grant(text).ok_or_else(|| {
            let allowed = "a role and a scope, such as \"operator host:nas\"".to_owned();
            refused("auth.groups", format!("{text:?}"), allowed)
        })
    });
    let grants: Vec<_> = grants.collect::<Result<_, _>>()?;
    Grants::new(grants)
        .map_err(|error| refused("auth.groups", texts.len().to_string(), error.to_string()))
}

fn refused(key: &'static str, value: String, allowed: String) -> ConfigError {
    ConfigError::Value {
        key,
        value,
        allowed,
    }
}
