//! Sign-ins that have begun: their browsers are at the provider.

use crate::server::{
    access::{Digest, Secret, secret::NoRandomness},
    serve::Peer,
};
use openidconnect::{Nonce, PkceCodeVerifier};
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// Time for signing in at the provider, a second factor included.
pub const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// Most sign-ins at once. Each takes some 3 KiB, mostly for the path to return to.
const MAX: usize = 1_000;

/// A sign-in that has begun.
#[derive(Debug)]
pub(super) struct Pending {
    /// The secret that proves to the provider that the code was requested here.
    pub(super) verifier: PkceCodeVerifier,
    /// The value that the ID token must repeat.
    pub(super) nonce: Nonce,
    /// The path to return to.
    pub(super) next: String,
    /// The digest of the cookie of the browser.
    pub(super) browser: Digest,
    /// The client that began it.
    pub(super) peer: Peer,
}

/// The sign-ins that have begun, each under the digest of its state. They are lost with the process: their
/// users begin again.
#[derive(Debug, Default)]
pub(super) struct PendingSignIns {
    by_state: HashMap<Digest, (Instant, Pending)>,
}

impl PendingSignIns {
    /// Adds a sign-in. If there are too many, the oldest one of the client with the most is dropped, so that
    /// one client cannot keep out others.
    pub(super) fn add(&mut self, state: &str, pending: Pending) {
        let now = Instant::now();
        if self.by_state.len() >= MAX {
            self.by_state
                .retain(|_, (begun, _)| now.duration_since(*begun) < LIFETIME);
        }
        if self.by_state.len() >= MAX {
            self.drop_one();
        }
        self.by_state.insert(Digest::of(state), (now, pending));
    }

    /// Removes the sign-in with this state: each can be completed once.
    pub(super) fn take(&mut self, state: &str) -> Option<Pending> {
        let (begun, pending) = self.by_state.remove(&Digest::of(state))?;
        (begun.elapsed() < LIFETIME).then_some(pending)
    }

    fn drop_one(&mut self) {
        let mut counts: HashMap<Peer, usize> = HashMap::new();
        for (_, pending) in self.by_state.values() {
            *counts.entry(pending.peer).or_default() += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        let of_most = self
            .by_state
            .iter()
            .filter(|(_, (_, pending))| most.is_some_and(|(peer, _)| peer == pending.peer));
        let oldest = of_most.min_by_key(|(_, (begun, _))| *begun);
        if let Some(state) = oldest.map(|(state, _)| *state) {
            self.by_state.remove(&state);
        }
    }
}

/// The content of the cookie that binds sign-ins to a browser: the one that it has already, so that several
/// tabs can sign in at once, or a new one.
pub(super) fn browser(present: Option<&str>) -> Result<String, NoRandomness> {
    let new = Secret::random("")?;
    let is_like = |present: &&str| {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        present.len() == new.reveal().len() && present.bytes().all(is_allowed)
    };
    Ok(present.filter(is_like).unwrap_or(new.reveal()).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn peer(n: u8) -> Peer {
        IpAddr::from([10, 0, 0, n]).into()
    }

    fn pending(peer: Peer) -> Pending {
        Pending {
            verifier: PkceCodeVerifier::new("x".repeat(43)),
            nonce: Nonce::new("n".into()),
            next: "/".into(),
            browser: Digest::of("b"),
            peer,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sign_in_can_be_completed_once_within_ten_minutes() {
        let mut all = PendingSignIns::default();
        all.add("a", pending(peer(1)));
        all.add("b", pending(peer(1)));
        assert!(all.take("c").is_none());
        assert!(all.take("a").is_some());
        assert!(all.take("a").is_none(), "once");
        tokio::time::advance(LIFETIME).await;
        assert!(all.take("b").is_none(), "too late");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_begins_many_keeps_out_only_itself() {
        let mut all = PendingSignIns::default();
        all.add("of somebody else", pending(peer(2)));
        for n in 0..3 * MAX {
            all.add(&n.to_string(), pending(peer(1)));
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert_eq!(all.by_state.len(), MAX);
        assert!(all.take("of somebody else").is_some());
        assert!(all.take("0").is_none(), "the oldest one");
        assert!(all.take(&(3 * MAX - 1).to_string()).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn abandoned_sign_ins_make_room() {
        let mut all = PendingSignIns::default();
        for n in 0..MAX {
            all.add(&n.to_string(), pending(peer(1)));
        }
        tokio::time::advance(LIFETIME).await;
        all.add("new", pending(peer(1)));
        assert_eq!(all.by_state.len(), 1);
    }

    #[test]
    fn a_browser_keeps_its_cookie_if_it_looks_like_one_of_ours() {
        let first = browser(None).unwrap();
        assert_eq!(browser(Some(&first)).unwrap(), first);
        let injected = format!("{}; Path=/", &first[..first.len() - 8]);
        for foreign in ["", "x", &injected, &"é".repeat(first.len() / 2)] {
            assert_ne!(browser(Some(foreign)).unwrap(), foreign);
        }
    }
}
