//! Lines from what an engine sends of a container's log.

mod assemble;
mod local;
mod pieces;
mod record;
mod remote;
mod rest;
mod terminal;
mod wire;

use super::{
    super::{EngineError, LogLines, LogQuery, SourceLine, secrets::Secrets},
    api::Api,
};
use crate::model::{ContainerId, Timestamp};
use assemble::Assembler;
use futures::{Stream, StreamExt, TryStreamExt};
use local::LocalLines;
use pieces::Pieces;
use remote::RemoteLines;
use std::path::Path;
use wire::Answer;

/// The lines `query` asks for, with `secrets` masked, from an engine that is asked through `api`.
///
/// # Errors
/// When the engine cannot be reached or, unless they are followed, has no such log.
pub(super) async fn lines(
    api: Api,
    id: ContainerId,
    query: &LogQuery,
    is_terminal: bool,
    secrets: Secrets,
) -> Result<LogLines, EngineError> {
    let pieces = Pieces::new(is_terminal, assembler(query, secrets));
    let mut lines = RemoteLines::new(api, path(id, query), pieces);
    if !query.follow {
        lines.begin().await?;
    }
    Ok(only_asked_for(lines.into_stream(), query))
}

/// The same from an engine that listens at `socket`, as it writes them, which is much cheaper: see
/// [`wire`].
///
/// # Errors
/// When the engine cannot be reached or, unless they are followed, has no such log.
pub(super) async fn local_lines(
    socket: &Path,
    id: ContainerId,
    query: &LogQuery,
    is_terminal: bool,
    secrets: Secrets,
) -> Result<LogLines, EngineError> {
    let answer = Answer::to(socket, &path(id, query)).await;
    let answer = answer.map_err(|error| EngineError::Unavailable(error.to_string()))?;
    let mut lines = LocalLines::new(answer, is_terminal, assembler(query, secrets));
    if !query.follow {
        // Podman begins to answer with the first line only.
        lines.begin().await?;
    }
    Ok(only_asked_for(lines, query))
}

/// The engine takes seconds; what is outside of the milliseconds asked for is left out here.
fn only_asked_for(
    lines: impl Stream<Item = Result<SourceLine, EngineError>> + Send + 'static,
    query: &LogQuery,
) -> LogLines {
    if query.since.or(query.until).is_none() {
        return lines.boxed();
    }
    let query = query.clone();
    lines
        .try_filter(move |line| std::future::ready(query.is_of_interest(line)))
        .boxed()
}

fn assembler(query: &LogQuery, secrets: Secrets) -> Assembler {
    Assembler::new(secrets).ending(query.ended)
}

/// Where the engine has them. It counts in seconds.
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
mod tests;
