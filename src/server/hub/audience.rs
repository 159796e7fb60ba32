//! Who sees what: everything that leaves the hub is filtered here, once per audience.

use crate::model::{Dashboard, HostId, Update};

/// The normal form of what a principal may see. Principals that may see the same share an audience,
/// and with it rings, snapshots and encoded frames.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Everything.
    #[default]
    Unrestricted,
    /// Only what is on one host: a stand-in with which tests prove that nothing else gets through.
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

    /// What of `update` may be seen; `None` when nothing of it.
    pub(super) fn visible(&self, update: &Update) -> Option<Update> {
        self.sees_host(update.host()).then(|| update.clone())
    }

    /// What of `dashboard` may be seen.
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
