//! A synthetic engine with simulated containers, for demonstration and for benchmarks.
//!
//! It is a separate host, marked as such on every page, and never mixed with a real one.

mod container;
mod engine;
mod log;
mod world;

use super::{Engine, Observer, Status};
use crate::{
    model::{SourceKind, SourceState, Update},
    server::{clock, health::Heartbeat, hub::Paces},
};
use engine::DemoEngine;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use world::World;

/// Notifications of actions that may wait; if there are more, the next tick shows the changes.
const BACKLOG: usize = 64;

/// A synthetic engine as a source.
#[derive(Debug)]
pub struct DemoSource {
    observer: Observer,
    /// Whether any client watches container stats.
    demand: watch::Receiver<bool>,
    paces: Paces,
    /// When container stats were last sent.
    stats_sent_at: Option<Instant>,
    world: Arc<Mutex<World>>,
    engine: Arc<DemoEngine>,
    acted: mpsc::Receiver<()>,
}

impl DemoSource {
    /// A source with `count` containers, simulated at the interval of watched stats; the same `seed` gives
    /// the same simulation. Stats are sent at the interval that `demand` asks for.
    pub fn new(
        observer: Observer,
        count: usize,
        seed: u64,
        demand: watch::Receiver<bool>,
        paces: Paces,
    ) -> Self {
        let world = World::new(observer.host(), count, seed, clock::now());
        let world = Arc::new(Mutex::new(world));
        let (sender, acted) = mpsc::channel(BACKLOG);
        let engine = DemoEngine::new(Arc::clone(&world), sender, observer.redactor().clone());
        let engine = Arc::new(engine);
        Self {
            observer,
            demand,
            paces,
            stats_sent_at: None,
            world,
            engine,
            acted,
        }
    }

    /// The engine, for requests about single containers.
    pub fn engine(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.engine) as Arc<dyn Engine>
    }

    /// Runs the simulation until `shutdown`.
    pub async fn run(mut self, mut heartbeat: Heartbeat, shutdown: CancellationToken) {
        let status = Status {
            source: SourceKind::Demo,
            state: SourceState::Live,
            message: None,
            endpoint: None,
            version: Some("Synthetic".to_owned()),
            machine: None,
        };
        self.observer.observe(self.observer.status(status)).await;
        let mut ticks = interval(self.paces.watched);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_tick = tokio::select! {
                () = shutdown.cancelled() => return,
                () = heartbeat.due() => continue,
                _ = ticks.tick() => true,
                Some(()) = self.acted.recv() => false,
            };
            for update in self.observe(is_tick) {
                self.observer.observe(update).await;
            }
        }
    }

    fn observe(&mut self, is_tick: bool) -> Vec<Update> {
        let now = clock::now();
        let sends_stats = is_tick && self.take_stats_due();
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        if is_tick {
            world.tick(now);
        }
        let mut updates = vec![self.observer.containers(world.containers())];
        let events = world.take_events().into_iter();
        updates.extend(events.map(|event| Update::Event(Arc::new(event))));
        if sends_stats {
            updates.push(self.observer.stats(now, world.stats(now)));
        }
        if is_tick {
            updates.push(self.observer.metrics(world.metrics(now)));
        }
        updates
    }

    /// Whether container stats are due; if so, records that they are sent.
    fn take_stats_due(&mut self) -> bool {
        // A tick that is up to half an interval early counts as due; otherwise it would be half an interval
        // late.
        let idle = self.paces.idle.saturating_sub(self.paces.watched / 2);
        let is_due = self
            .stats_sent_at
            .is_none_or(|stats_sent_at| stats_sent_at.elapsed() >= idle);
        let is_sent = is_due || *self.demand.borrow();
        if is_sent {
            self.stats_sent_at = Some(Instant::now());
        }
        is_sent
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test has no shutdown")]
mod tests {
    use super::*;
    use crate::{model::HostId, server::health::Health};

    #[tokio::test(start_paused = true)]
    async fn container_stats_are_sent_at_the_interval_of_demand() {
        let (sender, mut updates) = mpsc::channel(64);
        let (demand, wanted) = watch::channel(false);
        let observer = Observer::new(HostId::demo(), sender);
        let source = DemoSource::new(observer, 3, 7, wanted, Paces::default());
        let shutdown = CancellationToken::new();
        let heartbeat = Health::default().watch("demo");
        let task = tokio::spawn(source.run(heartbeat, shutdown.clone()));
        // The number of host metrics, which are sent every two seconds, before the next container stats.
        let mut before_stats = async || {
            let mut metrics = 0;
            loop {
                match updates.recv().await {
                    Some(Update::Stats { .. }) => return metrics,
                    Some(Update::Metrics { .. }) => metrics += 1,
                    Some(_) => {}
                    None => panic!("the source ended"),
                }
            }
        };
        assert_eq!(before_stats().await, 0);
        assert_eq!(before_stats().await, 5, "no client watches");
        assert_eq!(before_stats().await, 5);
        demand.send_replace(true);
        assert_eq!(before_stats().await, 1);
        assert_eq!(before_stats().await, 1);
        shutdown.cancel();
        task.await.unwrap();
    }
}
