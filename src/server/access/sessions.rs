//! Sessions: signing in and out, expiry, and the times of use.

use super::{
    Access, AccessError, Digest, Name, Secret, SetupRefused, Use,
    accounts::{Owner, Session},
    address::ClientAddress,
    audit::Actor,
    lock, password,
    users::{self, end_all},
};
use crate::{
    model::{AuditOutcome, AuthMode, Grant, MAX_USER_NAME, Role, ScopePattern, Timestamp},
    server::clock,
};
use rusqlite::{Transaction, params};
use std::time::Duration;
use thiserror::Error;

/// Most sessions of one user; the least recently used one ends when another begins. More are stolen
/// cookies or a script that should use a token.
const MAX_SESSIONS: u32 = 50;

/// A new session.
#[derive(Debug)]
pub struct NewSession {
    /// The content of the cookie.
    pub secret: Secret,
    /// How long the session lasts at most.
    pub lifetime: Duration,
}

/// A session that is about to begin, as it is stored.
#[derive(Debug)]
pub(super) struct StoredSession {
    digest: Digest,
    /// The hash of the password with which its user signs in. If it has changed, the session does not begin.
    pub(super) password: Option<String>,
    /// The groups of its user as long as it lasts.
    pub(super) groups: Vec<String>,
    /// The session of the request, which ends.
    replaced: Option<Digest>,
    peer: String,
    begins: Timestamp,
    expires: Timestamp,
}

/// Why a sign-in failed.
#[derive(Debug, Error)]
pub enum SignInError {
    /// The name or the password is wrong, or the user is disabled.
    #[error("The user name or the password is wrong.")]
    Wrong,
    /// There were too many failures.
    #[error("Too many failed attempts; try again in {} minutes.", .0.as_secs().div_ceil(60))]
    Blocked(Duration),
    /// Another reason.
    #[error(transparent)]
    Other(#[from] AccessError),
}

impl Access {
    /// Signs in a user with a password. `replaced` is the session of the request, which ends.
    ///
    /// # Errors
    /// When the name or the password is wrong, after too many failures, or when the storage does not work.
    pub async fn sign_in(
        &self,
        (name, password): (&str, String),
        from: &ClientAddress,
        replaced: Option<Digest>,
    ) -> Result<NewSession, SignInError> {
        // A client must not choose how much is stored.
        let who = name.to_lowercase().chars().take(MAX_USER_NAME).collect();
        let actor = Actor {
            who,
            from: Some(from.to_string()),
        };
        // A name of an invalid form is checked like that of an unknown user, and so is every name on a server
        // without passwords.
        let has_passwords = self.has_passwords();
        let account: Option<Name> = name.parse().ok().filter(|_| has_passwords);
        let counted = account.clone().unwrap_or_else(Name::of_nobody);
        let admitted = lock(&self.inner.attempts).admit(&counted, from.peer());
        let delay = match admitted {
            Ok(delay) => delay,
            // Not recorded: the failures before it are, and a blocked client must not fill the disk.
            Err(wait) => return Err(SignInError::Blocked(wait)),
        };
        lock(&self.inner.attempts).failed(&counted, from.peer());
        tokio::time::sleep(delay).await;
        let accounts = self.accounts();
        let user = account.as_ref().and_then(|name| accounts.users.get(name));
        let hash = user.and_then(|user| user.password.clone());
        let verified = self.inner.passwords.verify(password, hash.clone()).await;
        let is_right = verified.map_err(AccessError::from)?;
        let is_enabled = user.is_some_and(|user| !user.disabled);
        let session = match account.filter(|_| is_right && is_enabled) {
            Some(name) => {
                lock(&self.inner.attempts).succeeded(&name, from.peer());
                let (session, mut stored) = self.new_session(from, replaced)?;
                stored.password = hash;
                let has_begun = self.begin(Owner::User(name), stored).await?;
                has_begun.then_some(session)
            }
            None => None,
        };
        let Some(session) = session else {
            self.refused(&actor, "wrong name or password").await?;
            return Err(SignInError::Wrong);
        };
        let done = (AuditOutcome::Done, "");
        let recorded = self.audit().record(&actor, "sign in", "", done).await;
        recorded.map_err(AccessError::from)?;
        Ok(session)
    }

    async fn refused(&self, actor: &Actor, why: &str) -> Result<(), AccessError> {
        let outcome = (AuditOutcome::Refused, why);
        let recorded = self
            .audit()
            .record_unauthenticated(actor, "sign in", outcome);
        Ok(recorded.await.map(drop)?)
    }

    /// Creates the first administrator and signs in as that user.
    ///
    /// # Errors
    /// When the token is wrong, too late or in use, the password unsuitable, or the storage does not work.
    pub async fn set_up(
        &self,
        token: &str,
        name: Name,
        password: String,
        from: &ClientAddress,
    ) -> Result<Result<NewSession, SetupRefused>, AccessError> {
        let turn = match self.inner.setup.begin(token) {
            Ok(turn) => turn,
            Err(refused) => return Ok(Err(refused)),
        };
        let hash = self.inner.passwords.hash(password).await?;
        let admin = Grant::new(Role::Admin, ScopePattern::Everything);
        let (account, now) = (name.clone(), clock::now());
        self.change(move |to| {
            users::insert(to, &account, Some(&hash), AuthMode::Password, now)?;
            users::grant(to, &account, [&admin])
        })
        .await?;
        self.inner.setup.close();
        drop(turn);
        let actor = Actor {
            who: name.to_string(),
            from: Some(from.to_string()),
        };
        let done = (AuditOutcome::Done, "");
        self.audit().record(&actor, "set up", "", done).await?;
        let (session, stored) = self.new_session(from, None)?;
        match self.begin(Owner::User(name), stored).await? {
            true => Ok(Ok(session)),
            false => {
                let message = "the user has been disabled already".to_owned();
                Err(AccessError::Conflict(message))
            }
        }
    }

    /// Begins a read-only session for the bearer of the token of a kiosk link.
    ///
    /// # Errors
    /// When the token is not valid, or the storage does not work.
    pub async fn sign_in_kiosk(
        &self,
        token: &str,
        from: &ClientAddress,
    ) -> Result<NewSession, SignInError> {
        let accounts = self.accounts();
        let kiosk = accounts.kiosk(&Digest::of(token), clock::now(), &self.inner.auth);
        let (id, principal) = kiosk.ok_or(SignInError::Wrong)?;
        let actor = Actor {
            who: principal.label(),
            from: Some(from.to_string()),
        };
        let (session, stored) = self.new_session(from, None)?;
        self.begin(Owner::Kiosk(id.to_owned()), stored).await?;
        let done = (AuditOutcome::Done, "kiosk link");
        let recorded = self.audit().record(&actor, "sign in", "", done).await;
        recorded.map_err(AccessError::from)?;
        Ok(session)
    }

    /// A new session of the client at `from`, in place of the session `replaced`, and what to store of it.
    pub(super) fn new_session(
        &self,
        from: &ClientAddress,
        replaced: Option<Digest>,
    ) -> Result<(NewSession, StoredSession), AccessError> {
        let secret = Secret::random("")?;
        let lifetime = self.inner.auth.session_lifetime;
        let begins = clock::now();
        let stored = StoredSession {
            digest: secret.digest(),
            password: None,
            groups: Vec::new(),
            replaced,
            peer: from.to_string(),
            begins,
            expires: begins.plus(lifetime),
        };
        Ok((NewSession { secret, lifetime }, stored))
    }

    /// Begins a session of `owner`; see [`StoredSession::insert`].
    pub(super) async fn begin(
        &self,
        owner: Owner,
        session: StoredSession,
    ) -> Result<bool, AccessError> {
        self.change(move |to| session.insert(to, &owner)).await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the storage does not work.
    pub async fn sign_out(&self, session: Digest) -> Result<(), AccessError> {
        self.change(move |to| {
            to.execute("DELETE FROM sessions WHERE hash = ?1", [session.as_bytes()])
        })
        .await
        .map(drop)
    }

    /// Ends every session of a user.
    ///
    /// # Errors
    /// When the storage does not work.
    pub async fn sign_out_everywhere(&self, name: Name) -> Result<(), AccessError> {
        self.change(move |to| end_all(to, &name)).await.map(drop)
    }

    /// Changes the password of a user who knows the present one, and ends all sessions but `kept`.
    ///
    /// # Errors
    /// When the present password is wrong, the new one unsuitable, or the storage does not work.
    pub async fn change_password(
        &self,
        name: Name,
        (current, new): (String, String),
        from: &ClientAddress,
        kept: Option<Digest>,
    ) -> Result<(), AccessError> {
        let admitted = lock(&self.inner.attempts).admit(&name, from.peer());
        if admitted.is_err() {
            let message = "too many failed attempts; try again later";
            return Err(AccessError::Forbidden(message.to_owned()));
        }
        let accounts = self.accounts();
        let user = accounts.users.get(&name);
        let hash = user.and_then(|user| user.password.clone());
        password::check_length(&new)?;
        // Counted as at the sign-in: who stole a session must not be able to guess the password.
        lock(&self.inner.attempts).failed(&name, from.peer());
        if !self.inner.passwords.verify(current, hash).await? {
            let message = "the current password is wrong";
            return Err(AccessError::Forbidden(message.to_owned()));
        }
        lock(&self.inner.attempts).succeeded(&name, from.peer());
        let hash = self.inner.passwords.hash(new).await?;
        self.change(move |to| {
            to.execute(
                "UPDATE users SET password = ?2 WHERE name = ?1",
                params![name.as_str(), hash],
            )?;
            let kept = kept.map(|digest| digest.as_bytes().to_vec());
            to.execute(
                "DELETE FROM sessions WHERE user = ?1 AND hash IS NOT ?2",
                params![name.as_str(), kept],
            )
        })
        .await
        .map(drop)
    }

    /// Removes the sessions that have ended by themselves, and reports it to their connections.
    pub(super) async fn end_sessions(&self) {
        let (now, accounts) = (clock::now(), self.accounts());
        let idle = self.inner.auth.session_idle;
        let uses = lock(&self.inner.uses).clone();
        let has_ended = |(digest, session): &(&Digest, &Session)| {
            let used = uses.get(digest).map_or(session.used, |known| known.at);
            session.expires <= now || used.max(session.used).age(now) >= idle
        };
        let ended = accounts.sessions.iter().filter(has_ended);
        let ended: Vec<Digest> = ended.map(|(digest, _)| *digest).collect();
        let tokens = accounts.tokens.values();
        let is_ending = |at: Option<Timestamp>| {
            at.is_some_and(|at| at <= now && at.age(now) < 2 * super::EXPIRY_CHECK)
        };
        if tokens.map(|token| token.expires).any(is_ending) {
            self.inner.version.send_modify(|version| *version += 1);
        }
        if ended.is_empty() {
            return;
        }
        // Before the storage, which may not work: an ended session ends in any case.
        self.inner.version.send_modify(|version| *version += 1);
        let removed = self.change(move |to| {
            let mut statement = to.prepare("DELETE FROM sessions WHERE hash = ?1")?;
            for digest in ended {
                statement.execute([digest.as_bytes()])?;
            }
            Ok(())
        });
        if let Err(error) = removed.await {
            tracing::debug!(%error, "ended sessions are still stored");
        }
    }

    /// Writes the times of use, and removes old entries of the audit log.
    pub(super) async fn flush(&self) {
        let Ok(storage) = self.storage() else { return };
        let mut uses: Vec<(Digest, Use)> = Vec::new();
        for (digest, known) in lock(&self.inner.uses).iter_mut() {
            if !std::mem::replace(&mut known.is_written, true) {
                uses.push((*digest, known.clone()));
            }
        }
        let written = storage.write(move |to| {
            for (digest, known) in uses {
                write_use(to, &digest, &known)?;
            }
            super::audit::tidy(to)
        });
        if let Err(error) = written.await {
            tracing::debug!(%error, "the times of use were not written");
        }
    }
}

impl StoredSession {
    /// Begins the session of `owner`. Returns whether it has begun: not when its user has been disabled or
    /// removed, or has another password than at the check of it. Such a change ends all sessions of the user, and
    /// must not be survived by one that begins a moment later.
    pub(super) fn insert(&self, to: &Transaction<'_>, owner: &Owner) -> rusqlite::Result<bool> {
        let (user, token) = match owner {
            Owner::User(name) => (Some(name.as_str()), None),
            Owner::Kiosk(id) => (None, Some(id.as_str())),
        };
        if let Some(user) = user
            && !self.may_begin(to, user)?
        {
            return Ok(false);
        }
        if let Some(replaced) = self.replaced {
            to.execute(
                "DELETE FROM sessions WHERE hash = ?1",
                [replaced.as_bytes()],
            )?;
        }
        let groups = serde_json::Value::from(self.groups.as_slice());
        let member_of = (!self.groups.is_empty()).then(|| groups.to_string());
        let (begins, expires) = (self.begins.as_millis(), self.expires.as_millis());
        to.execute(
            "INSERT INTO sessions (hash, user, token, created, used, expires, peer, member_of) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)",
            params![self.digest.as_bytes(), user, token, begins, expires, self.peer, member_of],
        )?;
        if let Some(user) = user {
            to.execute(
                "UPDATE users SET seen = ?2 WHERE name = ?1",
                params![user, begins],
            )?;
            to.execute(
                "DELETE FROM sessions WHERE user = ?1 AND hash NOT IN (SELECT hash FROM sessions WHERE user = ?1 ORDER BY used DESC LIMIT ?2)",
                params![user, MAX_SESSIONS],
            )?;
        }
        Ok(true)
    }

    fn may_begin(&self, to: &Transaction<'_>, user: &str) -> rusqlite::Result<bool> {
        to.query_row(
            "SELECT EXISTS (SELECT 1 FROM users WHERE name = ?1 AND NOT disabled AND (?2 IS NULL OR password = ?2))",
            params![user, self.password],
            |row| row.get(0),
        )
    }
}

fn write_use(to: &Transaction<'_>, digest: &Digest, known: &Use) -> rusqlite::Result<()> {
    let (hash, at) = (digest.as_bytes(), known.at.as_millis());
    to.execute(
        "UPDATE sessions SET used = ?2 WHERE hash = ?1",
        params![hash, at],
    )?;
    to.execute(
        "UPDATE users SET seen = ?2 WHERE name = (SELECT user FROM sessions WHERE hash = ?1)",
        params![hash, at],
    )?;
    to.execute(
        "UPDATE tokens SET used = ?2, used_from = ?3 WHERE hash = ?1",
        params![hash, at, known.from],
    )?;
    Ok(())
}
