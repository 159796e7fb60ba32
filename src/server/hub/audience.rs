//! What each principal may see. Everything that a principal reads from the hub is filtered by its audience.

use crate::model::{Event, Grants, HostId, Right, ScopePattern, Subject};
use std::{collections::BTreeSet, sync::Arc};

/// The normal form of what a principal may see. Principals that may see the same share an audience,
/// and with it rings, snapshots and encoded frames.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Sees everything.
    #[default]
    Unrestricted,
    /// Sees what matches any of these patterns, none of which covers another. Sees nothing without a pattern.
    Scopes(Arc<BTreeSet<ScopePattern>>),
}

impl Audience {
    /// What a principal with these grants may see.
    pub fn of(grants: &Grants) -> Self {
        let scopes = grants.scopes(Right::See);
        match scopes.contains(&ScopePattern::Everything) {
            true => Self::Unrestricted,
            false => Self::Scopes(Arc::new(scopes)),
        }
    }

    /// Whether it sees the workload.
    pub fn sees(&self, subject: &Subject<'_>) -> bool {
        self.any(|scope| scope.matches(subject))
    }

    /// Whether it sees the whole of `host`: all its workloads, its own figures, its machine, and the events of
    /// other objects.
    pub fn sees_whole(&self, host: HostId) -> bool {
        self.any(|scope| scope.includes_host(host))
    }

    /// Whether it sees `event`. Only the event's own properties count, because the container of an event may
    /// not be listed yet, be listed no longer, or have changed since. An event that contains two names of its
    /// container is seen only by audiences that see both.
    pub(super) fn sees_event(&self, event: &Event) -> bool {
        let mut subjects = event.subjects().peekable();
        let is_of_seen = subjects.peek().is_some() && subjects.all(|subject| self.sees(&subject));
        is_of_seen || self.sees_whole(event.host)
    }

    fn any(&self, is_in: impl Fn(&ScopePattern) -> bool) -> bool {
        match self {
            Self::Unrestricted => true,
            Self::Scopes(scopes) => scopes.iter().any(is_in),
        }
    }
}
