//! Who is watching what: figures that nobody looks at are collected less often.

use crate::protocol::Channel;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// How long a poll counts as watching. Clients poll every few seconds.
pub const POLLER: Duration = Duration::from_secs(15);

/// Counts who is watching what. A handle: copies count together.
#[derive(Clone, Debug)]
pub struct Demand {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    viewers: [AtomicU32; Channel::ALL.len()],
    /// Until when somebody who polled the stats counts as watching.
    polled_until: Mutex<Option<Instant>>,
    polled: Notify,
    stats: watch::Sender<bool>,
    /// How often everybody has stopped to watch the stats.
    lapses: AtomicU32,
}

/// Somebody who watches a channel, until dropped.
#[derive(Debug)]
pub struct Viewer {
    demand: Demand,
    channel: Channel,
}

impl Demand {
    pub(super) fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                viewers: Default::default(),
                polled_until: Mutex::default(),
                polled: Notify::new(),
                stats: watch::Sender::new(false),
                lapses: AtomicU32::new(0),
            }),
        }
    }

    /// Whether anybody watches the figures of containers.
    pub fn stats(&self) -> watch::Receiver<bool> {
        self.inner.stats.subscribe()
    }

    /// How often everybody has stopped to watch the figures of containers: between two looks at this
    /// they may have come less often, though somebody watches at both.
    pub fn lapses(&self) -> u32 {
        self.inner.lapses.load(Ordering::Relaxed)
    }

    /// How many subscriptions `channel` has.
    pub fn viewers(&self, channel: Channel) -> u32 {
        self.count(channel)
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Somebody polled the figures of containers and will probably do so again.
    pub fn polled_stats(&self) {
        *self.polled_until() = Some(Instant::now() + POLLER);
        self.judge();
        self.inner.polled.notify_one();
    }

    /// Forgets pollers who stopped polling. Ends when `shutdown` is cancelled.
    pub async fn forget_pollers(self, shutdown: CancellationToken) {
        loop {
            let until = *self.polled_until();
            let expired = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.inner.polled.notified() => {}
                () = expired => self.judge(),
            }
        }
    }

    pub(super) fn watch(&self, channel: Channel) -> Viewer {
        if let Some(count) = self.count(channel) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.judge();
        Viewer {
            demand: self.clone(),
            channel,
        }
    }

    fn count(&self, channel: Channel) -> Option<&AtomicU32> {
        let at = Channel::ALL.iter().position(|known| *known == channel)?;
        self.inner.viewers.get(at)
    }

    fn polled_until(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.inner
            .polled_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether the stats are watched, when that has changed.
    fn judge(&self) {
        // Under this lock, so that of two concurrent judgements the later one is told.
        let mut polled_until = self.polled_until();
        if polled_until.is_some_and(|until| until <= Instant::now()) {
            *polled_until = None;
        }
        let watched = polled_until.is_some() || self.viewers(Channel::Stats) > 0;
        let is_news = |told: &mut bool| std::mem::replace(told, watched) != watched;
        if self.inner.stats.send_if_modified(is_news) && !watched {
            self.inner.lapses.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        if let Some(count) = self.demand.count(self.channel) {
            count.fetch_sub(1, Ordering::Relaxed);
        }
        self.demand.judge();
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test has no shutdown")]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn stats_are_wanted_while_somebody_subscribes_or_polls() {
        let demand = Demand::new();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(demand.clone().forget_pollers(shutdown.clone()));
        let mut stats = demand.stats();
        assert!(!*stats.borrow_and_update());

        let viewer = demand.watch(Channel::Stats);
        assert!(*stats.borrow_and_update());
        assert_eq!(demand.viewers(Channel::Stats), 1);
        assert_eq!(demand.lapses(), 0);
        drop(viewer);
        assert!(!*stats.borrow_and_update());
        assert_eq!(demand.lapses(), 1);

        demand.polled_stats();
        assert!(*stats.borrow_and_update());
        tokio::time::sleep(POLLER / 2).await;
        demand.polled_stats();
        tokio::time::sleep(POLLER / 2 + Duration::from_secs(1)).await;
        assert!(*stats.borrow_and_update(), "the second poll counts anew");
        stats.changed().await.unwrap();
        assert!(!*stats.borrow_and_update());

        let _other = demand.watch(Channel::Metrics);
        assert!(!*stats.borrow(), "other channels cost nothing extra");
        shutdown.cancel();
        task.await.unwrap();
    }
}
