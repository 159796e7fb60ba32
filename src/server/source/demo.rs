//! A synthetic engine: invented containers with life in them, for trying out and for benchmarks.
//!
//! It is a host of its own, marked on every page, and never mixed with a real one.

mod engine;
mod world;

use super::{Engine, Observation, Observer, Status};
use crate::{
    model::{SourceKind, SourceState},
    server::clock,
};
use engine::DemoEngine;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use world::World;

/// Changes by actions that may wait; they are seen at the next tick at the latest.
const BACKLOG: usize = 64;

/// A synthetic engine.
#[derive(Debug)]
pub struct DemoSource {
    observer: Observer,
    interval: Duration,
    world: Arc<Mutex<World>>,
    engine: Arc<DemoEngine>,
    acted: mpsc::Receiver<()>,
}

impl DemoSource {
    /// `count` containers that move every `interval`; the same `seed` gives the same life.
    pub fn new(observer: Observer, count: usize, seed: u64, interval: Duration) -> Self {
        let world = World::new(observer.host().clone(), count, seed, clock::now());
        let world = Arc::new(Mutex::new(world));
        let (sender, acted) = mpsc::channel(BACKLOG);
        let engine = Arc::new(DemoEngine::new(Arc::clone(&world), sender));
        Self {
            observer,
            interval,
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
    pub async fn run(mut self, shutdown: CancellationToken) {
        let status = Status {
            source: SourceKind::Demo,
            state: SourceState::Live,
            message: None,
            endpoint: None,
            version: Some("Synthetic".to_owned()),
        };
        self.observer.observe(Observation::Status(status)).await;
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let moves = tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => true,
                Some(()) = self.acted.recv() => false,
            };
            for observation in self.look(moves) {
                self.observer.observe(observation).await;
            }
        }
    }

    fn look(&self, moves: bool) -> Vec<Observation> {
        let now = clock::now();
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        if moves {
            world.tick(now);
        }
        let mut seen = vec![Observation::Containers(world.containers(now))];
        seen.extend(world.take_events().into_iter().map(Observation::Event));
        if moves {
            seen.push(Observation::Stats {
                at: now,
                stats: world.stats(now),
            });
            seen.push(Observation::Metrics {
                at: now,
                metrics: Box::new(world.metrics(now)),
            });
        }
        seen
    }
}
