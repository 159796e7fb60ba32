//! Calls that an engine, or a proxy in front of it, does not allow, and what the page lacks for each.

use crate::server::config::HumanDuration;
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The call without which changes are found late.
pub(super) const EVENTS: &str = "GET /events";
/// Calls that are made without being asked for by a person, and without which the rest works. Others
/// answer the person who asked; without the list there is nothing to show.
const OPTIONAL: [&str; 5] = [
    EVENTS,
    "GET /info",
    "GET /version",
    "GET /containers/{id}/json",
    "GET /containers/{id}/stats",
];

/// Which of the [`OPTIONAL`] calls were answered with 401 or 403 the last time.
#[derive(Debug, Default)]
pub(super) struct Access {
    forbidden: Mutex<BTreeSet<&'static str>>,
}

impl Access {
    /// Notes how `call` was answered; see [`super::refusal::call`].
    pub(super) fn note(&self, call: &str, is_forbidden: bool) {
        let Some(call) = OPTIONAL.into_iter().find(|optional| *optional == call) else {
            return;
        };
        let mut forbidden = self
            .forbidden
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if is_forbidden {
            forbidden.insert(call);
        } else {
            forbidden.remove(call);
        }
    }

    /// Whether `call` was not allowed the last time.
    pub(super) fn forbids(&self, call: &str) -> bool {
        let forbidden = self
            .forbidden
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        forbidden.contains(call)
    }

    /// What is forbidden and what is missing for it, for people; absent when nothing is. Lists come
    /// every `reconcile`.
    pub(super) fn missing(&self, reconcile: Duration) -> Option<String> {
        let forbidden = self
            .forbidden
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let missing: Vec<_> = forbidden
            .iter()
            .map(|call| format!("{call} ({})", lack(call, reconcile)))
            .collect();
        let what = "The engine or a proxy in front of it forbids";
        (!missing.is_empty()).then(|| format!("{what} {}.", missing.join(", ")))
    }
}

fn lack(call: &str, reconcile: Duration) -> String {
    match call {
        EVENTS => {
            let every = HumanDuration(reconcile);
            return format!("changes are found every {every}");
        }
        "GET /info" => "its machine's memory is not known",
        "GET /version" => "its version is not known",
        "GET /containers/{id}/json" => "no details and no logs",
        _ => "figures may be missing",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forbidden_is_said_with_what_is_missing_until_it_is_allowed() {
        let access = Access::default();
        let every = Duration::from_secs(10);
        access.note("GET /containers/json", true);
        access.note("GET /events", false);
        assert_eq!(access.missing(every), None);
        access.note("GET /version", true);
        access.note("GET /events", true);
        assert_eq!(
            access.missing(every).as_deref(),
            Some(
                "The engine or a proxy in front of it forbids GET /events (changes are found \
                 every 10s), GET /version (its version is not known)."
            )
        );
        access.note("GET /events", false);
        access.note("GET /version", false);
        assert_eq!(access.missing(every), None);
    }
}
