//! Sign-in by a proxy in front of the server, which sets a header (Authelia, Authentik, oauth2-proxy).

use super::{Access, ClientAddress, Credential, Name, Principal};
use crate::model::{Grant, Grants, PrincipalKind};
use axum::http::{HeaderMap, HeaderName};
use std::{collections::BTreeMap, sync::Arc};

/// Most groups that are read from a header.
const MAX_GROUPS: usize = 256;

/// The headers that a trusted proxy sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyHeaders {
    /// The header with the name of the user.
    pub user: HeaderName,
    /// The header with the groups of the user, separated by commas.
    pub groups: HeaderName,
}

impl Access {
    /// The credential in the headers of a trusted proxy.
    pub(super) fn proxied(&self, headers: &HeaderMap, from: &ClientAddress) -> Option<Credential> {
        let names = self
            .inner
            .auth
            .proxy
            .as_ref()
            .filter(|_| from.is_proxied())?;
        let text = |name: &HeaderName| {
            let mut values = headers.get_all(name).iter();
            // A second value was added by somebody else.
            let only = values.next().filter(|_| values.next().is_none());
            only.and_then(|value| value.to_str().ok())
        };
        let name = text(&names.user)?.trim().parse().ok()?;
        let groups = text(&names.groups).unwrap_or_default().split(',');
        let groups = groups.map(|group| group.trim().to_owned());
        Some(Credential::Proxy {
            name,
            groups: groups.take(MAX_GROUPS).collect(),
        })
    }

    /// The principal of a user of a proxy: with the grants of the groups, and those that an administrator
    /// gave the user here.
    pub(super) fn of_proxy(&self, name: &Name, groups: &Arc<[String]>) -> Option<Principal> {
        let accounts = self.accounts();
        let known = accounts.users.get(name);
        if known.is_some_and(|user| user.disabled) {
            return None;
        }
        let own = known.iter().flat_map(|user| user.grants.iter().cloned());
        let grants = own.chain(of_groups(&self.inner.auth.groups, groups));
        Some(Principal {
            name: name.to_string(),
            kind: PrincipalKind::User,
            grants: Arc::new(Grants::new(grants).ok()?),
            expires_at: None,
        })
    }
}

/// The grants of `groups`.
pub(super) fn of_groups<'a>(
    configured: &'a BTreeMap<String, Grants>,
    groups: &'a [String],
) -> impl Iterator<Item = Grant> + 'a {
    let known = groups.iter().filter_map(|group| configured.get(group));
    known.flat_map(|grants| grants.iter().cloned())
}
