//! Lines from what an engine sends of a container's log.

mod assemble;
mod local;
mod rest;
mod wire;

use super::super::{EngineError, LogLines, LogQuery, SourceLine, secrets::Secrets};
use crate::model::{ContainerId, LogStream, Timestamp};
use assemble::Assembler;
use bollard::{Docker, container::LogOutput, query_parameters::LogsOptions};
use futures::{Stream, StreamExt, stream};
use local::LocalLines;
use std::{collections::VecDeque, path::Path};
use wire::Answer;

/// The lines `query` asks for, with `secrets` masked. Unless they are followed it waits for the first
/// chunk, so that a failure is an error and not an empty log.
pub(super) async fn lines(
    docker: Docker,
    id: ContainerId,
    query: &LogQuery,
    secrets: Secrets,
) -> Result<LogLines, EngineError> {
    let id = id.to_string();
    let mut chunks = docker.logs(&id, Some(options(query))).boxed();
    let first = if query.follow {
        None
    } else {
        chunks.next().await
    };
    let first = first.transpose()?;
    let chunks = stream::iter(first.map(Ok)).chain(chunks);
    let assembler = Some(Assembler::new(secrets));
    let lines = stream::unfold(
        (chunks.boxed(), assembler, VecDeque::new()),
        |(mut chunks, mut assembler, mut ready)| async move {
            loop {
                if let Some(line) = ready.pop_front() {
                    return Some((Ok(line), (chunks, assembler, ready)));
                }
                let assembling = assembler.as_mut()?;
                match chunks.next().await {
                    Some(Ok(chunk)) => push(assembling, &chunk, &mut ready),
                    Some(Err(error)) => {
                        return Some((Err(error.into()), (chunks, None, ready)));
                    }
                    None => {
                        assembling.finish(&mut ready);
                        assembler = None;
                    }
                }
            }
        },
    );
    Ok(only_asked_for(lines, query))
}

/// The same from an engine that listens at `socket`, as it writes them, which is much cheaper: see
/// [`wire`]. Nothing is waited for.
///
/// # Errors
/// When the engine cannot be reached.
pub(super) async fn follow(
    socket: &Path,
    id: ContainerId,
    query: &LogQuery,
    is_terminal: bool,
    secrets: Secrets,
) -> Result<LogLines, EngineError> {
    let LogsOptions {
        follow,
        stdout,
        stderr,
        since,
        until,
        timestamps,
        tail,
    } = options(query);
    let path = format!(
        "/containers/{id}/logs?follow={follow}&stdout={stdout}&stderr={stderr}&since={since}\
         &until={until}&timestamps={timestamps}&tail={tail}"
    );
    let answer = Answer::to(socket, &path).await;
    let answer = answer.map_err(|error| EngineError::Unavailable(error.to_string()))?;
    let lines = LocalLines::new(answer, is_terminal, Assembler::new(secrets));
    Ok(only_asked_for(lines, query))
}

fn push(assembler: &mut Assembler, chunk: &LogOutput, ready: &mut VecDeque<SourceLine>) {
    match chunk {
        LogOutput::Console { message } => assembler.push_terminal(message, ready),
        LogOutput::StdErr { message } => assembler.push(LogStream::Stderr, message, ready),
        LogOutput::StdOut { message } | LogOutput::StdIn { message } => {
            assembler.push(LogStream::Stdout, message, ready);
        }
    }
}

/// The engine takes seconds; what is outside of the milliseconds asked for is left out here.
fn only_asked_for(
    lines: impl Stream<Item = Result<SourceLine, EngineError>> + Send + 'static,
    query: &LogQuery,
) -> LogLines {
    let (since, until) = (query.since, query.until);
    if since.or(until).is_none() {
        return lines.boxed();
    }
    let is_asked_for = move |line: &SourceLine| {
        line.timestamp().is_none_or(|at| {
            since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until)
        })
    };
    let is_asked_for = move |line: &Result<SourceLine, _>| {
        std::future::ready(line.as_ref().map_or(true, is_asked_for))
    };
    lines.filter(is_asked_for).boxed()
}

fn options(query: &LogQuery) -> LogsOptions {
    let seconds =
        |at: Timestamp| i32::try_from(at.as_millis().div_euclid(1_000)).unwrap_or(i32::MAX);
    LogsOptions {
        follow: query.follow,
        stdout: query.stdout,
        stderr: query.stderr,
        since: query.since.map_or(0, seconds),
        until: query.until.map_or(0, |at| seconds(at).saturating_add(1)),
        timestamps: true,
        tail: query
            .tail
            .map_or_else(|| "all".to_owned(), |lines| lines.to_string()),
    }
}
