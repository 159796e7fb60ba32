//! Limits what clients can add to the logs without signing in: every client can begin a sign-in, and fail.
//!
//! Failures are counted per client, and per user whom the provider has authenticated, so that those of one
//! cannot hide those of others. Their total is limited by the audit log itself.

use crate::server::{access::Name, serve::Peer};
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// The time in which failures are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// Failures of one client in that time that are logged: many users can share an address.
const PER_PEER: u32 = 20;
/// Failures of one user in that time that are logged: more show nothing new.
const PER_USER: u32 = 5;
/// Most clients and users that are counted in that time; failures of further ones are not logged. Each takes
/// some 100 bytes.
const MAX_SUBJECTS: usize = 1_000;

/// The one whose failures are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    /// A client, of which nothing else is known.
    Peer(Peer),
    /// A user whom the provider has authenticated, but who may not sign in here.
    User(Name),
}

/// Counts the failed sign-ins that are logged.
#[derive(Debug, Default)]
pub(super) struct FailureLog {
    since: Option<Instant>,
    counts: HashMap<Subject, u32>,
}

impl FailureLog {
    /// Whether another failure of `subject` is logged.
    pub(super) fn admit(&mut self, subject: Subject) -> bool {
        let now = Instant::now();
        let is_over = |since: Instant| now.duration_since(since) >= WINDOW;
        if self.since.is_none_or(is_over) {
            self.since = Some(now);
            self.counts.clear();
        }
        let most = match subject {
            Subject::Peer(_) => PER_PEER,
            Subject::User(_) => PER_USER,
        };
        if self.counts.len() >= MAX_SUBJECTS && !self.counts.contains_key(&subject) {
            return false;
        }
        let count = self.counts.entry(subject).or_default();
        *count = count.saturating_add(1);
        *count <= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn peer(n: u16) -> Subject {
        let [high, low] = n.to_be_bytes();
        Subject::Peer(IpAddr::from([10, 0, high, low]).into())
    }

    fn admitted(log: &mut FailureLog, subject: &Subject) -> u32 {
        let all = (0..1_000).filter(|_| log.admit(subject.clone()));
        u32::try_from(all.count()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_limited_per_minute_and_do_not_hide_those_of_others() {
        let mut log = FailureLog::default();
        let ana = Subject::User("ana".parse().unwrap());
        for _ in 0..2 {
            assert_eq!(admitted(&mut log, &peer(1)), PER_PEER);
            assert_eq!(admitted(&mut log, &peer(2)), PER_PEER);
            assert_eq!(admitted(&mut log, &ana), PER_USER);
            assert_eq!(admitted(&mut log, &peer(1)), 0);
            tokio::time::advance(WINDOW).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn failures_from_many_addresses_take_bounded_memory() {
        let mut log = FailureLog::default();
        for n in 0..10_000 {
            log.admit(peer(n));
        }
        assert_eq!(log.counts.len(), MAX_SUBJECTS);
        assert!(log.admit(peer(0)), "a known one is still counted");
    }
}
