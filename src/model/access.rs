//! Access rights: roles, the scopes in which they are granted, and what several grants allow together.
//!
//! The server decides with these types what a principal may see and do; pages show and edit grants with them.
//! This module decides from grants alone: accounts, sessions and tokens are not known here.

mod pattern;
#[cfg(test)]
mod tests;

pub use pattern::{MAX_PATTERN_LEN, NotAScopePattern, ScopePattern, Subject};

use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// Most grants of one principal. Each is compared with a workload when rights are checked and when lists are
/// filtered, so their number bounds that work.
pub const MAX_GRANTS: usize = 64;

/// A kind of access. A role consists of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Sees workloads, their figures, events and descriptions.
    See,
    /// Reads logs.
    Logs,
    /// Starts, stops and changes existing workloads.
    Act,
    /// Creates workloads and replaces their definitions.
    Deploy,
    /// Sees masked secrets.
    Reveal,
    /// Manages accounts, tokens, settings and the audit.
    Admin,
}

impl Right {
    /// Every right, from the weakest to the strongest.
    pub const ALL: [Self; 6] = [
        Self::See,
        Self::Logs,
        Self::Act,
        Self::Deploy,
        Self::Reveal,
        Self::Admin,
    ];

    /// The name in JSON and in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::See => "see",
            Self::Logs => "logs",
            Self::Act => "act",
            Self::Deploy => "deploy",
            Self::Reveal => "reveal",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Right {
    type Err = UnknownRight;

    fn from_str(text: &str) -> Result<Self, UnknownRight> {
        let mut all = Self::ALL.into_iter();
        all.find(|right| right.as_str() == text).ok_or(UnknownRight)
    }
}

/// The error for an unknown name of a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownRight;

impl fmt::Display for UnknownRight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the rights are see, logs, act, deploy, reveal and admin")
    }
}

impl std::error::Error for UnknownRight {}

/// A named set of rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees workloads and reads their logs.
    Viewer,
    /// A viewer that also acts on workloads and deploys.
    Operator,
    /// Has every right.
    Admin,
}

impl Role {
    /// Every role, from the weakest to the strongest; each has the rights of all before it.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The name in JSON and in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The rights of the role.
    pub const fn rights(self) -> &'static [Right] {
        match self {
            Self::Viewer => &[Right::See, Right::Logs],
            Self::Operator => &[Right::See, Right::Logs, Right::Act, Right::Deploy],
            Self::Admin => &Right::ALL,
        }
    }

    /// Whether the role has `right`.
    pub fn has(self, right: Right) -> bool {
        self.rights().contains(&right)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let mut all = Self::ALL.into_iter();
        all.find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// The error for an unknown name of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownRole;

impl fmt::Display for UnknownRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the roles are viewer, operator and admin")
    }
}

impl std::error::Error for UnknownRole {}

/// A role within a scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Where the role applies.
    pub scope: ScopePattern,
}

impl Grant {
    /// `role` within `scope`.
    pub const fn new(role: Role, scope: ScopePattern) -> Self {
        Self { role, scope }
    }
}

/// The grants of one principal, at most [`MAX_GRANTS`]. Several add up: a right is held where any of them
/// gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grants(#[serde(deserialize_with = "limited")] BTreeSet<Grant>);

/// The error for more than [`MAX_GRANTS`] different grants of one principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyGrants;

impl fmt::Display for TooManyGrants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {MAX_GRANTS} grants are allowed")
    }
}

impl std::error::Error for TooManyGrants {}

fn limited<'de, D: serde::Deserializer<'de>>(from: D) -> Result<BTreeSet<Grant>, D::Error> {
    let grants = Vec::deserialize(from)?;
    let grants = Grants::new(grants).map_err(serde::de::Error::custom)?;
    Ok(grants.0)
}

impl Grants {
    /// The union of `grants`.
    ///
    /// # Errors
    /// When more than [`MAX_GRANTS`] of them differ.
    pub fn new(grants: impl IntoIterator<Item = Grant>) -> Result<Self, TooManyGrants> {
        let mut known = BTreeSet::new();
        for grant in grants {
            known.insert(grant);
            if known.len() > MAX_GRANTS {
                return Err(TooManyGrants);
            }
        }
        Ok(Self(known))
    }

    /// `role` everywhere.
    pub fn everything(role: Role) -> Self {
        Self(BTreeSet::from([Grant::new(role, ScopePattern::Everything)]))
    }

    /// The grants, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.0.iter()
    }

    /// Whether there are none, so that nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `right` is held on `subject`.
    pub fn allows(&self, right: Right, subject: &Subject<'_>) -> bool {
        self.with(right).any(|scope| scope.matches(subject))
    }

    /// Whether `right` is held on everything, by a grant on `*`.
    pub fn everywhere(&self, right: Right) -> bool {
        self.with(right)
            .any(|scope| *scope == ScopePattern::Everything)
    }

    /// Whether `right` is held in any scope.
    pub fn anywhere(&self, right: Right) -> bool {
        self.with(right).next().is_some()
    }

    /// The rights that are held in any scope.
    pub fn rights(&self) -> BTreeSet<Right> {
        let roles = self.0.iter().map(|grant| grant.role);
        roles.flat_map(Role::rights).copied().collect()
    }

    /// The scopes in which `right` is held, in normal form: without patterns that another one covers.
    pub fn scopes(&self, right: Right) -> BTreeSet<ScopePattern> {
        let mut scopes: Vec<&ScopePattern> = Vec::new();
        for scope in self.with(right) {
            if !scopes.iter().any(|known| known.covers(scope)) {
                scopes.retain(|known| !scope.covers(known));
                scopes.push(scope);
            }
        }
        scopes.into_iter().cloned().collect()
    }

    /// Whether every right that `grant` gives is already held wherever `grant` gives it. A principal may
    /// pass on only such grants.
    pub fn includes(&self, grant: &Grant) -> bool {
        let mut rights = grant.role.rights().iter();
        rights.all(|right| self.with(*right).any(|scope| scope.covers(&grant.scope)))
    }

    /// The scopes of the grants that give `right`.
    fn with(&self, right: Right) -> impl Iterator<Item = &ScopePattern> {
        let grants = self.0.iter().filter(move |grant| grant.role.has(right));
        grants.map(|grant| &grant.scope)
    }
}
