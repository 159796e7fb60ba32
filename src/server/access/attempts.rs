//! Limits failed sign-ins, so that passwords cannot be guessed.
//!
//! Five failures of one account from one address within a quarter of an hour block that account for that
//! address, and twenty failures block the address for all accounts. Failures never block an account for
//! other addresses: an attacker could lock out the only administrator that way. They only delay its answers.
//!
//! Sign-ins at a provider, whose account is not known before they succeed, are limited by address alone.

use super::Name;
use crate::server::serve::Peer;
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};
use tokio::time::Instant;

/// The time for which a failure counts.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Failures of an account from one address before it is blocked there.
const PER_ACCOUNT: usize = 5;
/// Failures from one address before all its sign-ins are blocked. Many people can share one address.
const PER_PEER: usize = 20;
/// Failures of an account, from all addresses, that do not delay its answers.
const UNDELAYED: usize = 5;
/// The longest delay of an answer. It slows a guesser with few addresses; one with many is limited by the
/// number of passwords that are checked at once.
const MAX_DELAY: Duration = Duration::from_secs(8);
/// Number of keys above which old failures are removed. An entry takes less than 1 KiB.
const MANY: usize = 4_096;

/// The unit for which failures are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// An account from one address.
    Pair(Name, Peer),
    /// All accounts from one address.
    Peer(Peer),
    /// An account from all addresses.
    Account(Name),
}

/// The failed sign-ins of the last quarter of an hour.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failures: HashMap<Key, VecDeque<Instant>>,
}

impl Attempts {
    /// Whether `peer` may try to sign in as `account`, and how long its answer is delayed.
    ///
    /// # Errors
    /// When it is blocked: how long.
    pub(super) fn admit(&mut self, account: &Name, peer: Peer) -> Result<Duration, Duration> {
        self.check(Key::Pair(account.clone(), peer), PER_ACCOUNT)?;
        self.check(Key::Peer(peer), PER_PEER)?;
        let account = Key::Account(account.clone());
        let excess = self.failures(account, Instant::now()).len();
        let doublings = excess.saturating_sub(UNDELAYED).min(8) as u32;
        let delay = Duration::from_millis(250) * (2_u32.pow(doublings) - 1);
        Ok(delay.min(MAX_DELAY))
    }

    /// Whether `peer` may try to sign in as an account that is not known yet. If so, a failure is counted until
    /// [`Self::peer_succeeded`]; so the attempts that one address makes at once are limited, too.
    ///
    /// # Errors
    /// When it is blocked: how long.
    pub(super) fn begin_as_peer(&mut self, peer: Peer) -> Result<(), Duration> {
        self.check(Key::Peer(peer), PER_PEER)?;
        self.count([Key::Peer(peer)]);
        Ok(())
    }

    /// Removes the failure that was counted for an attempt of `peer`.
    pub(super) fn peer_succeeded(&mut self, peer: Peer) {
        self.uncount([Key::Peer(peer)]);
    }

    /// Counts a failure. It is counted before the password is checked, and removed again by
    /// [`Self::succeeded`], so that parallel attempts are counted, too.
    pub(super) fn failed(&mut self, account: &Name, peer: Peer) {
        self.count(Self::keys(account, peer));
    }

    fn count(&mut self, keys: impl IntoIterator<Item = Key>) {
        let now = Instant::now();
        if self.failures.len() > MANY {
            self.failures.retain(|_, failures| {
                let newest = failures.back();
                newest.is_some_and(|at| now.duration_since(*at) < WINDOW)
            });
        }
        for key in keys {
            let failures = self.failures.entry(key).or_default();
            failures.push_back(now);
            // More are never needed to decide.
            if failures.len() > PER_PEER {
                failures.pop_front();
            }
        }
    }

    /// Removes the failure that was counted for this attempt, and those of the account from this address.
    pub(super) fn succeeded(&mut self, account: &Name, peer: Peer) {
        let [pair, peer, account] = Self::keys(account, peer);
        self.failures.remove(&pair);
        self.uncount([peer, account]);
    }

    /// Removes the newest failure of each of `keys`.
    fn uncount(&mut self, keys: impl IntoIterator<Item = Key>) {
        for key in keys {
            if let Some(failures) = self.failures.get_mut(&key) {
                failures.pop_back();
                if failures.is_empty() {
                    self.failures.remove(&key);
                }
            }
        }
    }

    fn keys(account: &Name, peer: Peer) -> [Key; 3] {
        [
            Key::Pair(account.clone(), peer),
            Key::Peer(peer),
            Key::Account(account.clone()),
        ]
    }

    fn check(&mut self, key: Key, most: usize) -> Result<(), Duration> {
        let now = Instant::now();
        let failures = self.failures(key, now);
        match failures.front() {
            Some(first) if failures.len() >= most => Err((*first + WINDOW).duration_since(now)),
            _ => Ok(()),
        }
    }

    /// The failures of `key` that still count.
    fn failures(&mut self, key: Key, now: Instant) -> VecDeque<Instant> {
        let Some(failures) = self.failures.get_mut(&key) else {
            return VecDeque::new();
        };
        failures.retain(|at| now.duration_since(*at) < WINDOW);
        failures.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn peer(n: u32) -> Peer {
        IpAddr::from(n.to_be_bytes()).into()
    }

    fn ana() -> Name {
        "ana".parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn five_failures_block_an_account_for_one_address_for_a_quarter_of_an_hour() {
        let mut attempts = Attempts::default();
        for _ in 0..5 {
            attempts.admit(&ana(), peer(1)).unwrap();
            attempts.failed(&ana(), peer(1));
        }
        assert_eq!(attempts.admit(&ana(), peer(1)), Err(WINDOW));
        assert!(attempts.admit(&ana(), peer(2)).is_ok(), "not elsewhere");
        assert!(attempts.admit(&"ben".parse().unwrap(), peer(1)).is_ok());
        tokio::time::advance(WINDOW).await;
        assert!(attempts.admit(&ana(), peer(1)).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_tries_many_accounts_is_blocked() {
        let mut attempts = Attempts::default();
        for n in 0..20 {
            let name: Name = format!("user{n}").parse().unwrap();
            attempts.admit(&name, peer(1)).unwrap();
            attempts.failed(&name, peer(1));
        }
        assert!(attempts.admit(&ana(), peer(1)).is_err());
        assert!(attempts.admit(&ana(), peer(2)).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn guesses_from_many_addresses_delay_an_account_and_never_block_it() {
        let mut attempts = Attempts::default();
        for n in 0..1_000 {
            assert!(attempts.admit(&ana(), peer(n)).is_ok());
            attempts.failed(&ana(), peer(n));
        }
        assert_eq!(attempts.admit(&ana(), peer(2_000)), Ok(MAX_DELAY));
        let ben = "ben".parse().unwrap();
        assert_eq!(attempts.admit(&ben, peer(2_000)), Ok(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_removes_the_failures_of_the_address() {
        let mut attempts = Attempts::default();
        for _ in 0..4 {
            attempts.failed(&ana(), peer(1));
        }
        attempts.failed(&ana(), peer(1));
        attempts.succeeded(&ana(), peer(1));
        assert_eq!(attempts.admit(&ana(), peer(1)), Ok(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_is_limited_in_attempts_at_once_and_in_failures_of_unknown_accounts() {
        let mut attempts = Attempts::default();
        let begun = |attempts: &mut Attempts, n| {
            let all = (0..100).filter(|_| attempts.begin_as_peer(peer(n)).is_ok());
            all.count()
        };
        assert_eq!(begun(&mut attempts, 1), PER_PEER);
        assert_eq!(begun(&mut attempts, 2), PER_PEER, "not elsewhere");
        for _ in 0..3 {
            attempts.peer_succeeded(peer(1));
        }
        assert_eq!(begun(&mut attempts, 1), 3, "those that ended well");
        tokio::time::advance(WINDOW).await;
        assert_eq!(begun(&mut attempts, 1), PER_PEER);
    }

    #[tokio::test(start_paused = true)]
    async fn old_failures_take_no_memory() {
        let mut attempts = Attempts::default();
        for n in 0..20_000 {
            attempts.failed(&ana(), peer(n));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(attempts.failures.len() <= MANY + 3);
    }
}
