//! Tracks which calls an engine, or a proxy in front of it, forbids, and what the page lacks without them.

use crate::server::duration::HumanDuration;
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The call without which changes are detected late.
pub(super) const EVENTS: &str = "GET /events";
/// Calls that Deckwatch makes on its own and without which the rest works. Other forbidden calls are
/// reported to the client that requested them; without lists there is nothing to show.
const OPTIONAL: [&str; 5] = [
    EVENTS,
    "GET /info",
    "GET /version",
    "GET /containers/{id}/json",
    "GET /containers/{id}/stats",
];

/// The [`OPTIONAL`] calls whose last answer was 401 or 403.
#[derive(Debug, Default)]
pub(super) struct Access {
    forbidden: Mutex<BTreeSet<&'static str>>,
}

impl Access {
    /// Records whether `call` was forbidden; see [`super::refusal::call`].
    pub(super) fn record(&self, call: &str, is_forbidden: bool) {
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

    /// Whether the last answer to `call` was 401 or 403.
    pub(super) fn forbids(&self, call: &str) -> bool {
        let forbidden = self
            .forbidden
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        forbidden.contains(call)
    }

    /// A user-facing message with the forbidden calls and what is missing without them; `None` if nothing
    /// is missing. Lists are requested every `reconcile`.
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
    fn forbidden_calls_are_reported_with_what_is_missing_until_they_are_allowed() {
        let access = Access::default();
        let every = Duration::from_secs(10);
        access.record("GET /containers/json", true);
        access.record("GET /events", false);
        assert_eq!(access.missing(every), None);
        access.record("GET /version", true);
        access.record("GET /events", true);
        assert_eq!(
            access.missing(every).as_deref(),
            Some(
                "The engine or a proxy in front of it forbids GET /events (changes are found \
                 every 10s), GET /version (its version is not known)."
            )
        );
        access.record("GET /events", false);
        access.record("GET /version", false);
        assert_eq!(access.missing(every), None);
    }
}
