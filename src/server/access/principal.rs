//! Who a request or a connection acts for, and how that was established.

use super::{Digest, Name};
use crate::model::{Grants, PrincipalKind, Role, Timestamp};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

/// A user, a token, or any client of a server without sign-in: the subject of all rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The name for pages and the audit log: that of the user, or of the token.
    pub name: String,
    /// The kind of principal.
    pub kind: PrincipalKind,
    /// Whether it is a user of the proxy who only shares the name with a stored user: that one signs in in
    /// another way, and may be another person.
    pub is_namesake: bool,
    /// What it may do, and where.
    pub grants: Arc<Grants>,
    /// When its session or token ends; `None` if it does not end by itself.
    pub expires_at: Option<Timestamp>,
}

/// What a request presented to establish its principal. It is kept by connections, so that they can ask
/// again when something has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Nothing.
    Nobody,
    /// Nothing, on a server without sign-in.
    Anyone,
    /// A session cookie.
    Session(Digest),
    /// An API token.
    Token(Digest),
    /// The headers of a trusted proxy.
    Proxy {
        /// The user.
        name: Name,
        /// The groups of the user.
        groups: Arc<[String]>,
    },
}

impl Principal {
    /// The principal of every request to a server without sign-in.
    pub fn anyone() -> Self {
        Self {
            name: "anyone".to_owned(),
            kind: PrincipalKind::Anyone,
            is_namesake: false,
            grants: Arc::new(Grants::everything(Role::Admin)),
            expires_at: None,
        }
    }

    /// The name in the audit log, in which no token looks like a user, and no user like another one.
    pub fn label(&self) -> String {
        let name = &self.name;
        match self.kind {
            PrincipalKind::User if self.is_namesake => format!("proxy {name}"),
            PrincipalKind::Anyone | PrincipalKind::User => name.clone(),
            PrincipalKind::Token => format!("token {name}"),
            PrincipalKind::Kiosk => format!("kiosk {name}"),
        }
    }

    /// A digest of who it is and what it may do: 16 hexadecimal digits. A page notices by it that it was
    /// rendered for others.
    pub fn digest(&self) -> String {
        let mut hasher = DefaultHasher::new();
        (&self.name, self.kind, &self.grants).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    /// The name of the stored user that it is. A user of the proxy may not be stored yet.
    pub fn user(&self) -> Option<Name> {
        let is_user = self.kind == PrincipalKind::User && !self.is_namesake;
        self.name.parse().ok().filter(|_| is_user)
    }
}
