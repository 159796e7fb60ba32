//! Users, tokens and sessions: an image in memory of what the storage has, read again after every change.
//!
//! So authenticating a request reads memory only, and works while the storage does not.

use super::{Credential, Digest, Name, Principal};
use crate::{
    model::{AuthMode, Grant, Grants, PrincipalKind, Right, Timestamp},
    protocol::TokenKind,
    server::config::Auth,
};
use rusqlite::{Connection, Params, Row};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Users, tokens and sessions at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Accounts {
    pub(super) users: BTreeMap<Name, User>,
    pub(super) tokens: BTreeMap<String, Token>,
    pub(super) sessions: HashMap<Digest, Session>,
    token_ids: HashMap<Digest, String>,
}

/// A user.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct User {
    /// The hash of the password; `None` for users who sign in elsewhere.
    pub(super) password: Option<String>,
    pub(super) source: AuthMode,
    /// The issuer and the id of the account there; `None` for users who sign in without OpenID Connect.
    pub(super) subject: Option<String>,
    pub(super) disabled: bool,
    pub(super) created: Timestamp,
    pub(super) seen: Option<Timestamp>,
    pub(super) grants: Arc<Grants>,
}

/// An API token, or the token of a kiosk link.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) name: String,
    pub(super) digest: Digest,
    /// The first characters, by which its owner recognizes it.
    pub(super) start: String,
    pub(super) kind: TokenKind,
    /// `None` for tokens of the command line.
    pub(super) created_by: Option<Name>,
    pub(super) created: Timestamp,
    pub(super) expires: Option<Timestamp>,
    pub(super) used: Option<Timestamp>,
    pub(super) used_from: Option<String>,
    pub(super) grants: Arc<Grants>,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) owner: Owner,
    pub(super) expires: Timestamp,
    /// When it was last used, as stored; newer uses are in memory.
    pub(super) used: Timestamp,
    /// The groups of its user, as an OpenID Connect provider stated them at the sign-in.
    pub(super) groups: Vec<String>,
}

/// The owner of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A user who signed in.
    User(Name),
    /// The id of the token of a kiosk link.
    Kiosk(String),
}

impl Accounts {
    /// Reads everything. Rows that this version does not understand grant nothing.
    pub(super) fn load(from: &Connection) -> rusqlite::Result<Self> {
        let tokens = tokens(from)?;
        Ok(Self {
            users: users(from)?,
            token_ids: tokens
                .iter()
                .map(|(id, token)| (token.digest, id.clone()))
                .collect(),
            tokens,
            sessions: sessions(from)?,
        })
    }

    /// The principal of `credential` at `now`, on a server with the settings `auth`. Sessions that are unused for
    /// too long, which `is_idle` decides, have none.
    pub(super) fn principal(
        &self,
        credential: &Credential,
        now: Timestamp,
        auth: &Auth,
        is_idle: impl Fn(&Digest, &Session) -> bool,
    ) -> Option<Principal> {
        match credential {
            Credential::Nobody | Credential::Proxy { .. } => None,
            Credential::Anyone => Some(Principal::anyone()),
            Credential::Session(digest) => {
                let session = self.sessions.get(digest)?;
                if session.expires <= now || is_idle(digest, session) {
                    return None;
                }
                match &session.owner {
                    Owner::User(name) => {
                        let user = self.active(name, auth)?;
                        Some(Principal {
                            name: name.to_string(),
                            kind: PrincipalKind::User,
                            is_namesake: false,
                            grants: Arc::clone(&user.grants),
                            expires_at: Some(session.expires),
                        })
                    }
                    Owner::Kiosk(id) => {
                        let mut principal = self.token(id, now, auth)?;
                        let ends = principal.expires_at.unwrap_or(session.expires);
                        principal.expires_at = Some(ends.min(session.expires));
                        Some(principal)
                    }
                }
            }
            Credential::Token(digest) => {
                let id = self.token_ids.get(digest)?;
                let is_api = self.tokens.get(id)?.kind == TokenKind::Api;
                is_api.then(|| self.token(id, now, auth))?
            }
        }
    }

    /// The user `name`, if enabled and able to sign in with the settings `auth`. Sessions and tokens of other
    /// users are not valid.
    fn active(&self, name: &Name, auth: &Auth) -> Option<&User> {
        let user = self.users.get(name)?;
        (!user.disabled && user.can_sign_in(auth)).then_some(user)
    }

    /// The principal of a token; `None` when it has expired, or when its creator has been disabled, can no longer
    /// sign in, or may no longer grant what it grants.
    fn token(&self, id: &str, now: Timestamp, auth: &Auth) -> Option<Principal> {
        let token = self.tokens.get(id)?;
        let is_expired = token.expires.is_some_and(|expires| expires <= now);
        if is_expired || !self.is_covered(token, auth) {
            return None;
        }
        Some(Principal {
            name: token.name.clone(),
            kind: match token.kind {
                TokenKind::Api => PrincipalKind::Token,
                TokenKind::Kiosk => PrincipalKind::Kiosk,
            },
            is_namesake: false,
            grants: Arc::clone(&token.grants),
            expires_at: token.expires,
        })
    }

    fn is_covered(&self, token: &Token, auth: &Auth) -> bool {
        let Some(creator) = &token.created_by else {
            return true;
        };
        self.active(creator, auth).is_some_and(|creator| {
            let mut grants = token.grants.iter();
            grants.all(|grant| creator.grants.includes(grant))
        })
    }

    /// Whether there is a token with this digest.
    pub(super) fn has_token(&self, digest: &Digest) -> bool {
        self.token_ids.contains_key(digest)
    }

    /// The id of the token with this digest, if it is one of a kiosk link that is still valid.
    pub(super) fn kiosk(
        &self,
        digest: &Digest,
        now: Timestamp,
        auth: &Auth,
    ) -> Option<(&str, Principal)> {
        let id = self.token_ids.get(digest)?;
        let principal = self.token(id, now, auth)?;
        (principal.kind == PrincipalKind::Kiosk).then_some((id, principal))
    }

    /// Number of sessions of a user.
    pub(super) fn sessions_of(&self, name: &Name) -> usize {
        let is_owner =
            |session: &&Session| matches!(&session.owner, Owner::User(owner) if owner == name);
        self.sessions.values().filter(is_owner).count()
    }

    /// Whether a user who can sign in may administer everything.
    pub(super) fn has_admin(&self, auth: &Auth) -> bool {
        let mut users = self.users.values();
        users.any(|user| user.is_admin() && user.can_sign_in(auth))
    }

    /// Whether `name` is the only enabled user who may administer everything, among those for whom
    /// `is_counted` is true.
    pub(super) fn is_only_admin(&self, name: &Name, is_counted: impl Fn(&User) -> bool) -> bool {
        let is_admin = |user: &User| user.is_admin() && is_counted(user);
        let mut admins = self.users.iter().filter(|(_, user)| is_admin(user));
        matches!((admins.next(), admins.next()), (Some((only, _)), None) if only == name)
    }
}

impl User {
    pub(super) fn is_admin(&self) -> bool {
        !self.disabled && self.grants.everywhere(Right::Admin)
    }

    /// Whether the way in which the user signs in is on, and at the same provider.
    pub(super) fn can_sign_in(&self, auth: &Auth) -> bool {
        auth.modes.contains(&self.source)
            && (self.source != AuthMode::Oidc || self.is_of_provider(auth))
    }

    fn is_of_provider(&self, auth: &Auth) -> bool {
        let parts = auth.oidc.as_ref().zip(self.subject.as_deref());
        // An issuer has no spaces.
        let issuer = parts.and_then(|(oidc, subject)| Some((oidc, subject.split_once(' ')?.0)));
        issuer.is_some_and(|(oidc, issuer)| oidc.issuer == issuer)
    }
}

fn users(from: &Connection) -> rusqlite::Result<BTreeMap<Name, User>> {
    let mut user_grants = grants(from, "SELECT user, role, scope FROM grants", ())?;
    let users = rows(
        from,
        "SELECT name, password, source, disabled, created, seen, subject FROM users",
        (),
        |row| {
            let name: String = row.get(0)?;
            let grants = user_grants.remove(&name).unwrap_or_default();
            let user = User {
                password: row.get(1)?,
                source: parsed(row, 2)?.unwrap_or(AuthMode::Password),
                subject: row.get(6)?,
                disabled: row.get(3)?,
                created: time(row, 4)?,
                seen: some_time(row, 5)?,
                grants: Arc::new(grants),
            };
            Ok(name.parse().ok().map(|name| (name, user)))
        },
    )?;
    Ok(users.into_iter().collect())
}

fn tokens(from: &Connection) -> rusqlite::Result<BTreeMap<String, Token>> {
    let mut token_grants = grants(from, "SELECT token, role, scope FROM token_grants", ())?;
    let tokens = rows(
        from,
        "SELECT id, name, hash, start, kind, created_by, created, expires, used, used_from FROM tokens",
        (),
        |row| {
            let id: String = row.get(0)?;
            let grants = token_grants.remove(&id).unwrap_or_default();
            let Some(digest) = digest(row, 2)? else {
                return Ok(None);
            };
            let kind: String = row.get(4)?;
            let token = Token {
                name: row.get(1)?,
                digest,
                start: row.get(3)?,
                kind: match kind == TokenKind::Kiosk.as_str() {
                    true => TokenKind::Kiosk,
                    false => TokenKind::Api,
                },
                created_by: parsed(row, 5)?,
                created: time(row, 6)?,
                expires: some_time(row, 7)?,
                used: some_time(row, 8)?,
                used_from: row.get(9)?,
                grants: Arc::new(grants),
            };
            Ok(Some((id, token)))
        },
    )?;
    Ok(tokens.into_iter().collect())
}

fn sessions(from: &Connection) -> rusqlite::Result<HashMap<Digest, Session>> {
    let sessions = rows(
        from,
        "SELECT hash, user, token, expires, used, member_of FROM sessions",
        (),
        |row| {
            let user = row.get::<_, Option<String>>(1)?;
            let user = user.and_then(|name| name.parse().ok()).map(Owner::User);
            let kiosk = row.get::<_, Option<String>>(2)?.map(Owner::Kiosk);
            let (Some(digest), Some(owner)) = (digest(row, 0)?, user.or(kiosk)) else {
                return Ok(None);
            };
            let session = Session {
                owner,
                expires: time(row, 3)?,
                used: time(row, 4)?,
                groups: groups(row, 5)?,
            };
            Ok(Some((digest, session)))
        },
    )?;
    Ok(sessions.into_iter().collect())
}

fn rows<T>(
    from: &Connection,
    query: &str,
    parameters: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<Option<T>>,
) -> rusqlite::Result<Vec<T>> {
    let mut statement = from.prepare(query)?;
    let rows = statement.query_map(parameters, read)?;
    rows.filter_map(Result::transpose).collect()
}

/// The own grants of a user.
pub(super) fn grants_of(from: &Connection, name: &Name) -> rusqlite::Result<Grants> {
    let query = "SELECT user, role, scope FROM grants WHERE user = ?1";
    let mut grants = grants(from, query, [name.as_str()])?;
    Ok(grants.remove(name.as_str()).unwrap_or_default())
}

/// The grants per owner.
fn grants(
    from: &Connection,
    query: &str,
    parameters: impl Params,
) -> rusqlite::Result<BTreeMap<String, Grants>> {
    let mut all: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
    let grants = rows(from, query, parameters, |row| {
        let owner: String = row.get(0)?;
        let (role, scope) = (parsed(row, 1)?, parsed(row, 2)?);
        let grant = role.zip(scope).map(|(role, scope)| Grant { role, scope });
        if grant.is_none() {
            tracing::warn!(owner, "a stored grant is not understood and grants nothing");
        }
        Ok(grant.map(|grant| (owner, grant)))
    })?;
    for (owner, grant) in grants {
        all.entry(owner).or_default().push(grant);
    }
    let all = all.into_iter();
    // More than the limit were never stored by this program; such an owner gets nothing.
    Ok(all
        .map(|(owner, grants)| (owner, Grants::new(grants).unwrap_or_default()))
        .collect())
}

fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// A JSON array of groups; none if it is something else.
fn groups(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    let json: Option<String> = row.get(column)?;
    let groups = json.and_then(|json| serde_json::from_str(&json).ok());
    Ok(groups.unwrap_or_default())
}

fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Digest>> {
    let bytes: Vec<u8> = row.get(column)?;
    Ok(Digest::from_slice(&bytes))
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_millis)
}

fn some_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let millis: Option<i64> = row.get(column)?;
    Ok(millis.map(Timestamp::from_millis))
}
