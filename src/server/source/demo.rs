//! A synthetic engine: invented containers with life in them, for trying out and for benchmarks.
//!
//! It is a host of its own, marked on every page, and never mixed with a real one.

mod being;
mod engine;
mod log;
mod world;

use super::{Engine, Observation, Observer, Status};
use crate::{
    model::{SourceKind, SourceState},
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

/// Changes by actions that may wait; they are seen at the next tick at the latest.
const BACKLOG: usize = 64;

/// A synthetic engine.
#[derive(Debug)]
pub struct DemoSource {
    observer: Observer,
    /// Whether anybody watches the figures of containers.
    demand: watch::Receiver<bool>,
    paces: Paces,
    /// When figures of containers were told last.
    told: Option<Instant>,
    world: Arc<Mutex<World>>,
    engine: Arc<DemoEngine>,
    acted: mpsc::Receiver<()>,
}

impl DemoSource {
    /// `count` containers that move at the pace at which they are watched; the same `seed` gives the
    /// same life. Their figures are told at the pace of `demand`.
    pub fn new(
        observer: Observer,
        count: usize,
        seed: u64,
        demand: watch::Receiver<bool>,
        paces: Paces,
    ) -> Self {
        let world = World::new(observer.host().clone(), count, seed, clock::now());
        let world = Arc::new(Mutex::new(world));
        let (sender, acted) = mpsc::channel(BACKLOG);
        let engine = Arc::new(DemoEngine::new(Arc::clone(&world), sender));
        Self {
            observer,
            demand,
            paces,
            told: None,
            world,
            engine,
            acted,
        }
    }

    /// What can be asked of it.
    pub fn engine(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.engine) as Arc<dyn Engine>
    }

    /// Lives until `shutdown`.
    pub async fn run(mut self, mut heartbeat: Heartbeat, shutdown: CancellationToken) {
        let status = Status {
            source: SourceKind::Demo,
            state: SourceState::Live,
            message: None,
            endpoint: None,
            version: Some("Synthetic".to_owned()),
            machine: None,
        };
        self.observer.observe(Observation::Status(status)).await;
        let mut ticks = interval(self.paces.watched);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let moves = tokio::select! {
                () = shutdown.cancelled() => return,
                () = heartbeat.due() => continue,
                _ = ticks.tick() => true,
                Some(()) = self.acted.recv() => false,
            };
            for observation in self.look(moves) {
                self.observer.observe(observation).await;
            }
        }
    }

    fn look(&mut self, moves: bool) -> Vec<Observation> {
        let now = clock::now();
        let tells = moves && self.is_told_now();
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        if moves {
            world.tick(now);
        }
        let mut seen = vec![Observation::Containers(world.containers())];
        seen.extend(world.take_events().into_iter().map(Observation::Event));
        if tells {
            seen.push(Observation::Stats {
                at: now,
                stats: world.stats(now),
            });
        }
        if moves {
            seen.push(Observation::Metrics {
                at: now,
                metrics: Box::new(world.metrics(now)),
            });
        }
        seen
    }

    /// Whether figures of containers are due, which then are told.
    fn is_told_now(&mut self) -> bool {
        // Half a movement early is better than half a one late.
        let idle = self.paces.idle.saturating_sub(self.paces.watched / 2);
        let is_due = self.told.is_none_or(|told| told.elapsed() >= idle);
        let is_told = is_due || *self.demand.borrow();
        if is_told {
            self.told = Some(Instant::now());
        }
        is_told
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test has no shutdown")]
mod tests {
    use super::*;
    use crate::{model::HostId, server::health::Health};

    #[tokio::test(start_paused = true)]
    async fn figures_of_containers_come_at_the_pace_of_demand() {
        let (sender, mut told) = mpsc::channel(64);
        let (demand, wanted) = watch::channel(false);
        let observer = Observer::new(HostId::demo(), sender);
        let source = DemoSource::new(observer, 3, 7, wanted, Paces::default());
        let shutdown = CancellationToken::new();
        let heartbeat = Health::default().watch("demo");
        let task = tokio::spawn(source.run(heartbeat, shutdown.clone()));
        // How many of the host's own figures, which come every two seconds, come before those of
        // its containers.
        let mut before_stats = async || {
            let mut metrics = 0;
            loop {
                match told.recv().await.map(|(_, observation)| observation) {
                    Some(Observation::Stats { .. }) => return metrics,
                    Some(Observation::Metrics { .. }) => metrics += 1,
                    Some(_) => {}
                    None => panic!("the source ended"),
                }
            }
        };
        assert_eq!(before_stats().await, 0);
        assert_eq!(before_stats().await, 5, "nobody watches");
        assert_eq!(before_stats().await, 5);
        demand.send_replace(true);
        assert_eq!(before_stats().await, 1);
        assert_eq!(before_stats().await, 1);
        shutdown.cancel();
        task.await.unwrap();
    }
}
