//! Logs of containers as streams of lines with secrets masked, from local and remote engines.

mod assemble;
#[cfg(test)]
mod fuzz;
mod local;
mod pieces;
mod record;
mod remote;
mod terminal;
mod timer;
mod wire;

use super::{
    super::{EngineError, LogLines, LogQuery, SourceLine, redactor::Redactor},
    api::Api,
};
use crate::model::{ContainerId, Timestamp};
use assemble::Assembler;
use futures::{Stream, StreamExt, TryStreamExt};
use local::LocalLines;
use pieces::Pieces;
use remote::RemoteLines;
use std::path::Path;
use wire::Response;

/// The lines that `query` asks for, read through `api`. Secrets are masked by `redactor`, also in errors.
///
/// # Errors
/// When the engine cannot be reached or, unless following, has no such log.
pub(super) async fn lines(
    api: Api,
    id: ContainerId,
    query: &LogQuery,
    is_terminal: bool,
    redactor: Redactor,
) -> Result<LogLines, EngineError> {
    let pieces = Pieces::new(is_terminal, assembler(query, redactor.clone()));
    let mut lines = RemoteLines::new(api, path(id, query), pieces);
    if !query.follow {
        let head = lines.read_head().await;
        head.map_err(|error| redactor.mask_error(error))?;
    }
    Ok(exactly(lines.into_stream(), query, redactor))
}

/// The same from an engine on this machine, read from its `socket` directly, which is much cheaper: see
/// [`wire`].
///
/// # Errors
/// When the engine cannot be reached or, unless they are followed, has no such log.
pub(super) async fn local_lines(
    socket: &Path,
    id: ContainerId,
    query: &LogQuery,
    is_terminal: bool,
    redactor: Redactor,
) -> Result<LogLines, EngineError> {
    let response = Response::to(socket, &path(id, query)).await;
    let response = response.map_err(|error| EngineError::Unavailable(error.to_string()))?;
    let mut lines = LocalLines::new(response, is_terminal, assembler(query, redactor.clone()));
    if !query.follow {
        // Podman begins to answer only with the first line.
        let head = lines.read_head().await;
        head.map_err(|error| redactor.mask_error(error))?;
    }
    Ok(exactly(lines, query, redactor))
}

/// Drops lines outside of the requested milliseconds; the engine's filters are in seconds. Secrets in an
/// error are masked by `redactor`; those in lines are masked already.
fn exactly(
    lines: impl Stream<Item = Result<SourceLine, EngineError>> + Send + 'static,
    query: &LogQuery,
    redactor: Redactor,
) -> LogLines {
    let lines = lines.map_err(move |error| redactor.mask_error(error));
    if query.since.or(query.until).is_none() {
        return lines.boxed();
    }
    let query = query.clone();
    lines
        .try_filter(move |line| std::future::ready(query.is_of_interest(line)))
        .boxed()
}

fn assembler(query: &LogQuery, redactor: Redactor) -> Assembler {
    Assembler::new(redactor).ending(query.ended)
}

/// The API path of the log. Its times are in seconds.
fn path(id: ContainerId, query: &LogQuery) -> String {
    let seconds = |at: Timestamp| at.as_millis().div_euclid(1_000);
    let LogQuery {
        follow,
        stdout,
        stderr,
        ..
    } = query;
    let since = query.since.map_or(0, seconds);
    let until = query.until.map_or(0, |at| seconds(at) + 1);
    let tail = query
        .tail
        .map_or_else(|| "all".to_owned(), |lines| lines.to_string());
    format!(
        "/containers/{id}/logs?follow={follow}&stdout={stdout}&stderr={stderr}&since={since}\
         &until={until}&timestamps=true&tail={tail}"
    )
}

#[cfg(test)]
mod masking;
#[cfg(test)]
mod tests;
