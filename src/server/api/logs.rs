//! `GET /api/containers/{id}/logs`: a log as a download, streamed line by line.

use super::{
    find,
    schema::{ContainerPath, DownloadFailure},
};
use crate::{
    model::{HostId, LogStream, Right, Timestamp},
    protocol::{ApiError, ErrorCode},
    server::{
        AppState,
        access::{Lease, Visitor},
        actions::engine_error,
        find::Found,
        hub::encode,
        logs::last_lines,
        problem::Refusal,
        query::Query,
        serve::Connection,
        source::{EngineError, LogLines, LogQuery, SourceLine},
    },
};
use axum::{
    BoxError, Extension,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt, TryStreamExt, future::OptionFuture, stream};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

/// How long an engine may take to start sending.
const BEGIN: Duration = Duration::from_secs(10);
/// How long an engine may send nothing in the middle of a log before the download fails. Searching a large
/// file for lines of a certain time takes a while.
const SILENCE: Duration = Duration::from_secs(60);

/// Which part of a log is sent, and in which format.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LogsQuery {
    /// The container's host; any when absent.
    #[param(value_type = Option<HostId>)]
    host: Option<HostId>,
    /// A number of lines, or `all`, which is the default.
    tail: Option<String>,
    /// RFC 3339, or seconds since the Unix epoch.
    since: Option<String>,
    /// RFC 3339, or seconds since the Unix epoch.
    until: Option<String>,
    /// The format of the lines.
    #[serde(default)]
    #[param(inline)]
    format: Format,
    /// Whether to include lines of standard output, `true` when absent.
    #[param(value_type = Option<bool>)]
    stdout: Option<String>,
    /// Whether to include lines of standard error, `true` when absent.
    #[param(value_type = Option<bool>)]
    stderr: Option<String>,
    /// Whether each line of text starts with its time, `false` when absent.
    #[param(value_type = Option<bool>)]
    timestamps: Option<String>,
    /// Whether a browser saves the response to a file, `false` when absent.
    #[param(value_type = Option<bool>)]
    download: Option<String>,
}

/// The format of a downloaded log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// Lines of plain text, without control characters.
    #[default]
    Text,
    /// One JSON object per line.
    Ndjson,
}

/// A line of a log.
#[derive(Serialize, ToSchema)]
struct NdjsonLine<'a> {
    timestamp: Option<Timestamp>,
    stream: LogStream,
    line: &'a str,
}

/// The log of a container. The request holds a client permit while the download lasts.
///
/// # Errors
/// `503` when no permit is left, `invalid`, `not_found`, or the engine's failure.
#[utoipa::path(
    get,
    path = "/containers/{id}/logs",
    operation_id = "logs",
    summary = "The log of a container, line by line.",
    description = "An answer that breaks off ends without its last chunk.",
    params(ContainerPath, LogsQuery),
    responses(
        (status = 200, description = "A line of text, or a JSON object, per line of the log.",
            content((String = "text/plain"), (NdjsonLine<'_> = "application/x-ndjson"))),
        DownloadFailure
    )
)]
pub async fn logs(
    State(state): State<AppState>,
    visitor: Visitor,
    Extension(connection): Extension<Connection>,
    Path(id): Path<String>,
    Query(query): Query<LogsQuery>,
) -> Result<Response, Refusal> {
    let format = query.format;
    let timestamps = flag("timestamps", query.timestamps.as_deref(), false)?;
    let download = flag("download", query.download.as_deref(), false)?;
    let found = find(&visitor, query.host, &id, Right::Logs)?;
    let asked = log_query(&query)?;
    let place = state.gate.admit(&visitor)?;
    connection.streams();
    let lines = tokio::time::timeout(BEGIN, lines(&found, &asked))
        .await
        .map_err(|_| ApiError::new(ErrorCode::Timeout, "the engine did not answer in time"))?
        .map_err(|error| engine_error(&error))?;
    let is_up = found.workload.state().is_up();
    // The rest of an open line is still to be written.
    let is_whole = move |line: &SourceLine| !(is_up && line.assembly.is_open);
    let lease = visitor.lease().filter(|_| !state.access.is_open());
    let body = download_of(lines, state.shutdown.token(), lease)
        .try_filter(move |line| std::future::ready(is_whole(line)))
        .map(move |line| line.map(|line| write(&line, format, timestamps)))
        .inspect(move |_| {
            // The permit is released when the download ends or is cancelled.
            let _held = &place;
        });
    let content_type = match format {
        Format::Text => "text/plain; charset=utf-8",
        Format::Ndjson => "application/x-ndjson",
    };
    let body = Body::from_stream(body);
    let mut response = ([(header::CONTENT_TYPE, content_type)], body).into_response();
    if download {
        let ending = if format == Format::Text {
            "log"
        } else {
            "ndjson"
        };
        // The id only: a name may contain characters that are special in a header.
        let name = format!(
            "attachment; filename=\"{}.{ending}\"",
            found.container().id.short()
        );
        if let Ok(name) = HeaderValue::try_from(name) {
            response
                .headers_mut()
                .insert(header::CONTENT_DISPOSITION, name);
        }
    }
    Ok(response)
}

/// Waits until the server ends, or the access of the client changes; then `over` is cancelled.
async fn until_over(
    shutdown: CancellationToken,
    mut lease: Option<Lease>,
    over: CancellationToken,
) {
    let changed: OptionFuture<_> = lease.as_mut().map(Lease::changed).into();
    tokio::select! {
        () = shutdown.cancelled() => {}
        Some(_) = changed => over.cancel(),
    }
}

/// Streams `lines`. A log that breaks off fails instead of ending, so that a client does not take it for
/// complete.
fn download_of(
    lines: LogLines,
    shutdown: CancellationToken,
    lease: Option<Lease>,
) -> impl Stream<Item = Result<SourceLine, BoxError>> {
    let lines = tokio_stream::StreamExt::timeout(lines, SILENCE).map(|line| match line {
        Ok(line) => line.map_err(BoxError::from),
        Err(silence) => Err(silence.into()),
    });
    let over = shutdown.child_token();
    let is_over = over.clone();
    let broken_off = stream::once(async move {
        let error = || Err(BoxError::from("the server or the access ends"));
        is_over.is_cancelled().then(error)
    });
    lines
        .take_until(until_over(shutdown, lease, over))
        .chain(broken_off.filter_map(std::future::ready))
}

async fn lines(found: &Found, query: &LogQuery) -> Result<LogLines, EngineError> {
    let log = found.log();
    match query.tail {
        None | Some(0) => log.read(query).await,
        Some(wanted) => last_lines(&*log, query, wanted as usize).await,
    }
}

fn log_query(query: &LogsQuery) -> Result<LogQuery, Refusal> {
    let tail = match query.tail.as_deref() {
        None | Some("all") => None,
        Some(number) => Some(
            number
                .parse()
                .map_err(|_| Refusal::invalid("tail must be a number or all"))?,
        ),
    };
    let (stdout, stderr) = (
        flag("stdout", query.stdout.as_deref(), true)?,
        flag("stderr", query.stderr.as_deref(), true)?,
    );
    if !stdout && !stderr {
        return Err(Refusal::invalid("stdout and stderr cannot both be off"));
    }
    Ok(LogQuery {
        tail,
        since: time("since", query.since.as_deref())?,
        until: time("until", query.until.as_deref())?,
        stdout,
        stderr,
        follow: false,
        ended: None,
    })
}

pub(in crate::server) fn flag(
    name: &str,
    text: Option<&str>,
    default: bool,
) -> Result<bool, Refusal> {
    match text {
        None => Ok(default),
        Some("1" | "true") => Ok(true),
        Some("0" | "false") => Ok(false),
        Some(_) => Err(Refusal::invalid(format!("{name} must be true or false"))),
    }
}

pub(in crate::server) fn time(
    name: &str,
    text: Option<&str>,
) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let seconds = || {
        let seconds: i64 = text.parse().ok()?;
        Some(Timestamp::from_millis(seconds.checked_mul(1_000)?))
    };
    let time = text.parse().ok().or_else(seconds);
    time.map(Some)
        .ok_or_else(|| Refusal::invalid(format!("{name} must be RFC 3339 or seconds since 1970")))
}

fn write(line: &SourceLine, format: Format, timestamps: bool) -> Bytes {
    let mut text = match format {
        Format::Ndjson => encode(&NdjsonLine {
            timestamp: line.timestamp(),
            stream: line.stream,
            line: &line.line,
        })
        .to_string(),
        Format::Text => {
            let stamp = line.timestamp().filter(|_| timestamps);
            let stamp = stamp.map(|at| format!("{at} ")).unwrap_or_default();
            let printable = line.line.chars().filter(|c| *c == '\t' || !c.is_control());
            stamp.chars().chain(printable).collect()
        }
    };
    text.push('\n');
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_lines_stay_text() {
        let line = SourceLine {
            nanos: Some(0),
            stream: LogStream::Stderr,
            line: "\u{1b}]0;owned\u{7}a\tb\r\u{9b}1m".into(),
            ..SourceLine::default()
        };
        assert_eq!(write(&line, Format::Text, false), "]0;owneda\tb1m\n");
        assert_eq!(
            write(&line, Format::Text, true),
            "1970-01-01T00:00:00.000Z ]0;owneda\tb1m\n"
        );
        let json = write(&line, Format::Ndjson, false);
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(
            (&json["stream"], &json["line"]),
            (&"stderr".into(), &line.line.into())
        );
    }

    #[test]
    fn times_are_dates_or_seconds() {
        assert_eq!(
            time("since", Some("60")).unwrap(),
            Some(Timestamp::from_millis(60_000))
        );
        assert!(
            time("since", Some("2025-11-21T01:18:05Z"))
                .unwrap()
                .is_some()
        );
        for text in ["", "yesterday", "9223372036854775807"] {
            assert!(time("since", Some(text)).is_err(), "{text}");
        }
    }
}
