//! The clients that request actions, and their rate limits.

use crate::server::{rate::Bucket, serve::Peer};
use std::{collections::HashMap, time::Duration};

/// The unit in which requests are limited and their ids are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Client {
    /// One connection, whose messages have their own rate limit.
    Socket(u64),
    /// All HTTP requests of one peer.
    Http(Peer),
}

/// Number of peers above which those with a full bucket are removed.
const MANY_PEERS: usize = 1_024;

/// The rate limits of peers that lately requested actions over HTTP.
#[derive(Debug)]
pub(super) struct Rates {
    by_peer: HashMap<Peer, Bucket>,
    /// Number of peers at which full buckets are removed before another peer is added.
    tidy_at: usize,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            by_peer: HashMap::new(),
            tidy_at: MANY_PEERS,
        }
    }
}

impl Rates {
    /// Counts one more request of `client`.
    ///
    /// # Errors
    /// Returns how long to wait if there were too many.
    pub(super) fn count(&mut self, client: Client) -> Result<(), Duration> {
        let Client::Http(peer) = client else {
            return Ok(());
        };
        if self.by_peer.len() >= self.tidy_at {
            self.by_peer.retain(|_, bucket| !bucket.is_full());
            self.tidy_at = MANY_PEERS.max(2 * self.by_peer.len());
        }
        self.by_peer.entry(peer).or_default().take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn http(n: u32) -> Client {
        Client::Http(IpAddr::from(n.to_be_bytes()).into())
    }

    #[tokio::test(start_paused = true)]
    async fn each_peer_has_its_own_rate() {
        let mut rates = Rates::default();
        for _ in 0..40 {
            rates.count(http(1)).unwrap();
        }
        assert!(rates.count(http(1)).is_err());
        assert!(rates.count(http(2)).is_ok());
        assert!(rates.count(Client::Socket(1)).is_ok());
        tokio::time::advance(Duration::from_millis(50)).await;
        assert!(rates.count(http(1)).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn quiet_peers_are_forgotten() {
        let mut rates = Rates::default();
        for n in 0..3_000 {
            rates.count(http(n)).unwrap();
            tokio::time::advance(Duration::from_millis(50)).await;
        }
        assert!(rates.by_peer.len() <= MANY_PEERS);
    }
}
