//! Which channels have subscribers, and therefore which hosts are watched. Container stats of a host that
//! no client watches are read less often.

use super::views::ViewId;
use crate::{
    model::{Dashboard, HostId},
    protocol::Channel,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// How long a poll counts as watching. Clients poll every few seconds.
pub const POLLER: Duration = Duration::from_secs(15);

/// Counts the subscriptions to each channel. A handle: clones share the counts.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    counts: Mutex<Counts>,
    polled: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    subscriptions: BTreeMap<(Channel, ViewId), u32>,
    /// The time until which a client that polled the stats counts as a subscriber.
    polled_until: BTreeMap<ViewId, Instant>,
    /// The hosts in each restricted view. A subscription makes the sources of these sample more often.
    shown: BTreeMap<ViewId, BTreeSet<HostId>>,
    hosts: BTreeMap<HostId, Watched>,
}

/// Whether the container stats of one host are watched.
#[derive(Debug)]
struct Watched {
    sender: watch::Sender<bool>,
    /// How many times the stats went from watched to unwatched.
    lapses: u32,
}

/// Counts as a subscription to a channel until dropped.
#[derive(Debug)]
pub struct Interest {
    demand: Demand,
    channel: Channel,
    view: ViewId,
}

impl Demand {
    /// Whether the container stats of `host` are watched.
    pub fn stats(&self, host: HostId) -> watch::Receiver<bool> {
        let mut counts = self.counts();
        let is_watched = counts.is_watched(host);
        counts.host(host, is_watched).sender.subscribe()
    }

    /// Whether the container stats of `host` are watched, and how many times they went from watched to
    /// unwatched. If this number differs between two calls, samples may have been less frequent in
    /// between, even if the stats are watched at both calls.
    pub(super) fn of(&self, host: HostId) -> (bool, u32) {
        let mut counts = self.counts();
        let is_watched = counts.is_watched(host);
        (is_watched, counts.host(host, is_watched).lapses)
    }

    /// The number of subscriptions to `channel`.
    pub fn viewers(&self, channel: Channel) -> u32 {
        let counts = self.counts();
        let of_channel = counts.subscriptions.iter();
        let of_channel = of_channel.filter(|((known, _), _)| *known == channel);
        of_channel.map(|(_, count)| count).sum()
    }

    /// Records that a client of `view` polled the container stats and will probably do so again.
    pub(super) fn polled_stats(&self, view: ViewId) {
        let mut counts = self.counts();
        let until = Instant::now() + POLLER;
        counts.polled_until.insert(view, until);
        counts.judge();
        self.inner.polled.notify_one();
    }

    /// Removes clients that stopped polling. Returns when `shutdown` is cancelled.
    pub async fn forget_pollers(self, shutdown: CancellationToken) {
        loop {
            let until = self.counts().polled_until.values().min().copied();
            let expired = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.inner.polled.notified() => {}
                () = expired => self.counts().judge(),
            }
        }
    }

    /// Sets the hosts that a restricted view shows to those of `seen`.
    pub(super) fn shows(&self, view: ViewId, seen: &Dashboard) {
        let mut counts = self.counts();
        let hosts = seen.hosts.keys().copied().collect();
        counts.shown.insert(view, hosts);
        counts.judge();
    }

    /// Removes a restricted view that was dropped.
    pub(super) fn hides(&self, view: ViewId) {
        let mut counts = self.counts();
        counts.shown.remove(&view);
        counts.judge();
    }

    pub(super) fn watch(&self, channel: Channel, view: ViewId) -> Interest {
        let mut counts = self.counts();
        let key = (channel, view);
        *counts.subscriptions.entry(key).or_default() += 1;
        if channel.policy().has_demand {
            counts.judge();
        }
        Interest {
            demand: self.clone(),
            channel,
            view,
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        let counts = self.inner.counts.lock();
        counts.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn host(&mut self, host: HostId, is_watched: bool) -> &mut Watched {
        self.hosts.entry(host).or_insert_with(|| Watched {
            sender: watch::Sender::new(is_watched),
            lapses: 0,
        })
    }

    /// Whether a subscription or a poll makes the sources of `host` sample more often.
    fn is_watched(&self, host: HostId) -> bool {
        let mut subscribed = self.subscriptions.keys();
        let mut polled = self.polled_until.keys();
        subscribed.any(|(channel, view)| channel.policy().has_demand && self.sees(*view, host))
            || polled.any(|view| self.sees(*view, host))
    }

    fn sees(&self, view: ViewId, host: HostId) -> bool {
        let mut shown = self.shown.get(&view).into_iter();
        view == ViewId::EVERYTHING || shown.any(|hosts| hosts.contains(&host))
    }

    /// Publishes the hosts whose watched state has changed.
    fn judge(&mut self) {
        let now = Instant::now();
        self.polled_until.retain(|_, until| *until > now);
        let watched = self.hosts.keys().map(|host| self.is_watched(*host));
        let watched: Vec<_> = watched.collect();
        for (host, is_watched) in self.hosts.values_mut().zip(watched) {
            let is_change = |known: &mut bool| std::mem::replace(known, is_watched) != is_watched;
            if host.sender.send_if_modified(is_change) && !is_watched {
                host.lapses += 1;
            }
        }
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        let mut counts = self.demand.counts();
        let key = (self.channel, self.view);
        if let Some(count) = counts.subscriptions.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                counts.subscriptions.remove(&key);
            }
        }
        if self.channel.policy().has_demand {
            counts.judge();
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test has no shutdown")]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn stats_are_watched_while_a_client_subscribes_or_polls() {
        let (demand, everything) = (Demand::default(), ViewId::EVERYTHING);
        let host = HostId::local();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(demand.clone().forget_pollers(shutdown.clone()));
        let mut stats = demand.stats(host);
        assert!(!*stats.borrow_and_update());

        let interest = demand.watch(Channel::STATS, everything);
        assert!(*stats.borrow_and_update());
        assert_eq!(demand.viewers(Channel::STATS), 1);
        assert_eq!(demand.of(host), (true, 0));
        drop(interest);
        assert!(!*stats.borrow_and_update());
        assert_eq!(demand.of(host), (false, 1));

        demand.polled_stats(everything);
        assert!(*stats.borrow_and_update());
        tokio::time::sleep(POLLER / 2).await;
        demand.polled_stats(everything);
        tokio::time::sleep(POLLER / 2 + Duration::from_secs(1)).await;
        assert!(*stats.borrow_and_update(), "the second poll counts anew");
        stats.changed().await.unwrap();
        assert!(!*stats.borrow_and_update());

        let _other = demand.watch(Channel::METRICS, everything);
        assert!(!*stats.borrow(), "other channels cost nothing extra");
        shutdown.cancel();
        task.await.unwrap();
    }

    #[test]
    fn a_host_that_no_subscriber_sees_is_not_watched() {
        let demand = Demand::default();
        let (seen, unseen) = (HostId::local(), HostId::demo());
        let (mut of_seen, of_unseen) = (demand.stats(seen), demand.stats(unseen));
        let view = ViewId::for_test(1);
        let interest = demand.watch(Channel::STATS, view);
        assert!(!*of_seen.borrow(), "the view is still empty");
        let mut dashboard = Dashboard::default();
        dashboard.hosts.entry(seen).or_default();
        demand.shows(view, &dashboard);
        assert!(*of_seen.borrow_and_update());
        assert!(!*of_unseen.borrow());
        let _all = demand.watch(Channel::STATS, ViewId::EVERYTHING);
        assert!(*of_unseen.borrow());
        drop(interest);
        assert!(!of_seen.has_changed().unwrap(), "it still has a subscriber");
        assert_eq!(demand.of(seen), (true, 0));
    }
}
