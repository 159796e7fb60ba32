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
        access::Visitor,
        api::{
            logs::{flag, time},
            named,
            schema::{ContainerPath, NoLogSocket},
        },
        logs::Start,
        problem::Refusal,
        query::Query,
        websocket::Upgrade,
    },
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;

/// Which part of a log is sent, and in which form.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogsQuery {
    /// The container's host; any when absent.
    #[param(value_type = Option<HostId>)]
    host: Option<HostId>,
    /// How many of the last lines are sent first, 100 when absent.
    #[param(maximum = 5_000)]
    tail: Option<u32>,
    /// RFC 3339, or seconds since the Unix epoch.
    since: Option<String>,
    /// The `cursor` of the client's last line: sends the lines after it.
    #[param(value_type = Option<String>)]
    after: Option<LogPosition>,
    /// Whether each message has the line's time, `true` when absent.
    #[param(value_type = Option<bool>)]
    timestamps: Option<String>,
    /// Whether lines of standard output are wanted, `true` when absent.
    #[param(value_type = Option<bool>)]
    stdout: Option<String>,
    /// Whether lines of standard error are wanted, `true` when absent.
    #[param(value_type = Option<bool>)]
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

/// A container's log as it is written, one message per line.
///
/// # Errors
/// `invalid`, `not_found`, no upgrade, or no permit for another client.
#[utoipa::path(
    get,
    path = "/ws/docker/{id}/logs",
    operation_id = "logSocket",
    summary = "A WebSocket with a container's log as it is written.",
    params(ContainerPath, LogsQuery),
    responses((status = 101, description = "The socket is open."), NoLogSocket)
)]
pub async fn docker_logs(
    State(state): State<AppState>,
    visitor: Visitor,
    Path(id): Path<String>,
    upgrade: Upgrade,
    Query(query): Query<LogsQuery>,
) -> Result<Response, Refusal> {
    let (form, start) = (query.form()?, query.start()?);
    let found = find_once_listed(visitor.directory(), &named(query.host, &id)?).await?;
    let form = Form::DockerLogs(form);
    Ok(talk(
        upgrade,
        &state,
        &visitor,
        form,
        move |conversation, _| {
            // The first log never exceeds the limit.
            let _ = conversation.follow_log(&found, start);
        },
    ))
}
