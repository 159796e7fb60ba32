//! Decides whether a container must be inspected again.

use super::super::convert::{self, Details, Listed};
use crate::model::{ContainerState, Health};

/// The parts of a list entry whose change makes another inspection necessary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digest {
    name: Option<String>,
    state: ContainerState,
    health: Option<Health>,
    status: StatusClass,
}

/// The status text without the parts that change as time goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
enum StatusClass {
    /// It started seconds ago, so this may be a later start than the inspected one.
    JustStarted,
    /// The text up to its first blank or closing parenthesis: `Up`, `Exited (137)`.
    Word(String),
}

impl Digest {
    pub(super) fn of(listed: &Listed) -> Self {
        let status = listed.status.as_str();
        let just_started = status.starts_with("Up") && status.contains("second");
        let word = match status.split_once(')') {
            Some((word, _)) if status.starts_with("Exited") => word,
            _ => status.split(' ').next().unwrap_or_default(),
        };
        Self {
            name: listed.name.clone(),
            state: listed.state,
            health: convert::health_in_status(status),
            status: if just_started {
                StatusClass::JustStarted
            } else {
                StatusClass::Word(word.to_owned())
            },
        }
    }

    /// Whether `details`, inspected when the entry had this digest, still hold for an entry with the digest
    /// `now`. Podman's list has no health; there a health that was inspected may have changed.
    pub(super) fn still_holds(&self, now: &Self, details: &Details) -> bool {
        let shows_health = now.health.is_some() || details.health.is_none() || !now.state.is_up();
        self == now && now.status != StatusClass::JustStarted && shows_health
    }
}
