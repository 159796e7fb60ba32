//! What a user may see, and since when.

use deckwatch::model::Grants;
use std::collections::{BTreeMap, HashMap};

/// How long after the response to a change the previous rights may still have an effect, in milliseconds.
const TOLERANCE: i64 = 1_000;

/// The rights of one user over time.
#[derive(Debug)]
pub(crate) struct Ledger {
    now: Grants,
    /// When the change to `now` was answered.
    since: i64,
    before: Option<Grants>,
    /// Grants of a change that was requested and not answered.
    pending: Option<Grants>,
    /// Grants by the digest that `connected` has for them.
    digests: HashMap<String, Grants>,
    /// When sessions were ended, by their number.
    ended: BTreeMap<u64, i64>,
}

/// What a connection belongs to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holder {
    /// The number of the session.
    pub(crate) session: u64,
    /// The digest in the last `connected`; empty before the first one.
    pub(crate) digest: String,
}

impl Ledger {
    pub(crate) fn new(grants: Grants) -> Self {
        Self {
            now: grants,
            since: 0,
            before: None,
            pending: None,
            digests: HashMap::new(),
            ended: BTreeMap::new(),
        }
    }

    /// Whether `holder` may receive content from the time `at` that needs grants for which `allow` is true.
    ///
    /// From `connected` on, the grants that it announces are in effect. Content from later than the tolerance
    /// after a change must be allowed by the current grants in any case.
    pub(crate) fn allows(&self, holder: &Holder, at: i64, allow: impl Fn(&Grants) -> bool) -> bool {
        let is_over = |since: i64| at > since + TOLERANCE;
        let ended = self.ended.get(&holder.session);
        if ended.is_some_and(|ended| is_over(*ended)) {
            return false;
        }
        let is_current = allow(&self.now) || self.pending.as_ref().is_some_and(&allow);
        let is_announced = match self.digests.get(&holder.digest) {
            Some(grants) => allow(grants),
            None => is_current || self.before.as_ref().is_some_and(&allow),
        };
        is_announced && (is_current || !is_over(self.since))
    }

    /// The current grants.
    pub(crate) fn now(&self) -> &Grants {
        &self.now
    }

    /// A change was requested.
    pub(crate) fn requested(&mut self, grants: Grants) {
        self.pending = Some(grants);
    }

    /// The requested change was refused.
    pub(crate) fn refused(&mut self) {
        self.pending = None;
    }

    /// The requested change was made, at the latest at `at`.
    pub(crate) fn changed(&mut self, at: i64) {
        if let Some(grants) = self.pending.take() {
            self.before = Some(std::mem::replace(&mut self.now, grants));
            self.since = at;
        }
    }

    /// The server announces the current grants with `digest`.
    pub(crate) fn announced(&mut self, digest: String) {
        self.digests.insert(digest, self.now.clone());
    }

    /// A session was ended, at the latest at `at`.
    pub(crate) fn ended(&mut self, session: u64, at: i64) {
        self.ended.insert(session, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use deckwatch::model::{Right, Role, ScopePattern};

    fn all() -> Grants {
        Grants::everything(Role::Viewer)
    }

    fn is_all(grants: &Grants) -> bool {
        grants.everywhere(Right::See)
    }

    fn holder(digest: &str) -> Holder {
        Holder {
            session: 1,
            digest: digest.to_owned(),
        }
    }

    #[test]
    fn withdrawn_rights_count_for_a_second_and_not_after_the_announcement() {
        let mut ledger = Ledger::new(all());
        ledger.announced("all".to_owned());
        ledger.requested(Grants::default());
        assert!(ledger.allows(&holder("all"), 9_000, is_all));
        ledger.changed(5_000);
        ledger.announced("none".to_owned());
        assert!(ledger.allows(&holder("all"), 6_000, is_all));
        assert!(!ledger.allows(&holder("all"), 6_001, is_all));
        assert!(!ledger.allows(&holder("none"), 5_001, is_all));
    }

    #[test]
    fn requested_rights_count_before_the_response_and_not_after_a_refusal() {
        let mut ledger = Ledger::new(Grants::default());
        ledger.requested(all());
        assert!(ledger.allows(&holder("?"), 1, is_all));
        ledger.refused();
        assert!(!ledger.allows(&holder("?"), 1, is_all));
        assert_eq!(
            all().scopes(Right::See).first(),
            Some(&ScopePattern::Everything)
        );
    }

    #[test]
    fn an_ended_session_receives_nothing_after_a_second() {
        let mut ledger = Ledger::new(all());
        ledger.ended(1, 5_000);
        assert!(ledger.allows(&holder("?"), 6_000, is_all));
        assert!(!ledger.allows(&holder("?"), 6_001, is_all));
    }
}
