//! `GET /ws/docker/{id}/logs`.

use super::{
    forms::{Form, LogForm},
    held::find_once_listed,
    ws::talk,
};
use crate::{
    model::{HostId, LogPosition},
    protocol::{DEFAULT_LOG_TAIL, MAX_LOG_TAIL},
    server::{
        AppState,
        api::{
            logs::{flag, time},
            named,
        },
        logs::Start,
        problem::Refusal,
        serve::Connection,
        websocket::Upgrade,
    },
};
use axum::{
    Extension,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;

/// Which part of a log, and in what form.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogsQuery {
    host: Option<HostId>,
    tail: Option<u32>,
    /// RFC 3339, or seconds since the Unix epoch.
    since: Option<String>,
    /// The `cursor` of the last line the client has: begin after it.
    after: Option<LogPosition>,
    timestamps: Option<String>,
    stdout: Option<String>,
    stderr: Option<String>,
}

impl LogsQuery {
    fn form(&self) -> Result<LogForm, Refusal> {
        let form = LogForm {
            timestamps: flag("timestamps", self.timestamps.as_deref(), true)?,
            stdout: flag("stdout", self.stdout.as_deref(), true)?,
            stderr: flag("stderr", self.stderr.as_deref(), true)?,
        };
        if form.stdout || form.stderr {
            Ok(form)
        } else {
            Err(Refusal::invalid("stdout and stderr cannot both be off"))
        }
    }

    fn start(&self) -> Result<Start, Refusal> {
        let tail = self.tail.unwrap_or(DEFAULT_LOG_TAIL);
        if tail > MAX_LOG_TAIL {
            return Err(Refusal::invalid(format!(
                "tail must be at most {MAX_LOG_TAIL}"
            )));
        }
        Ok(Start {
            tail: tail as usize,
            since: time("since", self.since.as_deref())?,
            resume: None,
            after: self.after,
        })
    }
}

/// A container's log as it is written, a message a line.
///
/// # Errors
/// `invalid`, `not_found`, no upgrade, or no room for another client.
pub async fn docker_logs(
    State(state): State<AppState>,
    Extension(connection): Extension<Connection>,
    Path(id): Path<String>,
    query: Result<Query<LogsQuery>, QueryRejection>,
    upgrade: Upgrade,
) -> Result<Response, Refusal> {
    let Query(query) = query.map_err(|error| Refusal::invalid(error.body_text()))?;
    let (form, start) = (query.form()?, query.start()?);
    let found = find_once_listed(&state, &named(query.host, &id)?).await?;
    let (form, peer) = (Form::DockerLogs(form), connection.peer());
    Ok(talk(upgrade, &state, form, peer, move |conversation, _| {
        // The first is never too many.
        let _ = conversation.follow_log(&found, start);
    }))
}
