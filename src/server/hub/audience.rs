//! What each principal may see: everything that leaves the hub is filtered here, once per audience.

use crate::model::{Dashboard, HostId, Update};

/// The normal form of what a principal may see. Principals that may see the same share an audience,
/// and with it rings, snapshots and encoded frames.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Sees everything.
    #[default]
    Unrestricted,
    /// Sees one host only. Tests use it to prove that nothing else gets through.
    #[cfg(test)]
    Host(HostId),
}

impl Audience {
    /// Whether anything on `host` may be seen.
    #[cfg_attr(
        not(test),
        expect(unused_variables, reason = "everything sees every host")
    )]
    pub(super) fn sees_host(&self, host: HostId) -> bool {
        match self {
            Self::Unrestricted => true,
            #[cfg(test)]
            Self::Host(only) => *only == host,
        }
    }

    /// The part of `update` that this audience may see; `None` if it may see nothing of it.
    pub(super) fn visible(&self, update: &Update) -> Option<Update> {
        self.sees_host(update.host()).then(|| update.clone())
    }

    /// The part of `dashboard` that this audience may see.
    pub(super) fn visible_part(&self, dashboard: &Dashboard) -> Dashboard {
        match self {
            Self::Unrestricted => dashboard.clone(),
            #[cfg(test)]
            Self::Host(host) => Dashboard {
                hosts: dashboard
                    .hosts
                    .iter()
                    .filter(|(name, _)| *name == host)
                    .map(|(name, known)| (*name, known.clone()))
                    .collect(),
                events: dashboard
                    .events
                    .iter()
                    .filter(|event| event.host == *host)
                    .cloned()
                    .collect(),
            },
        }
    }
}
