//! Begins and completes sign-ins: decides which accounts of the provider may sign in, begins their sessions,
//! and records every outcome in the audit log. The browser never receives the reason of a failure.

use super::{Identity, Oidc, OidcError, ProviderAnswer, pending};
use crate::{
    model::{AuditOutcome, AuthMode, Grants, Timestamp},
    server::{
        access::{
            Access, AccessError, Actor, ClientAddress, Credential, Digest, Name, NewSession,
            Principal,
            accounts::{Accounts, Owner},
            lock,
            proxy::of_groups,
            users::{MAX_USERS, insert},
        },
        clock,
    },
};
use rusqlite::{OptionalExtension, Transaction, params};
use std::sync::Arc;

/// The act in the audit log, the same as with a password.
const SIGN_IN: &str = "sign in";
/// The way of signing in, in the audit log.
const WAY: &str = "OpenID Connect";

/// Where a browser is sent to sign in.
#[derive(Debug)]
pub struct Departure {
    /// The URL at the provider.
    pub url: String,
    /// The content of the cookie that binds the sign-in to the browser.
    pub browser: String,
}

/// A browser that is signed in.
#[derive(Debug)]
pub struct Arrival {
    /// The new session.
    pub session: NewSession,
    /// The path to return to.
    pub next: String,
}

/// The sign-in failed. The reason is in the log and in the audit log, not here: a browser must not receive it.
#[derive(Debug)]
pub struct NotSignedIn {
    /// The path to return to after another attempt.
    pub next: String,
}

/// Whether an account of the provider may sign in.
enum Admission {
    /// As this user.
    Admitted(Name),
    /// The name for the log, and the reason.
    Refused(Name, String),
}

impl Access {
    /// Begins a sign-in that returns to `next`. `browser` is the cookie that binds sign-ins to the browser, if
    /// it has one.
    ///
    /// # Errors
    /// When the provider cannot be used. The reason has been recorded.
    pub async fn begin_oidc(
        &self,
        next: &str,
        browser: Option<&str>,
        from: &ClientAddress,
    ) -> Result<Departure, NotSignedIn> {
        let begun = async {
            let oidc = self.oidc()?;
            let browser = pending::browser(browser)?;
            let url = oidc.begin(next, &browser, from).await?;
            Ok(Departure { url, browser })
        };
        match begun.await {
            Ok(departure) => Ok(departure),
            Err(error) => Err(self.not_signed_in(error, next, from).await),
        }
    }

    /// Completes the sign-in to which the provider has sent `answer`. `replaced` is the session of the
    /// request, which ends.
    ///
    /// # Errors
    /// When the browser did not begin it, the provider or its tokens are not right, or the user may not sign in.
    /// The reason has been recorded.
    pub async fn finish_oidc(
        &self,
        answer: ProviderAnswer,
        browser: Option<&str>,
        from: &ClientAddress,
        replaced: Option<Digest>,
    ) -> Result<Arrival, NotSignedIn> {
        let mut next = "/".to_owned();
        let finished = async {
            let oidc = self.oidc()?;
            let pending = oidc.pending(&answer, browser)?;
            next.clone_from(&pending.next);
            let identity = oidc.identify(answer, pending).await?;
            self.admit(identity, from, replaced).await
        };
        match finished.await {
            Ok(session) => Ok(Arrival { session, next }),
            Err(error) => Err(self.not_signed_in(error, &next, from).await),
        }
    }

    /// The principal with the grants of the groups of its session.
    pub(in crate::server::access) fn with_groups(
        &self,
        accounts: &Accounts,
        credential: &Credential,
        principal: Principal,
    ) -> Principal {
        let session = match credential {
            Credential::Session(digest) => accounts.sessions.get(digest),
            _ => None,
        };
        let groups = session.map_or(&[][..], |session| &session.groups);
        if groups.is_empty() {
            return principal;
        }
        let own = principal.grants.iter().cloned();
        match Grants::new(own.chain(of_groups(&self.inner.auth.groups, groups))) {
            Ok(grants) => Principal {
                grants: Arc::new(grants),
                ..principal
            },
            // An administrator has added too many since the sign-in.
            Err(_) => principal,
        }
    }

    fn oidc(&self) -> Result<&Oidc, OidcError> {
        let oidc = self.inner.oidc.as_ref();
        oidc.ok_or_else(|| OidcError::Provider("this server has none".to_owned()))
    }

    /// Begins a session of a user whom the provider has authenticated; creates the user at the first time.
    async fn admit(
        &self,
        identity: Identity,
        from: &ClientAddress,
        replaced: Option<Digest>,
    ) -> Result<NewSession, OidcError> {
        let Identity {
            name,
            subject,
            mut groups,
        } = identity;
        // Groups without grants here are not stored.
        let configured = &self.inner.auth.groups;
        groups.retain(|group| configured.contains_key(group));
        groups.sort_unstable();
        groups.dedup();
        let now = clock::now();
        let admission = self.change(move |to| admission(to, &name, &subject, now));
        let name = match admission.await? {
            Admission::Admitted(name) => name,
            Admission::Refused(name, why) => return Err(OidcError::NotAdmitted(name, why)),
        };
        let own = self
            .accounts()
            .users
            .get(&name)
            .map(|user| Arc::clone(&user.grants));
        let own = own.unwrap_or_default();
        let all = own.iter().cloned().chain(of_groups(configured, &groups));
        if let Err(error) = Grants::new(all) {
            let why = format!("own and groups' grants: {error}");
            return Err(OidcError::NotAdmitted(name, why));
        }
        let owner = Owner::User(name.clone());
        let session = self
            .begin_with_groups(owner, &groups, from, replaced)
            .await?;
        let actor = Actor {
            who: name.to_string(),
            from: Some(from.to_string()),
        };
        let done = (AuditOutcome::Done, WAY);
        let recorded = self.audit().record(&actor, SIGN_IN, "", done).await;
        recorded.map_err(AccessError::from)?;
        Ok(session)
    }

    /// Records why a sign-in failed.
    async fn not_signed_in(
        &self,
        error: OidcError,
        next: &str,
        from: &ClientAddress,
    ) -> NotSignedIn {
        let who = match &error {
            OidcError::NotAdmitted(name, _) => Some(name.to_string()),
            _ => None,
        };
        let is_noted = who.is_some() || {
            let oidc = self.inner.oidc.as_ref();
            oidc.is_some_and(|oidc| lock(&oidc.notes).admit())
        };
        if is_noted {
            let who = who.unwrap_or_else(|| "nobody".to_owned());
            tracing::warn!(%who, %from, "no sign-in with OpenID Connect: {error}");
            let actor = Actor {
                who,
                from: Some(from.to_string()),
            };
            let outcome = match error {
                OidcError::Provider(_) | OidcError::Secret(_) | OidcError::Access(_) => {
                    AuditOutcome::Failed
                }
                _ => AuditOutcome::Refused,
            };
            let why = format!("{WAY}: {error}");
            let recorded = self
                .audit()
                .record(&actor, SIGN_IN, "", (outcome, &why))
                .await;
            if let Err(error) = recorded {
                tracing::warn!(%error, "a failed sign-in is not in the audit log");
            }
        }
        NotSignedIn {
            next: next.to_owned(),
        }
    }
}

/// Decides as which user the account `subject` of the provider signs in. At the first sign-in it creates the
/// user `name`. From then on the account is that user, also under another name at the provider: otherwise a
/// disabled user could choose another name there, and sign in.
fn admission(
    to: &Transaction<'_>,
    name: &Name,
    subject: &str,
    now: Timestamp,
) -> rusqlite::Result<Admission> {
    let refused = |name: &Name, why: &str| Ok(Admission::Refused(name.clone(), why.to_owned()));
    let known = to.query_row(
        "SELECT name, disabled FROM users WHERE source = ?1 AND subject = ?2",
        [AuthMode::Oidc.as_str(), subject],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)),
    );
    if let Some((known, is_disabled)) = known.optional()? {
        return match known.parse::<Name>() {
            Ok(known) if is_disabled => refused(&known, "the user is disabled"),
            Ok(known) => Ok(Admission::Admitted(known)),
            Err(error) => refused(name, &format!("the stored name is {known:?}, but {error}")),
        };
    }
    let source = to.query_row(
        "SELECT source FROM users WHERE name = ?1",
        [name.as_str()],
        |row| row.get::<_, String>(0),
    );
    match source.optional()? {
        Some(source) if source == AuthMode::Oidc.as_str() => {
            return refused(
                name,
                "this name belongs to another account of the provider; remove the user here if it is the same person",
            );
        }
        Some(_) => {
            return refused(
                name,
                "a user of this name signs in with a password; remove the user here if it is the same person",
            );
        }
        None => {}
    }
    let count: i64 = to.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
    if usize::try_from(count).is_ok_and(|count| count >= MAX_USERS) {
        return refused(name, &format!("there are {MAX_USERS} users already"));
    }
    insert(to, name, None, AuthMode::Oidc, now)?;
    to.execute(
        "UPDATE users SET subject = ?2 WHERE name = ?1",
        params![name.as_str(), subject],
    )?;
    Ok(Admission::Admitted(name.clone()))
}
