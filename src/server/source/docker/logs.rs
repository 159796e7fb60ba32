//! Lines from what an engine sends of a container's log.

mod assemble;
mod local;
mod record;
mod rest;
mod terminal;
mod wire;

use super::super::{EngineError, LogLines, LogQuery, SourceLine, secrets::Secrets};
use crate::model::{ContainerId, LogStream, Timestamp};
use assemble::Assembler;
use bollard::{Docker, container::LogOutput, query_parameters::LogsOptions};
use futures::{
    Stream, StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use local::LocalLines;
use std::{collections::VecDeque, path::Path};
use terminal::Terminal;
use wire::Answer;

/// The lines `query` asks for, with `secrets` masked. Unless they are followed it waits for the first
/// chunk, so that a failure is an error and not an empty log.
pub(super) async fn lines(
    docker: Docker,
    id: ContainerId,
    query: &LogQuery,
    is_terminal: bool,
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
    let reading = Reading {
        chunks: stream::iter(first.map(Ok)).chain(chunks).boxed(),
        assembler: Assembler::new(secrets).ending(query.ended),
        terminal: is_terminal.then(Terminal::default),
        ready: VecDeque::new(),
        is_over: false,
    };
    let lines = stream::unfold(reading, |mut reading| async move {
        let line = reading.next().await?;
        Some((line, reading))
    });
    Ok(only_asked_for(lines, query))
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
    let assembler = Assembler::new(secrets).ending(query.ended);
    let mut lines = LocalLines::new(answer, is_terminal, assembler);
    if !follow {
        // Podman begins to answer with the first line only.
        lines.begin().await?;
    }
    Ok(only_asked_for(lines, query))
}

/// A log that is read from an engine elsewhere.
struct Reading {
    chunks: BoxStream<'static, Result<LogOutput, bollard::errors::Error>>,
    assembler: Assembler,
    /// Where the container has one.
    terminal: Option<Terminal>,
    ready: VecDeque<SourceLine>,
    is_over: bool,
}

impl Reading {
    async fn next(&mut self) -> Option<Result<SourceLine, EngineError>> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(Ok(line));
            }
            if self.is_over {
                return None;
            }
            let taken = match self.chunks.next().await {
                Some(Ok(chunk)) => self.take(&chunk),
                Some(Err(error)) => Err(error.into()),
                None => {
                    self.finish();
                    Ok(())
                }
            };
            if let Err(error) = taken {
                self.is_over = true;
                return Some(Err(error));
            }
        }
    }

    fn take(&mut self, chunk: &LogOutput) -> Result<(), EngineError> {
        let (stream, record) = match (chunk, &mut self.terminal) {
            (LogOutput::Console { message }, Some(terminal)) => {
                let lines = terminal.push(message);
                self.push_terminal(&lines);
                return Ok(());
            }
            // What has no frames where there should be some.
            (LogOutput::Console { .. }, None) => return Err(no_log()),
            (LogOutput::StdErr { message }, _) => (LogStream::Stderr, message),
            (LogOutput::StdOut { message } | LogOutput::StdIn { message }, _) => {
                (LogStream::Stdout, message)
            }
        };
        self.assembler.push(stream, record, &mut self.ready);
        Ok(())
    }

    fn push_terminal(&mut self, lines: &[u8]) {
        for record in terminal::records(lines) {
            self.assembler
                .push(LogStream::Stdout, record, &mut self.ready);
        }
    }

    fn finish(&mut self) {
        self.is_over = true;
        if let Some(mut terminal) = self.terminal.take() {
            self.push_terminal(&terminal.finish());
        }
        self.assembler.finish(&mut self.ready);
    }
}

fn no_log() -> EngineError {
    EngineError::Failed("what the engine sends is no log".to_owned())
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
