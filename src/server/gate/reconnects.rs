//! Notices clients that reconnect again and again. A page whose connection breaks all the time shows old data
//! for most of it, and each new connection costs a snapshot of everything.

use crate::server::{recent::Recent, serve::Peer};
use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

/// Longest pause between the end of a connection and the next one for which the next one is a reconnect: twice
/// the longest pause between two attempts of a page.
const PAUSE: Duration = Duration::from_secs(60);
/// Reconnects within [`WINDOW`](crate::server::recent::WINDOW) above which a client reconnects again and
/// again, for each connection that it has open: one in half a minute. Behind one address there may be many
/// people, and each of them may lose a connection now and then.
const PER_CONNECTION: u64 = 10;
/// Most clients that are remembered. Each takes some 150 bytes; further ones are not watched until others are
/// forgotten.
const MOST: usize = 4_096;

/// The unit in which reconnects are counted: a user on a server with sign-in, otherwise an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Client {
    /// A user or a token, by its label.
    User(Arc<str>),
    /// An address.
    Peer(Peer),
}

/// A client that reconnects again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconnecting {
    /// The user or the address.
    pub client: String,
    /// Its reconnects within the last minutes.
    pub times: u64,
    /// Number of other clients that do the same.
    pub others: usize,
}

/// The reconnects of all clients. Times are durations since any fixed moment.
#[derive(Debug, Default)]
pub(super) struct Reconnects {
    clients: HashMap<Client, Known>,
    total: u64,
    recent: Recent,
}

/// What is known of a client that has lost a connection.
#[derive(Debug, Default)]
struct Known {
    /// Ended connections that no new one has followed yet.
    ended: u32,
    /// When the last of them ended.
    ended_at: Duration,
    reconnects: Recent,
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => f.write_str(name),
            Self::Peer(peer) => peer.fmt(f),
        }
    }
}

impl Known {
    fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.ended_at) > PAUSE && self.reconnects.total(now) == 0
    }
}

impl Reconnects {
    /// Records that a connection of `client` has ended, but not by leaving the page.
    pub(super) fn ended(&mut self, client: &Client, now: Duration) {
        if !self.clients.contains_key(client) && !self.has_room(now) {
            return;
        }
        let known = self.clients.entry(client.clone()).or_default();
        known.ended = known.ended.saturating_add(1);
        known.ended_at = now;
    }

    /// Records that `client` has opened a connection: a reconnect, if one of its connections ended shortly
    /// before.
    pub(super) fn opened(&mut self, client: &Client, now: Duration) {
        let Some(known) = self.clients.get_mut(client) else {
            return;
        };
        if now.saturating_sub(known.ended_at) > PAUSE {
            known.ended = 0;
        }
        if known.ended > 0 {
            known.ended -= 1;
            known.reconnects.add(1, now);
            self.recent.add(1, now);
            self.total += 1;
        }
    }

    /// Reconnects since the start.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// Reconnects within the last minutes.
    pub(super) fn recent(&self, now: Duration) -> u64 {
        self.recent.total(now)
    }

    /// The client that reconnects most often, if that is too often for the number of connections that `open`
    /// states for it.
    pub(super) fn worst(
        &self,
        open: impl Fn(&Client) -> u32,
        now: Duration,
    ) -> Option<Reconnecting> {
        let clients = self.clients.iter();
        let mut restless: Vec<_> = clients
            .map(|(client, known)| (known.reconnects.total(now), client))
            .filter(|(times, client)| *times > PER_CONNECTION * u64::from(open(client).max(1)))
            .collect();
        restless.sort_by_cached_key(|(times, client)| (*times, client.to_string()));
        let (times, client) = restless.pop()?;
        Some(Reconnecting {
            client: client.to_string(),
            times,
            others: restless.len(),
        })
    }

    /// Whether one more client can be remembered, after forgetting those that no longer matter.
    fn has_room(&mut self, now: Duration) -> bool {
        if self.clients.len() >= MOST {
            self.clients.retain(|_, known| !known.is_over(now));
        }
        self.clients.len() < MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::recent::WINDOW;
    use std::net::IpAddr;

    fn peer(n: u32) -> Client {
        Client::Peer(IpAddr::from(n.to_be_bytes()).into())
    }

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// `client` reconnects `n` times, at `now`.
    fn reconnect(reconnects: &mut Reconnects, client: &Client, n: u64, now: Duration) {
        for _ in 0..n {
            reconnects.ended(client, now);
            reconnects.opened(client, now);
        }
    }

    #[test]
    fn a_client_that_reconnects_more_than_ten_times_in_five_minutes_is_named() {
        let mut reconnects = Reconnects::default();
        let ana = Client::User("ana".into());
        reconnect(&mut reconnects, &ana, 10, at(0));
        assert_eq!(reconnects.worst(|_| 1, at(0)), None);
        reconnect(&mut reconnects, &ana, 1, at(100));
        let expected = Reconnecting {
            client: "ana".into(),
            times: 11,
            others: 0,
        };
        assert_eq!(reconnects.worst(|_| 1, at(200)), Some(expected));
        assert_eq!(reconnects.worst(|_| 1, WINDOW), None, "it has stopped");
        assert_eq!((reconnects.total(), reconnects.recent(WINDOW)), (11, 1));
    }

    #[test]
    fn the_worst_of_several_clients_is_named_and_the_others_are_counted() {
        let mut reconnects = Reconnects::default();
        for n in 1..=5 {
            reconnect(&mut reconnects, &peer(n), 10 * u64::from(n), at(0));
        }
        let worst = reconnects.worst(|_| 1, at(0)).unwrap();
        assert_eq!(
            (&*worst.client, worst.times, worst.others),
            ("0.0.0.5", 50, 3)
        );
    }

    #[test]
    fn an_address_with_many_open_connections_may_reconnect_more_often() {
        let mut reconnects = Reconnects::default();
        reconnect(&mut reconnects, &peer(1), 40, at(0));
        assert_eq!(reconnects.worst(|_| 4, at(0)), None);
        assert!(reconnects.worst(|_| 3, at(0)).is_some());
    }

    #[test]
    fn new_connections_and_those_after_a_long_pause_are_no_reconnects() {
        let mut reconnects = Reconnects::default();
        for _ in 0..100 {
            reconnects.opened(&peer(1), at(0));
        }
        for _ in 0..100 {
            reconnects.ended(&peer(1), at(10));
        }
        for _ in 0..100 {
            reconnects.opened(&peer(1), at(11) + PAUSE);
        }
        assert_eq!(reconnects.total(), 0);
        reconnects.ended(&peer(1), at(100));
        for _ in 0..100 {
            reconnects.opened(&peer(1), at(110));
        }
        assert_eq!(reconnects.total(), 1, "one connection was replaced");
    }

    #[test]
    fn a_flood_of_addresses_takes_a_bounded_amount_of_memory() {
        let mut reconnects = Reconnects::default();
        for n in 0..6_000 {
            reconnect(&mut reconnects, &peer(n), 1, at(0));
        }
        assert_eq!(reconnects.clients.len(), MOST);
        let later = at(1) + WINDOW;
        reconnect(&mut reconnects, &peer(6_000), 11, later);
        assert_eq!(reconnects.clients.len(), 1, "old ones are forgotten");
        assert_eq!(reconnects.worst(|_| 1, later).unwrap().times, 11);
    }
}
