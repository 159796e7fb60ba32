//! One timer for all connections: one timer per connection, reset at every message, would cost more than
//! the messages themselves.

use crate::server::shutdown::Shutdown;
use std::{
    array,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, MissedTickBehavior, interval},
};

/// Groups that are woken in turn, so that heartbeats are spread over time.
const GROUPS: usize = 16;
/// How often a connection checks the clock between two heartbeats. It bounds how late a silent client is
/// noticed.
const LOOKS: u32 = 3;

/// One timer for all connections. A handle: clones are the same timer.
#[derive(Clone, Debug)]
pub struct HeartbeatTimer {
    heartbeat: Duration,
    groups: Arc<[Notify; GROUPS]>,
    joined: Arc<AtomicUsize>,
}

/// The heartbeats of one connection.
#[derive(Debug)]
pub(super) struct HeartbeatSchedule {
    heartbeats: HeartbeatTimer,
    group: usize,
    sent: Instant,
}

impl HeartbeatTimer {
    /// Starts a timer that gives each connection one heartbeat per `heartbeat`, until shutdown.
    pub fn start(heartbeat: Duration, shutdown: &Shutdown) -> Self {
        let groups: Arc<[Notify; GROUPS]> = Arc::new(array::from_fn(|_| Notify::new()));
        let heartbeats = Self {
            heartbeat,
            groups: Arc::clone(&groups),
            joined: Arc::default(),
        };
        let token = shutdown.token();
        shutdown.spawn_core("heartbeats", async move {
            let mut ticks = interval(heartbeat / LOOKS / GROUPS as u32);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            for group in groups.iter().cycle() {
                tokio::select! {
                    () = token.cancelled() => return,
                    _ = ticks.tick() => group.notify_waiters(),
                }
            }
        });
        heartbeats
    }

    pub(super) fn join(&self) -> HeartbeatSchedule {
        HeartbeatSchedule {
            group: self.joined.fetch_add(1, Ordering::Relaxed) % GROUPS,
            heartbeats: self.clone(),
            sent: Instant::now(),
        }
    }
}

impl HeartbeatSchedule {
    /// Waits until it is time to check the clock.
    pub(super) async fn next(&self) {
        match self.heartbeats.groups.get(self.group) {
            Some(group) => group.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Whether a heartbeat is due; if so, it counts as sent.
    pub(super) fn is_due(&mut self) -> bool {
        let now = Instant::now();
        // Ticks are not exact, so the tick nearest to the right time counts.
        let early = self.heartbeats.heartbeat / LOOKS / 2;
        let is_due = now.duration_since(self.sent) + early >= self.heartbeats.heartbeat;
        if is_due {
            self.sent = now;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_connection_has_its_heartbeats_and_not_all_at_the_same_time() {
        let shutdown = Shutdown::default();
        let heartbeat = Duration::from_secs(15);
        let heartbeats = HeartbeatTimer::start(heartbeat, &shutdown);
        let began = Instant::now();
        let beats = (0..GROUPS).map(|_| {
            let mut beat = heartbeats.join();
            async move {
                let mut times = Vec::new();
                while times.len() < 4 {
                    beat.next().await;
                    if beat.is_due() {
                        times.push(began.elapsed());
                    }
                }
                times
            }
        });
        let all = futures::future::join_all(beats).await;
        for times in &all {
            for pair in times.windows(2) {
                let between = pair[1] - pair[0];
                assert!(
                    between.abs_diff(heartbeat) < Duration::from_secs(1),
                    "{times:?}"
                );
            }
        }
        let mut firsts: Vec<_> = all.iter().map(|times| times[0]).collect();
        firsts.sort();
        firsts.dedup();
        assert_eq!(firsts.len(), GROUPS);
        assert!(shutdown.finish().await);
    }
}
