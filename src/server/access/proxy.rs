//! Sign-in by a proxy in front of the server, which sets a header (Authelia, Authentik, oauth2-proxy).

use super::{
    Access, ClientAddress, Credential, Name, Principal,
    accounts::Accounts,
    lock,
    users::{MAX_USERS, insert_of_proxy},
};
use crate::{
    model::{AuthMode, Grant, Grants, PrincipalKind, Timestamp},
    server::clock,
};
use axum::http::{HeaderMap, HeaderName};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// Most groups that are read from a header.
const MAX_GROUPS: usize = 256;

/// The users whom the proxy has named since the start. Most users are stored, so both parts are limited by
/// [`MAX_USERS`].
#[derive(Debug, Default)]
pub(super) struct ProxyUsers {
    /// When each stored user made the last request. Not stored: that would be a write per request.
    seen: HashMap<Name, Timestamp>,
    /// Those who are not stored yet.
    new: BTreeSet<Name>,
}

impl ProxyUsers {
    /// When `name` made the last request; `None` for users who do not come through the proxy.
    pub(super) fn seen(&self, name: &Name) -> Option<Timestamp> {
        self.seen.get(name).copied()
    }

    /// Forgets users who are no longer stored.
    pub(super) fn retain_known(&mut self, accounts: &Accounts) {
        self.seen
            .retain(|name, _| accounts.users.contains_key(name));
    }
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
            // A second value was not added by the proxy.
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
    /// gave the user here. If the name belongs to a user who signs in in another way, who may be another person,
    /// the grants are those of the groups only. A disabled user is not admitted, whatever the way.
    pub(super) fn of_proxy(&self, name: &Name, groups: &Arc<[String]>) -> Option<Principal> {
        let accounts = self.accounts();
        let known = accounts.users.get(name);
        if known.is_some_and(|user| user.disabled) {
            return None;
        }
        let user = known.filter(|user| user.source == AuthMode::Proxy);
        let own = user.iter().flat_map(|user| user.grants.iter().cloned());
        let grants = own.chain(of_groups(&self.inner.auth.groups, groups));
        Some(Principal {
            name: name.to_string(),
            kind: PrincipalKind::User,
            is_namesake: known.is_some() && user.is_none(),
            grants: Arc::new(Grants::new(grants).ok()?),
            expires_at: None,
        })
    }

    /// Records that the proxy has named a user. A new one is stored later, by [`Self::store_proxy_users`]: a
    /// request must not wait for the storage, nor fail with it.
    pub(super) fn named_by_proxy(&self, name: &Name) {
        let accounts = self.accounts();
        let mut users = lock(&self.inner.proxy_users);
        match accounts.users.get(name) {
            Some(user) if user.source == AuthMode::Proxy => {
                users.seen.insert(name.clone(), clock::now());
            }
            Some(_) => {}
            None if accounts.users.len() + users.new.len() < MAX_USERS => {
                users.new.insert(name.clone());
            }
            None => {}
        }
    }

    /// Stores the users whom the proxy has named for the first time, so that administrators see them, and can
    /// disable them and give them grants. Each is written once. If the storage does not work, they are kept
    /// for another attempt.
    pub(super) async fn store_proxy_users(&self) {
        let new = lock(&self.inner.proxy_users).new.clone();
        if new.is_empty() {
            return;
        }
        let (names, now) = (new.clone(), clock::now());
        let stored = self.change(move |to| {
            let mut names = names.iter();
            names.try_for_each(|name| insert_of_proxy(to, name, now))
        });
        match stored.await {
            Ok(()) => {
                let mut users = lock(&self.inner.proxy_users);
                users.new.retain(|name| !new.contains(name));
                users.seen.extend(new.into_iter().map(|name| (name, now)));
            }
            Err(error) => tracing::debug!(%error, "new users of the proxy are not stored yet"),
        }
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
