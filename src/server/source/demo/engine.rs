//! The [`Engine`] of the demo: actions, inspections, processes and logs of simulated containers.

use super::{
    super::{Engine, EngineError, LogLines, LogQuery, SourceLine, inspect, redactor::Redactor},
    log::{self, DemoLog},
    world::World,
};
use crate::{
    model::{Action, ActionOptions, Container, ContainerId, Processes},
    server::clock,
};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc;

/// How long stopping a container takes, as with a real one.
const STOPPING: Duration = Duration::from_millis(600);
/// Interval at which a followed log is checked for new lines.
const POLL_INTERVAL: Duration = Duration::from_millis(log::SLOT as u64);

/// The synthetic engine.
#[derive(Debug)]
pub(super) struct DemoEngine {
    world: Arc<Mutex<World>>,
    acted: mpsc::Sender<()>,
    redactor: Redactor,
}

impl DemoEngine {
    /// An engine that acts on `world` and notifies `acted`. Lines of logs are masked by `redactor`, as those
    /// of real containers are, so that patterns can be tried.
    pub(super) fn new(
        world: Arc<Mutex<World>>,
        acted: mpsc::Sender<()>,
        redactor: Redactor,
    ) -> Self {
        Self {
            world,
            acted,
            redactor,
        }
    }

    fn container(&self, id: ContainerId) -> Result<Container, EngineError> {
        self.world().get(id).cloned().ok_or(EngineError::NotFound)
    }

    /// The description of a container, with its secrets.
    fn described(&self, id: ContainerId) -> Result<serde_json::Value, EngineError> {
        let container = self.container(id)?;
        let memory = self.world().memory_limit(id);
        Ok(serde_json::json!({
            "Id": container.id,
            "Name": format!("/{}", container.name),
            "Created": container.created,
            "RestartCount": container.restart_count,
            "State": {"Status": container.state, "StartedAt": container.started_at},
            "Config": {
                "Image": container.image, "Labels": container.labels, "User": "app",
                "Entrypoint": ["/entrypoint.sh"], "Cmd": ["serve", "--port", "8080"],
                "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", format!("APP_SECRET=demo-{}", id.short())],
            },
            "HostConfig": {
                "RestartPolicy": {"Name": "unless-stopped"},
                "NanoCpus": container.nano_cpus.unwrap_or(0), "Memory": memory.unwrap_or(0),
            },
            "Mounts": [{
                "Type": "volume", "Name": format!("{}-data", container.name), "Destination": "/data", "RW": true,
            }],
            "NetworkSettings": {"Networks": {"demo": {"IPAddress": "172.30.0.2"}}},
        }))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Engine for DemoEngine {
    async fn act(
        &self,
        id: ContainerId,
        action: Action,
        options: &ActionOptions,
    ) -> Result<(), EngineError> {
        self.container(id)?;
        if matches!(action, Action::Stop | Action::Restart) {
            tokio::time::sleep(STOPPING).await;
        }
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.act(id, action, options, clock::now())?;
        // A full channel means that a notification is pending anyway.
        let _ = self.acted.try_send(());
        Ok(())
    }

    async fn inspect(&self, id: ContainerId) -> Result<serde_json::Value, EngineError> {
        let mut value = self.described(id)?;
        inspect::mask_inspect(&mut value, &self.redactor);
        Ok(value)
    }

    async fn reveal(
        &self,
        id: ContainerId,
        fields: Option<&[String]>,
    ) -> Result<serde_json::Value, EngineError> {
        inspect::revealed(self.described(id)?, fields, &self.redactor)
    }

    async fn top(&self, id: ContainerId) -> Result<Processes, EngineError> {
        let container = self.container(id)?;
        if !container.state.is_up() {
            return Err(EngineError::Conflict(
                "the container is not running".to_owned(),
            ));
        }
        let row = ["1", "app", &container.image].map(str::to_owned);
        Ok(Processes {
            titles: ["PID", "USER", "COMMAND"].map(str::to_owned).into(),
            processes: vec![row.into()],
        })
    }

    async fn logs(&self, id: ContainerId, query: &LogQuery) -> Result<LogLines, EngineError> {
        let (now, query) = (clock::now(), query.clone());
        let log = self.world().log(id).ok_or(EngineError::NotFound)?;
        // The current slot may still get lines.
        let slots = DemoLog::first_slot(now)..DemoLog::slot(now);
        let next = slots.end;
        let lines = slots.filter_map(|slot| log.line(slot));
        let lines: Vec<_> = lines.filter(|line| query.is_of_interest(line)).collect();
        let tail = query.tail.map_or(lines.len(), |tail| tail as usize);
        let old = lines.len().saturating_sub(tail);
        let redactor = self.redactor.clone();
        let masked = move |mut line: SourceLine| {
            line.line = redactor.mask_output(&line.line).into_owned();
            Ok(line)
        };
        let past = stream::iter(lines.into_iter().skip(old).map(masked.clone()));
        if !query.follow {
            return Ok(past.boxed());
        }
        let following = Following {
            world: Arc::clone(&self.world),
            id,
            next,
            ready: VecDeque::new(),
        };
        let future = stream::unfold(following, |mut following| async move {
            Some((following.next().await?, following))
        });
        let future = future.filter(move |line| std::future::ready(query.is_of_interest(line)));
        Ok(past.chain(future.map(masked)).boxed())
    }
}

/// A log that is followed while its container runs.
struct Following {
    world: Arc<Mutex<World>>,
    id: ContainerId,
    /// The next slot to read.
    next: i64,
    ready: VecDeque<SourceLine>,
}

impl Following {
    async fn next(&mut self) -> Option<SourceLine> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            let (is_up, log) = {
                let world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
                let is_up = world.get(self.id)?.state.is_up();
                (is_up, world.log(self.id)?)
            };
            let slots = self.next..DemoLog::slot(clock::now());
            self.next = self.next.max(slots.end);
            self.ready.extend(slots.filter_map(|slot| log.line(slot)));
            if self.ready.is_empty() {
                if !is_up {
                    return None;
                }
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{HostId, Timestamp},
        server::{
            instruments::Redactions,
            source::redact::{CustomPatterns, MASK},
        },
    };

    #[tokio::test]
    async fn limits_are_the_same_in_stats_details_and_lists() {
        let now = Timestamp::from_millis(1_000_000_000);
        let world = World::new(HostId::demo(), 40, 7, now);
        let (containers, stats) = (world.containers(), world.stats(now));
        let (acted, _) = mpsc::channel(1);
        let engine = DemoEngine::new(Arc::new(Mutex::new(world)), acted, Redactor::default());
        let (mut limited, mut unlimited) = (0, 0);
        for stats in stats {
            let limits = engine.details(stats.container_id).await.unwrap().limits;
            let listed = containers.iter().find(|c| c.id == stats.container_id);
            let cores = listed.unwrap().nano_cpus.map(|nano| nano as f32 / 1e9);
            assert_eq!((limits.memory, limits.cpus), (stats.memory_limit, cores));
            limited += usize::from(limits.memory.is_some() && limits.cpus.is_some());
            unlimited += usize::from(limits.memory.is_none() && limits.cpus.is_none());
        }
        assert!(limited > 0 && unlimited > 0, "{limited} {unlimited}");
    }

    #[tokio::test]
    async fn values_are_masked_until_they_are_revealed() {
        let world = World::new(HostId::demo(), 1, 7, clock::now());
        let id = world.containers()[0].id;
        let world = Arc::new(Mutex::new(world));
        let engine = DemoEngine::new(world, mpsc::channel(1).0, Redactor::default());
        let masked = engine.inspect(id).await.unwrap();
        let secret = format!("APP_SECRET={MASK}");
        assert_eq!(masked["Config"]["Env"][1], *secret);
        let revealed = engine.reveal(id, None).await.unwrap();
        assert_eq!(revealed["Name"], masked["Name"]);
        let secret = format!("APP_SECRET=demo-{}", id.short());
        assert_eq!(revealed["Config"]["Env"][1], *secret);
    }

    #[tokio::test]
    async fn configured_patterns_can_be_tried_on_the_logs() {
        let world = World::new(HostId::demo(), 1, 7, clock::now());
        let id = world.containers()[0].id;
        let custom = CustomPatterns::compile(&["(?s).+".to_owned()]).unwrap();
        let redactor = Redactor::new(custom, Redactions::default());
        let engine = DemoEngine::new(Arc::new(Mutex::new(world)), mpsc::channel(1).0, redactor);
        let query = LogQuery {
            stdout: true,
            stderr: true,
            ..LogQuery::default()
        };
        let lines: Vec<_> = engine.logs(id, &query).await.unwrap().collect().await;
        let lines: Vec<_> = lines.into_iter().map(|line| line.unwrap().line).collect();
        assert!(
            !lines.is_empty() && lines.iter().all(|line| line == MASK),
            "{lines:?}"
        );
    }
}
