//! Access: who may see and do what. It keeps users, tokens and sessions, establishes the principal of each
//! request, and reports changes to open connections.
//!
//! [`Access::principal`] is the only place where a credential becomes a principal. What a principal may see
//! is decided by its audience in the hub, what it may do by [`Directory::find`](super::find::Directory::find)
//! and by the right that each route needs ([`guard`]).

mod accounts;
mod address;
mod attempts;
mod audit;
pub mod command;
pub mod cookie;
pub mod guard;
mod lease;
mod name;
pub mod oidc;
mod password;
mod principal;
mod proxy;
mod quota;
mod secret;
mod sessions;
mod setup;
#[cfg(test)]
mod tests;
mod tokens;
mod users;
mod visitor;

pub use address::ClientAddress;
pub use audit::{Actor, Audit, Selection};
pub use lease::{Change, Lease};
pub use name::{Name, NotAName};
pub use password::{PasswordError, hash as hash_password};
pub use principal::{Credential, Principal};
pub use secret::{Digest, Secret};
pub use sessions::{NewSession, SignInError};
pub use setup::{FILE as SETUP_FILE, SetupRefused};
pub use visitor::{Visitor, authenticate};

use super::{
    clock,
    config::Auth,
    problem::Refusal,
    shutdown::Shutdown,
    storage::{Storage, StorageError},
};
use crate::{
    model::{AuthMode, Timestamp},
    protocol::{ApiError, ErrorCode},
};
use accounts::Accounts;
use attempts::Attempts;
use oidc::Oidc;
use password::Passwords;
use proxy::ProxyUsers;
use setup::Setup;
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use thiserror::Error;
use tokio::{sync::watch, time::interval};

/// Time between the checks for sessions that have ended, and for new users of the proxy: a session ends, and a
/// user is visible, at most that much late.
const EXPIRY_CHECK: Duration = Duration::from_secs(1);
/// Number of expiry checks between writes of the times of use: a crash loses at most a minute of them.
const CHECKS_PER_FLUSH: u32 = 60;

/// Users, tokens and sessions. A handle: clones share them.
#[derive(Clone, Debug)]
pub struct Access {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    auth: Auth,
    storage: Option<Storage>,
    accounts: Mutex<Arc<Accounts>>,
    /// The time of the last use of each session and token since the last write.
    uses: Mutex<HashMap<Digest, Use>>,
    /// Changes whenever accounts, or the validity of a session, may have changed.
    version: watch::Sender<u64>,
    /// One reload at a time, so that an older one cannot replace a newer one.
    reloading: tokio::sync::Mutex<()>,
    attempts: Mutex<Attempts>,
    passwords: Passwords,
    setup: Setup,
    audit: Audit,
    /// The users whom the proxy names, if that is a way to sign in.
    proxy_users: Mutex<ProxyUsers>,
    /// The OpenID Connect provider, if that is a way to sign in.
    oidc: Option<Oidc>,
    /// The public URL of the setup page, without the token.
    setup_url: String,
}

/// The last use of a session or token.
#[derive(Clone, Debug)]
struct Use {
    at: Timestamp,
    from: String,
    is_written: bool,
}

/// Why accounts could not be changed.
#[derive(Debug, Error)]
pub enum AccessError {
    /// The storage does not work.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The password is unsuitable, or cannot be processed now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// There are no random numbers.
    #[error(transparent)]
    NoRandomness(#[from] secret::NoRandomness),
    /// There is no such user or token.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The change contradicts the present state.
    #[error("{0}")]
    Conflict(String),
    /// The principal may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// The request is invalid.
    #[error("{0}")]
    Invalid(String),
}

impl Access {
    /// Loads the accounts, offers a setup link if there is no administrator, and starts the task that ends
    /// sessions and notices changes by other processes. `setup_url` is the public URL of the setup page.
    pub async fn start(
        auth: Auth,
        storage: Option<Storage>,
        data_dir: Option<&Path>,
        setup_url: String,
        shutdown: &Shutdown,
    ) -> Self {
        let is_required = !auth.is_open();
        let access = Self {
            inner: Arc::new(Inner {
                audit: Audit::new(storage.clone(), is_required),
                oidc: auth.oidc.clone().map(Oidc::new),
                auth,
                storage,
                accounts: Mutex::default(),
                uses: Mutex::default(),
                version: watch::Sender::new(0),
                reloading: tokio::sync::Mutex::default(),
                attempts: Mutex::default(),
                passwords: Passwords::default(),
                setup: Setup::new(data_dir),
                proxy_users: Mutex::default(),
                setup_url,
            }),
        };
        if let Some(storage) = access.inner.storage.clone() {
            access.reload().await;
            let token = shutdown.token();
            let keeper = access.clone();
            shutdown.spawn("access", async move {
                tokio::select! {
                    () = token.cancelled() => {}
                    () = keeper.keep(storage) => {}
                }
                keeper.store_proxy_users().await;
                keeper.flush().await;
                keeper.audit().report_left_out(true).await;
            });
        }
        access
    }

    /// The configured ways to sign in; empty on a server without sign-in.
    pub fn modes(&self) -> Vec<AuthMode> {
        self.inner.auth.modes.iter().copied().collect()
    }

    /// Whether users sign in with a password.
    fn has_passwords(&self) -> bool {
        self.inner.auth.modes.contains(&AuthMode::Password)
    }

    /// Whether every client has every right.
    pub fn is_open(&self) -> bool {
        self.inner.auth.is_open()
    }

    /// The audit log.
    pub fn audit(&self) -> &Audit {
        &self.inner.audit
    }

    /// Whether the first administrator can be created now.
    pub fn is_setup_open(&self) -> bool {
        self.inner.setup.is_open()
    }

    /// Changes whenever the principal of a credential may have changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.version.subscribe()
    }

    /// The principal of `credential`; `None` if it is not, or no longer, valid.
    pub fn principal(&self, credential: &Credential) -> Option<Arc<Principal>> {
        if let Credential::Proxy { name, groups } = credential {
            return self.of_proxy(name, groups).map(Arc::new);
        }
        let now = clock::now();
        let uses = lock(&self.inner.uses);
        let idle = self.inner.auth.session_idle;
        let is_idle = |digest: &Digest, session: &accounts::Session| {
            let used = uses.get(digest).map_or(session.used, |known| known.at);
            used.max(session.used).age(now) >= idle
        };
        let (accounts, auth) = (self.accounts(), &self.inner.auth);
        let principal = accounts.principal(credential, now, auth, is_idle)?;
        Some(Arc::new(self.with_groups(&accounts, credential, principal)))
    }

    /// Records that `credential`, which is valid, was used by the client at `from`.
    pub fn used(&self, credential: &Credential, from: &str) {
        if let Credential::Proxy { name, .. } = credential {
            self.named_by_proxy(name);
        }
        let (Credential::Session(digest) | Credential::Token(digest)) = credential else {
            return;
        };
        let known = Use {
            at: clock::now(),
            from: from.to_owned(),
            is_written: false,
        };
        lock(&self.inner.uses).insert(*digest, known);
    }

    fn accounts(&self) -> Arc<Accounts> {
        Arc::clone(&lock(&self.inner.accounts))
    }

    fn storage(&self) -> Result<&Storage, AccessError> {
        let storage = self.inner.storage.as_ref();
        storage.ok_or_else(|| AccessError::Conflict("this server stores no accounts".to_owned()))
    }

    /// Changes the stored accounts, and returns once the change applies to every new and open connection.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, AccessError> {
        let changed = self.storage()?.write(change).await?;
        self.reload().await;
        Ok(changed)
    }

    async fn reload(&self) {
        let Some(storage) = &self.inner.storage else {
            return;
        };
        let _turn = self.inner.reloading.lock().await;
        match storage.read(Accounts::load).await {
            Ok(accounts) => {
                let valid = |digest: &Digest| {
                    accounts.sessions.contains_key(digest) || accounts.has_token(digest)
                };
                lock(&self.inner.uses).retain(|digest, _| valid(digest));
                lock(&self.inner.proxy_users).retain_known(&accounts);
                *lock(&self.inner.accounts) = Arc::new(accounts);
                self.inner.version.send_modify(|version| *version += 1);
                self.offer_setup();
            }
            // The accounts stay as they are; the page shows what is wrong with the storage.
            Err(error) => tracing::warn!(%error, "users and sessions were not read"),
        }
    }

    /// Offers a setup link if it is needed and none is offered yet, or withdraws it.
    fn offer_setup(&self) {
        let setup = &self.inner.setup;
        if !self.has_passwords() {
            return;
        }
        if self.accounts().has_admin(&self.inner.auth) {
            setup.close();
        } else if !setup.was_offered() {
            let url = &self.inner.setup_url;
            if let Err(error) = setup.offer(|token| format!("{url}#{token}")) {
                tracing::error!(%error, "no setup link");
            }
        }
    }

    /// Ends sessions and notices changes by other processes, until dropped.
    async fn keep(&self, storage: Storage) {
        let (mut state, mut outside) = (storage.state(), storage.outside_changes());
        let mut ticks = interval(EXPIRY_CHECK);
        let mut checks = 0;
        loop {
            tokio::select! {
                Ok(()) = state.changed() => {
                    let is_writable = state.borrow_and_update().is_writable();
                    if is_writable {
                        self.reload().await;
                    }
                }
                Ok(()) = outside.changed() => self.reload().await,
                _ = ticks.tick() => {
                    self.end_sessions().await;
                    self.store_proxy_users().await;
                    checks += 1;
                    if checks % CHECKS_PER_FLUSH == 0 {
                        self.flush().await;
                        self.audit().report_left_out(false).await;
                    }
                }
            }
        }
    }
}

impl From<AccessError> for Refusal {
    fn from(error: AccessError) -> Self {
        let message = error.to_string();
        let code = match error {
            AccessError::Storage(error) => return error.into(),
            AccessError::Password(PasswordError::Length) | AccessError::Invalid(_) => {
                ErrorCode::Invalid
            }
            AccessError::Password(PasswordError::Busy) => ErrorCode::RateLimited,
            AccessError::Password(PasswordError::Failed) | AccessError::NoRandomness(_) => {
                ErrorCode::Internal
            }
            AccessError::NotFound(_) => ErrorCode::NotFound,
            AccessError::Conflict(_) => ErrorCode::Conflict,
            AccessError::Forbidden(_) => ErrorCode::Forbidden,
        };
        ApiError::new(code, message).into()
    }
}

impl From<SignInError> for Refusal {
    fn from(error: SignInError) -> Self {
        let message = error.to_string();
        match error {
            SignInError::Wrong => ApiError::new(ErrorCode::Unauthorized, message).into(),
            SignInError::Blocked(wait) => {
                Self::from(ApiError::new(ErrorCode::RateLimited, message)).retry_after(wait)
            }
            SignInError::Other(error) => error.into(),
        }
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        ApiError::new(ErrorCode::StorageUnavailable, error.to_string()).into()
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
