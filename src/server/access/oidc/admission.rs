//! Begins and completes sign-ins: decides which accounts of the provider may sign in, begins their sessions,
//! and records every outcome in the audit log. The browser never receives the reason of a failure.

use super::{Identity, Oidc, OidcError, Pending, ProviderAnswer, failure_log::Subject, pending};
use crate::{
    model::{AuditOutcome, AuthMode, Grants, Timestamp},
    server::{
        access::{
            Access, AccessError, Actor, ClientAddress, Credential, Digest, Name, NewSession,
            Principal,
            accounts::{Accounts, Owner, grants_of},
            lock,
            proxy::of_groups,
            sessions::StoredSession,
            users::{MAX_USERS, count, insert},
        },
        clock,
    },
};
use openidconnect::AuthorizationCode;
use rusqlite::{OptionalExtension, Transaction, params};
use std::{collections::BTreeMap, sync::Arc};

/// The act in the audit log, the same as with a password.
const SIGN_IN: &str = "sign in";
/// The way of signing in, in the audit log.
const WAY: &str = "OpenID Connect";
/// The reason of a refusal, in the audit log.
const DISABLED: &str = "the user is disabled";

/// Where a browser is sent to sign in.
#[derive(Debug)]
pub struct SignInRedirect {
    /// The URL at the provider.
    pub url: String,
    /// The content of the cookie that binds the sign-in to the browser.
    pub browser: String,
}

/// A browser that is signed in.
#[derive(Debug)]
pub struct SignedIn {
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
    /// Whether the address of the client has failed too often, so that another attempt needs some patience.
    pub is_blocked: bool,
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
    ) -> Result<SignInRedirect, NotSignedIn> {
        let begun = async {
            let oidc = self.oidc()?;
            let browser = pending::browser(browser)?;
            let url = oidc.begin(next, &browser, from).await?;
            Ok(SignInRedirect { url, browser })
        };
        match begun.await {
            Ok(redirect) => Ok(redirect),
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
    ) -> Result<SignedIn, NotSignedIn> {
        let mut next = "/".to_owned();
        let finished = async {
            let oidc = self.oidc()?;
            let pending = oidc.pending(&answer, browser)?;
            next.clone_from(&pending.next);
            let code = oidc.code(answer)?;
            let authorized = (code, pending);
            self.complete(oidc, authorized, from, replaced).await
        };
        match finished.await {
            Ok(session) => Ok(SignedIn { session, next }),
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

    /// Completes a sign-in with the code that the provider has sent, if the address of the client may try
    /// another one: each sends a request to the provider. Before this point, a failure costs nothing, and is
    /// not counted, because any web site can send a browser here with an invented state.
    async fn complete(
        &self,
        oidc: &Oidc,
        (code, pending): (AuthorizationCode, Pending),
        from: &ClientAddress,
        replaced: Option<Digest>,
    ) -> Result<NewSession, OidcError> {
        let peer = from.peer();
        let begun = lock(&oidc.attempts).begin_as_peer(peer);
        begun.map_err(|_| OidcError::Blocked)?;
        let completed = async {
            let identity = oidc.identify(code, pending).await?;
            self.admit(identity, from, replaced).await
        };
        // If the client does not wait for the result, the attempt stays counted.
        let completed = completed.await;
        if !completed.as_ref().is_err_and(OidcError::is_of_client) {
            lock(&oidc.attempts).peer_succeeded(peer);
        }
        completed
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
        let (configured, now) = (configured.clone(), clock::now());
        let (session, mut stored) = self.new_session(from, replaced)?;
        stored.groups = groups;
        // One transaction, so that the user cannot be disabled between the check and the session.
        let admission = self.change(move |to| {
            let admission = admission(to, &name, &subject, now)?;
            match admission {
                Admission::Admitted(name) => begin(to, name, &stored, &configured),
                Admission::Refused(..) => Ok(admission),
            }
        });
        let name = match admission.await? {
            Admission::Admitted(name) => name,
            Admission::Refused(name, why) => return Err(OidcError::NotAdmitted(name, why)),
        };
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
        let subject = match &error {
            OidcError::NotAdmitted(name, _) => Subject::User(name.clone()),
            _ => Subject::Peer(from.peer()),
        };
        // The failures before a block are recorded, and a blocked client must not fill the disk.
        let is_blocked = matches!(error, OidcError::Blocked);
        let oidc = self.inner.oidc.as_ref();
        if !is_blocked && oidc.is_some_and(|oidc| lock(&oidc.failures).admit(subject)) {
            self.record_failure(&error, from).await;
        }
        NotSignedIn {
            next: next.to_owned(),
            is_blocked,
        }
    }

    async fn record_failure(&self, error: &OidcError, from: &ClientAddress) {
        let who = match error {
            OidcError::NotAdmitted(name, _) => name.to_string(),
            _ => "nobody".to_owned(),
        };
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
        let audit = self.audit();
        let recorded = audit
            .record_unauthenticated(&actor, SIGN_IN, (outcome, &why))
            .await;
        let who = actor.who;
        match recorded {
            Ok(true) => tracing::warn!(%who, %from, "no sign-in with OpenID Connect: {error}"),
            Ok(false) => {}
            Err(storage) => {
                tracing::warn!(%who, %from, %storage, "a failed sign-in with OpenID Connect is not in the audit log: {error}");
            }
        }
    }
}

/// Begins the session of a user who is admitted, if the grants are not too many.
fn begin(
    to: &Transaction<'_>,
    name: Name,
    session: &StoredSession,
    configured: &BTreeMap<String, Grants>,
) -> rusqlite::Result<Admission> {
    let own = grants_of(to, &name)?;
    let of_groups = of_groups(configured, &session.groups);
    if let Err(error) = Grants::new(own.iter().cloned().chain(of_groups)) {
        let why = format!("own and groups' grants: {error}");
        return Ok(Admission::Refused(name, why));
    }
    Ok(match session.insert(to, &Owner::User(name.clone()))? {
        true => Admission::Admitted(name),
        false => Admission::Refused(name, DISABLED.to_owned()),
    })
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
            Ok(known) if is_disabled => refused(&known, DISABLED),
            Ok(known) => Ok(Admission::Admitted(known)),
            Err(error) => refused(name, &format!("the stored name is {known:?}, but {error}")),
        };
    }
    let source = to.query_row(
        "SELECT source FROM users WHERE name = ?1",
        [name.as_str()],
        |row| row.get::<_, String>(0),
    );
    if let Some(source) = source.optional()? {
        let other = match source.parse() {
            Ok(AuthMode::Oidc) => "this name belongs to another account of the provider",
            Ok(AuthMode::Proxy) => "a user of this name signs in through the proxy",
            _ => "a user of this name signs in with a password",
        };
        let why = format!("{other}; remove the user here if it is the same person");
        return refused(name, &why);
    }
    if count(to)? >= MAX_USERS {
        return refused(name, &format!("there are {MAX_USERS} users already"));
    }
    insert(to, name, None, AuthMode::Oidc, now)?;
    to.execute(
        "UPDATE users SET subject = ?2 WHERE name = ?1",
        params![name.as_str(), subject],
    )?;
    Ok(Admission::Admitted(name.clone()))
}
