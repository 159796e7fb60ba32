//! What can be asked of the synthetic engine.

use super::{
    super::{Engine, EngineError, LogLines, LogQuery, NANOS_PER_MS, Processes, SourceLine},
    world::World,
};
use crate::{
    model::{Action, ActionOptions, Container, ContainerId, LogStream},
    server::clock,
};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc;

/// How long a process takes to end, as real ones do.
const STOPPING: Duration = Duration::from_millis(600);
/// Lines a log has.
const LINES: i64 = 500;
/// Between two lines.
const LINE_INTERVAL: Duration = Duration::from_secs(1);
/// What is said, again and again.
const SAYINGS: [(&str, LogStream); 6] = [
    ("INFO GET /cart 200 12 ms", LogStream::Stdout),
    ("INFO GET /ready 200 1 ms", LogStream::Stdout),
    ("INFO POST /checkout 201 48 ms", LogStream::Stdout),
    (
        "WARN pool exhausted, waiting (timeout 5 s)",
        LogStream::Stderr,
    ),
    ("INFO GET /items?page=2 200 7 ms", LogStream::Stdout),
    ("DEBUG cache hit user=8f21", LogStream::Stdout),
];

/// The synthetic engine.
#[derive(Debug)]
pub(super) struct DemoEngine {
    world: Arc<Mutex<World>>,
    acted: mpsc::Sender<()>,
}

impl DemoEngine {
    /// Acts on `world` and tells `acted`.
    pub(super) fn new(world: Arc<Mutex<World>>, acted: mpsc::Sender<()>) -> Self {
        Self { world, acted }
    }

    fn container(&self, id: ContainerId) -> Result<Container, EngineError> {
        let world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.get(id).cloned().ok_or(EngineError::NotFound)
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
        // A full backlog means that a look is due anyway.
        let _ = self.acted.try_send(());
        Ok(())
    }

    async fn inspect(&self, id: ContainerId) -> Result<serde_json::Value, EngineError> {
        let container = self.container(id)?;
        Ok(serde_json::json!({
            "Id": container.id,
            "Name": format!("/{}", container.name),
            "Created": container.created,
            "State": {"Status": container.state, "StartedAt": container.started_at},
            "Config": {"Image": container.image, "Labels": container.labels, "Env": []},
        }))
    }

    async fn top(&self, id: ContainerId) -> Result<Processes, EngineError> {
        let container = self.container(id)?;
        let row = ["1", "app", &container.image].map(str::to_owned);
        Ok(Processes {
            titles: ["PID", "USER", "COMMAND"].map(str::to_owned).into(),
            processes: vec![row.into()],
        })
    }

    async fn logs(&self, id: ContainerId, query: &LogQuery) -> Result<LogLines, EngineError> {
        self.container(id)?;
        let now = clock::now();
        let newest = now.as_millis() / LINE_INTERVAL.as_millis() as i64;
        let query = query.clone();
        let lines: Vec<_> = (newest - LINES..=newest)
            .map(line)
            .filter(|line| is_asked_for(&query, line))
            .collect();
        let tail = query.tail.map_or(lines.len(), |tail| tail as usize);
        let old = lines.len().saturating_sub(tail);
        let past = stream::iter(lines.into_iter().skip(old).map(Ok));
        if !query.follow {
            return Ok(past.boxed());
        }
        let future = stream::unfold(newest + 1, |second| async move {
            tokio::time::sleep(LINE_INTERVAL).await;
            Some((line(second), second + 1))
        });
        let future = future.filter(move |line| std::future::ready(is_asked_for(&query, line)));
        Ok(past.chain(future.map(Ok)).boxed())
    }
}

fn is_asked_for(query: &LogQuery, line: &SourceLine) -> bool {
    let in_stream = match line.stream {
        LogStream::Stdout => query.stdout,
        LogStream::Stderr => query.stderr,
    };
    in_stream
        && query.since.is_none_or(|at| line.timestamp() >= Some(at))
        && query.until.is_none_or(|at| line.timestamp() < Some(at))
}

fn line(second: i64) -> SourceLine {
    let n = usize::try_from(second.rem_euclid(SAYINGS.len() as i64)).unwrap_or(0);
    let (text, stream) = SAYINGS.get(n).copied().unwrap_or(("", LogStream::Stdout));
    let nanos = second * LINE_INTERVAL.as_millis() as i64 * NANOS_PER_MS;
    SourceLine {
        nanos: Some(nanos),
        stream,
        line: text.to_owned(),
    }
}
