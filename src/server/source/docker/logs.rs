//! Lines from what an engine sends of a container's log.

mod assemble;

use super::super::{EngineError, LogLines, LogQuery, SourceLine, secrets::Secrets};
use crate::model::{ContainerId, Timestamp};
use assemble::Assembler;
use bollard::{Docker, query_parameters::LogsOptions};
use futures::{StreamExt, stream};
use std::collections::VecDeque;

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
    let (since, until) = (query.since, query.until);
    let is_asked_for = move |line: &SourceLine| {
        line.timestamp().is_none_or(|at| {
            since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until)
        })
    };
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
                    Some(Ok(chunk)) => assembling.push(chunk, &mut ready),
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
    let lines =
        lines.filter(move |line| std::future::ready(line.as_ref().map_or(true, is_asked_for)));
    Ok(lines.boxed())
}

/// The engine takes seconds; what is outside of the milliseconds asked for is left out here.
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
