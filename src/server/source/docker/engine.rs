//! The [`Engine`] of a Docker or Podman source: actions, inspections, processes and logs of single
//! containers. Secrets are masked in everything that is returned.

use super::{
    super::{
        Engine, EngineError, LogLines, LogQuery, inspect, redactor::Redactor, secrets::Secrets,
    },
    api::{self, CALL_TIMEOUT},
    connect::Connection,
    json::Json,
    logs,
};
use crate::model::{Action, ActionOptions, ContainerId, Processes};
use async_trait::async_trait;
use bollard::query_parameters::{
    KillContainerOptions, RemoveContainerOptions, RenameContainerOptions, RestartContainerOptions,
    StartContainerOptions, StopContainerOptions,
};
use serde_json::Value;
use std::{
    sync::{PoisonError, RwLock},
    time::Duration,
};
use tokio::{sync::mpsc, time::timeout};

/// Arguments for `ps` on the engine's machine. Where some column is not supported, the default columns are
/// requested.
const PS_ARGS: &str = "-eo pid,ppid,user,pcpu,rss,etime,args";

/// Timeout for the inspection after a failed action, which is needed to mask secrets in the error message.
const SECRETS_TIMEOUT: Duration = Duration::from_secs(2);
/// Timeout for reading a container's stop timeout; without an answer it is [`DEFAULT_GRACE`].
const GRACE_TIMEOUT: Duration = Duration::from_secs(2);
/// Seconds until a container is killed unless it has a stop timeout of its own, as with the Docker CLI.
const DEFAULT_GRACE: i32 = 10;
/// The message when the engine returns no processes.
const NO_PROCESSES: &str = "The engine does not list this container's processes.";

/// The engine; its connection is replaced whenever it is lost.
#[derive(Debug)]
pub(super) struct DockerEngine {
    connection: RwLock<Option<Connection>>,
    refresh: mpsc::Sender<ContainerId>,
    redactor: Redactor,
}

impl DockerEngine {
    /// An engine without a connection. The id of every container that was acted upon is sent to `refresh`,
    /// to be listed again. Secrets are masked by `redactor`.
    pub(super) fn new(refresh: mpsc::Sender<ContainerId>, redactor: Redactor) -> Self {
        Self {
            connection: RwLock::default(),
            refresh,
            redactor,
        }
    }

    /// Sets the connection, once the engine can be reached.
    pub(super) fn connect(&self, connection: Connection) {
        *self
            .connection
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(connection);
    }

    /// Removes the connection, once the engine is lost.
    pub(super) fn disconnect(&self) {
        *self
            .connection
            .write()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The inspection of a container, with its secrets.
    async fn inspection(&self, id: ContainerId) -> Result<Value, EngineError> {
        let body = self.connection()?.api.inspect(id, CALL_TIMEOUT).await;
        let body = body.map_err(|error| self.redactor.mask_error(error.into()))?;
        let json = Json::parse(&body).filter(|json| json.is_object());
        Ok(json.ok_or(api::not_json(api::INSPECTION))?.value())
    }

    /// The stop timeout in seconds for an engine that does not apply it itself: Podman kills a container at
    /// once when no timeout is given.
    async fn stop_timeout(&self, id: ContainerId) -> Option<i32> {
        if !self.connection().ok()?.api.is_podman() {
            return None;
        }
        let inspection = timeout(GRACE_TIMEOUT, self.inspection(id)).await;
        let configured = inspection
            .ok()
            .and_then(Result::ok)
            .and_then(|inspection| inspection.pointer("/Config/StopTimeout")?.as_i64())
            .and_then(|seconds| i32::try_from(seconds).ok())
            .filter(|seconds| *seconds > 0);
        Some(configured.unwrap_or(DEFAULT_GRACE))
    }

    /// Masks the container's secrets in `error`: engines quote the command when it cannot be run.
    async fn mask_secrets(&self, id: ContainerId, error: EngineError) -> EngineError {
        if error.message().is_none() {
            return error;
        }
        let redactor = async { self.redactor_for(self.inspection(id).await?).await };
        match timeout(SECRETS_TIMEOUT, redactor).await {
            Ok(Ok(redactor)) => redactor.mask_error(error),
            // Secrets that are recognizable in the text alone are masked in any case.
            _ => self.redactor.mask_error(error),
        }
    }

    /// Masks the secrets in the texts of the container with this `inspection`.
    async fn redactor_for(&self, inspection: Value) -> Result<Redactor, EngineError> {
        let redactor = self.redactor.clone();
        off_worker(move || redactor.with(Secrets::of_inspected(&inspection))).await
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
        // Actions have no timeout here; the caller sets one.
        let docker = self.connection()?.docker;
        let (id_text, options) = (id.to_string(), options.clone());
        let name = id_text.as_str();
        let grace = options
            .grace_seconds
            .and_then(|seconds| i32::try_from(seconds).ok());
        let grace = match grace {
            None if matches!(action, Action::Stop | Action::Restart) => self.stop_timeout(id).await,
            grace => grace,
        };
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
            // 304 Not Modified: already in the requested state.
            Err(EngineError::NotModified) | Ok(()) => {
                // A full backlog means that all containers are about to be listed.
                let _ = self.refresh.try_send(id);
                Ok(())
            }
            Err(error) => Err(self.mask_secrets(id, error).await),
        }
    }

    async fn inspect(&self, id: ContainerId) -> Result<Value, EngineError> {
        let (mut value, redactor) = (self.inspection(id).await?, self.redactor.clone());
        off_worker(move || {
            inspect::mask_inspect(&mut value, &redactor);
            value
        })
        .await
    }

    async fn reveal(
        &self,
        id: ContainerId,
        fields: Option<&[String]>,
    ) -> Result<Value, EngineError> {
        let (value, redactor) = (self.inspection(id).await?, self.redactor.clone());
        let fields = fields.map(<[String]>::to_vec);
        off_worker(move || inspect::revealed(value, fields.as_deref(), &redactor)).await?
    }

    async fn top(&self, container: ContainerId) -> Result<Processes, EngineError> {
        let api = self.connection()?.api;
        let read = |body: String| processes(&body);
        let answer = api.top(container, Some(PS_ARGS)).await;
        let mut answer = answer.map(read).map_err(EngineError::from);
        if let Ok(None) | Err(EngineError::Failed(_) | EngineError::Invalid(_)) = answer {
            let plain = api.top(container, None).await;
            answer = plain.map(read).map_err(EngineError::from);
        }
        let processes = match answer {
            Ok(Some(processes)) => processes,
            Ok(None) => return Err(EngineError::Unsupported(NO_PROCESSES.to_owned())),
            Err(error) => return Err(self.mask_secrets(container, error).await),
        };
        let inspection = self.inspection(container).await?;
        let redactor = self.redactor_for(inspection).await?;
        let mask = |row: Vec<String>| {
            row.iter()
                .map(|text| redactor.mask_text(text).into_owned())
                .collect()
        };
        Ok(Processes {
            titles: processes.titles,
            processes: processes.processes.into_iter().map(mask).collect(),
        })
    }

    async fn logs(&self, id: ContainerId, query: &LogQuery) -> Result<LogLines, EngineError> {
        // No line is sent before it is known what must be masked in it.
        let Connection { api, socket, .. } = self.connection()?;
        let inspection = self.inspection(id).await?;
        let is_terminal = inspection.pointer("/Config/Tty").and_then(Value::as_bool);
        let is_terminal = is_terminal.unwrap_or(false);
        let redactor = self.redactor_for(inspection).await?;
        match socket {
            Some(socket) => logs::local_lines(&socket, id, query, is_terminal, redactor).await,
            None => logs::lines(api, id, query, is_terminal, redactor).await,
        }
    }
}

/// Runs `work` on a thread that may be busy: a description has up to 4 MiB, and while its secrets are collected, a
/// worker of the runtime would serve no client.
async fn off_worker<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EngineError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| EngineError::Failed("the description could not be read".to_owned()))
}

/// Parses an answer to `top`; `None` when it contains no processes. Podman answers with an empty body when
/// it cannot run `ps` with the requested columns, and writes each process as one text.
fn processes(answer: &str) -> Option<Processes> {
    let fields = Json::parse(answer)?.fields();
    let rows = fields.get("Processes").items()?.into_iter();
    let titles = fields.get("Titles").texts();
    match titles.as_slice() {
        [] => None,
        [line] if line.trim().contains(char::is_whitespace) => {
            let titles: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            let rows = rows.map(|row| columns(&row.texts().concat(), titles.len()));
            let processes = rows.collect();
            Some(Processes { titles, processes })
        }
        _ => Some(Processes {
            titles,
            processes: rows.map(Json::texts).collect(),
        }),
    }
}

/// The words of `line`, of which the last of `columns` columns takes the rest.
fn columns(line: &str, columns: usize) -> Vec<String> {
    let mut rest = line.trim();
    let mut words = Vec::new();
    while words.len() + 1 < columns && !rest.is_empty() {
        let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words.push(rest.to_owned());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_processes_is_none() {
        for answer in [
            "",
            "null",
            "{}",
            "[]",
            "{\"Titles\": null, \"Processes\": null}",
            "oops",
        ] {
            assert!(processes(answer).is_none(), "{answer}");
        }
        let answer = r#"{"Titles": ["PID", 5, "CMD"], "Processes": [["1", "sh"], null, "2 sh"]}"#;
        let read = processes(answer).unwrap();
        assert_eq!(read.titles, ["PID", "CMD"]);
        let rows = [
            vec!["1".to_owned(), "sh".to_owned()],
            vec![],
            vec!["2 sh".to_owned()],
        ];
        assert_eq!(read.processes, rows);
    }

    #[test]
    fn processes_that_are_one_text_each_are_split_into_columns() {
        let answer =
            r#"{"Processes":[["1 0        sleep 100"],["7"]],"Titles":["PID   USER     COMMAND"]}"#;
        let read = processes(answer).unwrap();
        assert_eq!(read.titles, ["PID", "USER", "COMMAND"]);
        let rows = [vec!["1", "0", "sleep 100"], vec!["7", ""]];
        assert_eq!(read.processes, rows);
    }
}
