//! What can be asked of the engine about one container.

use super::{
    super::{
        Engine, EngineError, LogLines, LogQuery, inspect, redact,
        secrets::{Patterns, Secrets},
    },
    connect::{CALL_TIMEOUT, Connection},
    logs,
};
use crate::model::{Action, ActionOptions, ContainerId, Processes};
use async_trait::async_trait;
use bollard::query_parameters::{
    InspectContainerOptions, KillContainerOptions, RemoveContainerOptions, RenameContainerOptions,
    RestartContainerOptions, StartContainerOptions, StopContainerOptions, TopOptions,
};
use serde_json::Value;
use std::{
    future::Future,
    sync::{PoisonError, RwLock},
    time::Duration,
};
use tokio::{sync::mpsc, time::timeout};

/// What `ps` on the engine's machine is asked for. Some know fewer columns, and are asked for their own.
const PS_ARGS: &str = "-eo pid,ppid,user,pcpu,rss,etime,args";

/// How long an engine that has just refused an action may take to describe the container.
const SECRETS_TIMEOUT: Duration = Duration::from_secs(2);

/// The engine, whether it can be reached or not.
#[derive(Debug)]
pub(super) struct DockerEngine {
    connection: RwLock<Option<Connection>>,
    nudge: mpsc::Sender<ContainerId>,
}

impl DockerEngine {
    /// Not connected yet. Containers that were acted upon are sent to `nudge`.
    pub(super) fn new(nudge: mpsc::Sender<ContainerId>) -> Self {
        Self {
            connection: RwLock::default(),
            nudge,
        }
    }

    /// It can be reached.
    pub(super) fn connect(&self, connection: Connection) {
        *self
            .connection
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(connection);
    }

    /// It can no longer be reached.
    pub(super) fn disconnect(&self) {
        *self
            .connection
            .write()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What the engine knows of a container, secrets and all.
    async fn inspected(&self, id: ContainerId) -> Result<Value, EngineError> {
        let docker = self.connection()?.calls;
        let id = id.to_string();
        let answer = call(docker.inspect_container(&id, None::<InspectContainerOptions>)).await?;
        serde_json::to_value(answer).map_err(|error| EngineError::Failed(error.to_string()))
    }

    /// `error` without the container's secrets, which an engine quotes when a command cannot be run.
    async fn without_secrets(&self, id: ContainerId, error: EngineError) -> EngineError {
        if error.message().is_none() {
            return error;
        }
        let described = timeout(SECRETS_TIMEOUT, self.inspected(id)).await;
        let Ok(Ok(described)) = described else {
            // What the words alone tell of secrets is masked already.
            return error;
        };
        let secrets = Patterns::of_inspected(&described);
        error.map_message(|message| secrets.mask_str(message).into_owned())
    }

    fn connection(&self) -> Result<Connection, EngineError> {
        let connection = self
            .connection
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        connection
            .clone()
            .ok_or_else(|| EngineError::Unavailable("not connected".to_owned()))
    }
}

#[async_trait]
impl Engine for DockerEngine {
    async fn act(
        &self,
        id: ContainerId,
        action: Action,
        options: &ActionOptions,
    ) -> Result<(), EngineError> {
        // Actions take as long as they take; whoever asks brings a deadline.
        let docker = self.connection()?.streams;
        let (id_text, options) = (id.to_string(), options.clone());
        let name = id_text.as_str();
        let grace = options
            .grace_seconds
            .and_then(|seconds| i32::try_from(seconds).ok());
        let signal = options.signal;
        let done = match action {
            Action::Start => {
                docker
                    .start_container(name, None::<StartContainerOptions>)
                    .await
            }
            Action::Stop => {
                let options = StopContainerOptions {
                    t: grace,
                    signal: None,
                };
                docker.stop_container(name, Some(options)).await
            }
            Action::Restart => {
                let options = RestartContainerOptions {
                    t: grace,
                    signal: None,
                };
                docker.restart_container(name, Some(options)).await
            }
            Action::Pause => docker.pause_container(name).await,
            Action::Unpause => docker.unpause_container(name).await,
            Action::Kill => {
                let signal = signal.unwrap_or_else(|| "SIGKILL".to_owned());
                docker
                    .kill_container(name, Some(KillContainerOptions { signal }))
                    .await
            }
            Action::Remove => {
                let options = RemoveContainerOptions {
                    force: options.force.unwrap_or(false),
                    v: options.volumes.unwrap_or(false),
                    ..RemoveContainerOptions::default()
                };
                docker.remove_container(name, Some(options)).await
            }
            Action::Rename => {
                let options = RenameContainerOptions {
                    name: options.name.unwrap_or_default(),
                };
                docker.rename_container(name, options).await
            }
        };
        match done.map_err(EngineError::from) {
            // Already in the state that was asked for (304 Not Modified).
            Err(EngineError::NotModified) | Ok(()) => {
                // A full backlog means that everything is about to be looked at.
                let _ = self.nudge.try_send(id);
                Ok(())
            }
            Err(error) => Err(self.without_secrets(id, error).await),
        }
    }

    async fn inspect(&self, id: ContainerId) -> Result<Value, EngineError> {
        let mut value = self.inspected(id).await?;
        inspect::mask_inspect(&mut value);
        Ok(value)
    }

    async fn top(&self, container: ContainerId) -> Result<Processes, EngineError> {
        let docker = self.connection()?.calls;
        let id = container.to_string();
        let options = TopOptions {
            ps_args: PS_ARGS.to_owned(),
        };
        let answer = match call(docker.top_processes(&id, Some(options))).await {
            Err(EngineError::Failed(_) | EngineError::Invalid(_)) => {
                call(docker.top_processes(&id, None::<TopOptions>)).await?
            }
            answer => answer?,
        };
        let secrets = Secrets::of_inspected(&self.inspected(container).await?);
        let mask = |row: Vec<String>| {
            row.iter()
                .map(|text| secrets.mask_str(&redact::mask_text(text)).into_owned())
                .collect()
        };
        Ok(Processes {
            titles: answer.titles.unwrap_or_default(),
            processes: answer
                .processes
                .unwrap_or_default()
                .into_iter()
                .map(mask)
                .collect(),
        })
    }

    async fn logs(&self, id: ContainerId, query: &LogQuery) -> Result<LogLines, EngineError> {
        // Nobody shall see a line before it is known what must not be seen.
        let Connection {
            streams, socket, ..
        } = self.connection()?;
        let described = self.inspected(id).await?;
        let secrets = Secrets::of_inspected(&described);
        let lines = match socket.filter(|_| query.follow) {
            Some(socket) => {
                let is_terminal = described.pointer("/Config/Tty").and_then(Value::as_bool);
                let is_terminal = is_terminal.unwrap_or(false);
                logs::follow(&socket, id, query, is_terminal, secrets.clone()).await
            }
            None => logs::lines(streams, id, query, secrets.clone()).await,
        };
        lines.map_err(|error| error.map_message(|message| secrets.mask_str(message).into_owned()))
    }
}

/// The client's own timeout ends with the headers.
async fn call<T>(
    answer: impl Future<Output = Result<T, bollard::errors::Error>>,
) -> Result<T, EngineError> {
    Ok(timeout(CALL_TIMEOUT, answer)
        .await
        .map_err(|_| EngineError::Timeout)??)
}
