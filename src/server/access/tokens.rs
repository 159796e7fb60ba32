//! Creating and revoking tokens.

use super::{Access, AccessError, Principal, Secret, accounts, users::checked};
use crate::{
    model::{Grants, Right, Role, Timestamp},
    protocol::{CreatedToken, NewToken, Secret as SentSecret, Token, TokenKind, Tokens},
    server::clock,
};
use rusqlite::{Transaction, params};

/// How every token begins, so that it is recognized wherever it leaks.
pub const PREFIX: &str = "dwt_";
/// Characters of a token by which its owner recognizes it, the prefix included.
const START: usize = 8;
/// Longest name of a token in characters.
const MAX_NAME: usize = 64;
/// Most tokens of one user.
const MAX_TOKENS: usize = 100;

impl Access {
    /// The tokens that `principal` may revoke, the newest first.
    pub fn tokens(&self, principal: &Principal) -> Tokens {
        let accounts = self.accounts();
        let tokens = accounts.tokens.iter();
        let visible = tokens.filter(|(_, token)| may_revoke(principal, token));
        let mut tokens: Vec<_> = visible.map(|(id, token)| described(id, token)).collect();
        tokens.sort_by_key(|token| std::cmp::Reverse(token.created));
        Tokens { tokens }
    }

    /// Creates a token of `principal`.
    ///
    /// # Errors
    /// When it would grant more than its creator has, the name or the time is invalid, there are too many,
    /// or the storage does not work.
    pub async fn create_token(
        &self,
        principal: &Principal,
        new: NewToken,
    ) -> Result<CreatedToken, AccessError> {
        let creator = principal.user();
        let creator = creator.filter(|name| self.accounts().users.contains_key(name));
        let Some(creator) = creator else {
            let message = "only a user creates tokens".to_owned();
            return Err(AccessError::Forbidden(message));
        };
        let grants = checked(new.grants.clone())?;
        if let Some(beyond) = grants
            .iter()
            .find(|grant| !principal.grants.includes(grant))
        {
            let message = format!("you cannot grant {} {}", beyond.role, beyond.scope);
            return Err(AccessError::Forbidden(message));
        }
        check(&new, &grants)?;
        let accounts = self.accounts();
        // Those of groups are known during a session only, which a token outlives.
        let own = accounts.users.get(&creator).map(|user| &user.grants);
        if !grants
            .iter()
            .all(|grant| own.is_some_and(|own| own.includes(grant)))
        {
            let message = "a token cannot have the grants of a group; an administrator can grant them to you here";
            return Err(AccessError::Forbidden(message.to_owned()));
        }
        let owned = accounts.tokens.values();
        let owned = owned.filter(|token| token.created_by.as_ref() == Some(&creator));
        if owned.count() >= MAX_TOKENS {
            let message = format!("{creator} has {MAX_TOKENS} tokens already");
            return Err(AccessError::Conflict(message));
        }
        let secret = Secret::random(PREFIX)?;
        let stored = Stored::new(&secret, creator.as_str(), new, grants)?;
        let id = stored.id.clone();
        self.change(move |to| stored.insert(to)).await?;
        let accounts = self.accounts();
        let token = accounts.tokens.get(&id);
        let token = token.ok_or(AccessError::NotFound("token"))?;
        Ok(CreatedToken {
            token: SentSecret(secret.reveal().to_owned()),
            created: described(&id, token),
        })
    }

    /// Revokes a token. The connections that use it end within a second.
    ///
    /// # Errors
    /// When there is no such token that `principal` may revoke, or the storage does not work.
    pub async fn revoke_token(&self, principal: &Principal, id: &str) -> Result<(), AccessError> {
        let name = self.name_of_token(principal, id);
        name.ok_or(AccessError::NotFound("token"))?;
        let id = id.to_owned();
        self.change(move |to| to.execute("DELETE FROM tokens WHERE id = ?1", [id]))
            .await
            .map(drop)
    }

    /// The name of a token that `principal` may revoke.
    pub fn name_of_token(&self, principal: &Principal, id: &str) -> Option<String> {
        let accounts = self.accounts();
        let token = accounts.tokens.get(id);
        let token = token.filter(|token| may_revoke(principal, token))?;
        Some(token.name.clone())
    }
}

/// A token as it is stored.
#[derive(Debug)]
pub struct Stored {
    id: String,
    digest: Vec<u8>,
    start: String,
    creator: String,
    new: NewToken,
    grants: Grants,
    now: Timestamp,
}

impl Stored {
    /// What to store of the token `secret`. `creator` is empty for the command line.
    ///
    /// # Errors
    /// When there are no random numbers.
    pub fn new(
        secret: &Secret,
        creator: &str,
        new: NewToken,
        grants: Grants,
    ) -> Result<Self, AccessError> {
        Ok(Self {
            id: Secret::random("")?.reveal().chars().take(16).collect(),
            digest: secret.digest().as_bytes().to_vec(),
            start: secret.reveal().chars().take(START).collect(),
            creator: creator.to_owned(),
            new,
            grants,
            now: clock::now(),
        })
    }

    /// Inserts the token.
    ///
    /// # Errors
    /// Those of the database.
    pub fn insert(&self, to: &Transaction<'_>) -> rusqlite::Result<()> {
        let kind = self.new.kind.as_str();
        let expires = self.new.expires_at.map(Timestamp::as_millis);
        let now = self.now.as_millis();
        to.execute(
            "INSERT INTO tokens (id, name, hash, start, kind, created_by, created, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![self.id, self.new.name, self.digest, self.start, kind, self.creator, now, expires],
        )?;
        let mut statement =
            to.prepare("INSERT INTO token_grants (token, role, scope) VALUES (?1, ?2, ?3)")?;
        for grant in self.grants.iter() {
            let (role, scope) = (grant.role.to_string(), grant.scope.to_string());
            statement.execute(params![self.id, role, scope])?;
        }
        Ok(())
    }
}

/// Checks the name, the expiry and the roles of a new token.
///
/// # Errors
/// When one of them is invalid.
pub fn check(new: &NewToken, grants: &Grants) -> Result<(), AccessError> {
    let invalid = |message: &str| Err(AccessError::Invalid(message.to_owned()));
    if new.name.trim().is_empty() || new.name.chars().count() > MAX_NAME {
        return invalid("a token needs a name of 1 to 64 characters");
    }
    if grants.is_empty() {
        return invalid("a token needs a grant");
    }
    if new.expires_at.is_some_and(|at| at <= clock::now()) {
        return invalid("the token would have expired already");
    }
    let is_kiosk = new.kind == TokenKind::Kiosk;
    if is_kiosk && grants.iter().any(|grant| grant.role != Role::Viewer) {
        return invalid("a kiosk only views");
    }
    if is_kiosk && new.expires_at.is_none() {
        return invalid("a kiosk link needs an end");
    }
    Ok(())
}

fn may_revoke(principal: &Principal, token: &accounts::Token) -> bool {
    let user = principal.user();
    principal.grants.everywhere(Right::Admin) || (user.is_some() && user == token.created_by)
}

fn described(id: &str, token: &accounts::Token) -> Token {
    let creator = token.created_by.as_ref();
    Token {
        id: id.to_owned(),
        name: token.name.clone(),
        start: token.start.clone(),
        kind: token.kind,
        grants: token.grants.iter().cloned().collect(),
        created_by: creator.map(ToString::to_string).unwrap_or_default(),
        created: token.created,
        expires_at: token.expires,
        used: token.used,
        used_from: token.used_from.clone(),
    }
}
