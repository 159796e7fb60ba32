//! Creating, changing and removing users.

use super::{Access, AccessError, Name, accounts::Accounts, lock};
use crate::{
    model::{AuthMode, Grant, Grants, Timestamp},
    protocol::{NewUser, User, UserChange, Users},
    server::clock,
};
use rusqlite::{Connection, Transaction, params};

/// Most users. Every list of users is complete, and fits on a page that can be searched.
pub(super) const MAX_USERS: usize = 1_000;

impl Access {
    /// All users, ordered by name.
    pub fn users(&self) -> Users {
        let accounts = self.accounts();
        let of_proxy = lock(&self.inner.proxy_users);
        let users = accounts.users.iter().map(|(name, user)| User {
            username: name.to_string(),
            source: user.source,
            disabled: user.disabled,
            grants: user.grants.iter().cloned().collect(),
            created: user.created,
            seen: user.seen.max(of_proxy.seen(name)),
            sessions: u32::try_from(accounts.sessions_of(name)).unwrap_or(u32::MAX),
        });
        Users {
            users: users.collect(),
        }
    }

    /// The user with this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn user(&self, name: &Name) -> Result<User, AccessError> {
        let mut users = self.users().users.into_iter();
        users
            .find(|user| user.username == name.as_str())
            .ok_or(AccessError::NotFound("user"))
    }

    /// Creates a user who signs in with a password.
    ///
    /// # Errors
    /// When the name is taken, the password unsuitable, there are too many grants, or the storage does not
    /// work.
    pub async fn create_user(&self, new: NewUser) -> Result<User, AccessError> {
        let name: Name = parse_name(&new.username)?;
        let grants = checked(new.grants)?;
        let accounts = self.accounts();
        if accounts.users.contains_key(&name) {
            return Err(AccessError::Conflict(format!("{name} exists already")));
        }
        if accounts.users.len() >= MAX_USERS {
            let message = format!("there are {MAX_USERS} users already");
            return Err(AccessError::Conflict(message));
        }
        let hash = self.inner.passwords.hash(new.password.0).await?;
        let (account, now) = (name.clone(), clock::now());
        self.change(move |to| {
            insert(to, &account, Some(&hash), AuthMode::Password, now)?;
            grant(to, &account, grants.iter())
        })
        .await?;
        self.user(&name)
    }

    /// Changes a user. A new password, new grants and disabling apply to open connections within a second.
    ///
    /// # Errors
    /// When there is no such user, it is the only administrator and would no longer be one, the password is
    /// unsuitable, or the storage does not work.
    pub async fn change_user(&self, name: &Name, change: UserChange) -> Result<User, AccessError> {
        let accounts = self.accounts();
        if !accounts.users.contains_key(name) {
            return Err(AccessError::NotFound("user"));
        }
        let grants = change.grants.map(checked).transpose()?;
        let stays_admin = change.disabled != Some(true)
            && grants
                .as_ref()
                .is_none_or(|grants| grants.everywhere(crate::model::Right::Admin));
        if !stays_admin && self.is_only_admin(&accounts, name) {
            return Err(only_admin(name));
        }
        if change.password.is_some() {
            check_has_password(&accounts, name)?;
        }
        let hash = match change.password {
            Some(password) => Some(self.inner.passwords.hash(password.0).await?),
            None => None,
        };
        let account = name.clone();
        self.change(move |to| {
            let name = account.as_str();
            if let Some(grants) = &grants {
                to.execute("DELETE FROM grants WHERE user = ?1", [name])?;
                grant(to, &account, grants.iter())?;
            }
            if let Some(disabled) = change.disabled {
                to.execute(
                    "UPDATE users SET disabled = ?2 WHERE name = ?1",
                    params![name, disabled],
                )?;
            }
            if let Some(hash) = &hash {
                to.execute(
                    "UPDATE users SET password = ?2 WHERE name = ?1",
                    params![name, hash],
                )?;
            }
            if hash.is_some() || change.disabled == Some(true) {
                end_all(to, &account)?;
            }
            Ok(())
        })
        .await?;
        self.user(name)
    }

    /// Removes a user, with all sessions and tokens.
    ///
    /// # Errors
    /// When there is no such user, it is the only administrator, or the storage does not work.
    pub async fn remove_user(&self, name: &Name) -> Result<(), AccessError> {
        let accounts = self.accounts();
        if !accounts.users.contains_key(name) {
            return Err(AccessError::NotFound("user"));
        }
        if self.is_only_admin(&accounts, name) {
            return Err(only_admin(name));
        }
        let account = name.clone();
        self.change(move |to| {
            to.execute(
                "DELETE FROM tokens WHERE created_by = ?1",
                [account.as_str()],
            )?;
            to.execute("DELETE FROM users WHERE name = ?1", [account.as_str()])
        })
        .await
        .map(drop)
    }

    /// Whether `name` is the only administrator who can sign in.
    fn is_only_admin(&self, accounts: &Accounts, name: &Name) -> bool {
        accounts.is_only_admin(name, |user| user.can_sign_in(&self.inner.auth))
    }
}

fn only_admin(name: &Name) -> AccessError {
    let message = format!("{name} is the only administrator; make somebody else one first");
    AccessError::Conflict(message)
}

/// Checks that `name` is not a user who signs in without a password.
///
/// # Errors
/// When it is: a password would be another way to become that user.
pub(super) fn check_has_password(accounts: &Accounts, name: &Name) -> Result<(), AccessError> {
    let way = match accounts.users.get(name).map(|user| user.source) {
        Some(AuthMode::Oidc) => "with OpenID Connect",
        Some(AuthMode::Proxy) => "through the proxy",
        _ => return Ok(()),
    };
    let message = format!("{name} signs in {way}, without a password");
    Err(AccessError::Conflict(message))
}

/// Parses the name of a user.
///
/// # Errors
/// When it is not a name.
pub(super) fn parse_name(text: &str) -> Result<Name, AccessError> {
    text.parse()
        .map_err(|error: super::NotAName| AccessError::Invalid(error.to_string()))
}

/// `grants` as a set, if they are not too many.
///
/// # Errors
/// When they are too many.
pub(super) fn checked(grants: Vec<Grant>) -> Result<Grants, AccessError> {
    Grants::new(grants).map_err(|error| AccessError::Invalid(error.to_string()))
}

/// Inserts a user.
pub(super) fn insert(
    to: &Transaction<'_>,
    name: &Name,
    password: Option<&str>,
    source: AuthMode,
    created: Timestamp,
) -> rusqlite::Result<()> {
    to.execute(
        "INSERT INTO users (name, password, source, created) VALUES (?1, ?2, ?3, ?4)",
        params![
            name.as_str(),
            password,
            source.as_str(),
            created.as_millis()
        ],
    )
    .map(drop)
}

/// Inserts a user whom the proxy has named, unless the name is taken or there are too many users.
pub(super) fn insert_of_proxy(
    to: &Transaction<'_>,
    name: &Name,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let is_taken = to.query_row(
        "SELECT EXISTS (SELECT 1 FROM users WHERE name = ?1)",
        [name.as_str()],
        |row| row.get(0),
    )?;
    if is_taken || count(to)? >= MAX_USERS {
        return Ok(());
    }
    insert(to, name, None, AuthMode::Proxy, now)
}

/// Number of users.
pub(super) fn count(from: &Connection) -> rusqlite::Result<usize> {
    let count: i64 = from.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Adds grants of a user.
pub(super) fn grant<'a>(
    to: &Transaction<'_>,
    name: &Name,
    grants: impl IntoIterator<Item = &'a Grant>,
) -> rusqlite::Result<()> {
    let mut statement =
        to.prepare("INSERT OR IGNORE INTO grants (user, role, scope) VALUES (?1, ?2, ?3)")?;
    for grant in grants {
        let (role, scope) = (grant.role.to_string(), grant.scope.to_string());
        statement.execute(params![name.as_str(), role, scope])?;
    }
    Ok(())
}

/// Ends all sessions of the user `name`.
pub(super) fn end_all(to: &Transaction<'_>, name: &Name) -> rusqlite::Result<usize> {
    to.execute("DELETE FROM sessions WHERE user = ?1", [name.as_str()])
}
