//! A log as a stream of lines, read from a remote engine through its transport.

use super::{
    super::{
        super::{EngineError, SourceLine},
        api::{self, Api, ReadError},
    },
    pieces::Pieces,
};
use bollard::errors::Error;
use futures::{Stream, stream};
use hyper::body::Incoming;
use std::collections::VecDeque;

/// A log read from a remote engine.
#[derive(Debug)]
pub(super) struct RemoteLines {
    api: Api,
    path: String,
    /// `None` until the request was sent.
    body: Option<Incoming>,
    pieces: Pieces,
    ready: VecDeque<SourceLine>,
    is_over: bool,
}

impl RemoteLines {
    /// The log at `path`; nothing is sent yet.
    pub(super) fn new(api: Api, path: String, mut pieces: Pieces) -> Self {
        if api.is_podman() {
            pieces.expect_podman();
        }
        Self {
            api,
            path,
            body: None,
            pieces,
            ready: VecDeque::new(),
            is_over: false,
        }
    }

    /// Waits until the engine begins to answer; Podman does so only with the first line.
    ///
    /// # Errors
    /// Why there is no log.
    pub(super) async fn read_head(&mut self) -> Result<(), EngineError> {
        self.body = Some(self.api.logs(&self.path).await?);
        Ok(())
    }

    /// The stream of lines, ended by an error if there is one.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<SourceLine, EngineError>> {
        stream::unfold(self, |mut lines| async move {
            let line = lines.next().await?;
            Some((line, lines))
        })
    }

    async fn next(&mut self) -> Option<Result<SourceLine, EngineError>> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(Ok(line));
            }
            if self.is_over {
                return None;
            }
            if let Err(error) = self.read().await {
                self.is_over = true;
                return Some(Err(error));
            }
        }
    }

    /// Sends the request, or reads the next chunk.
    async fn read(&mut self) -> Result<(), EngineError> {
        let Some(body) = &mut self.body else {
            return self.read_head().await;
        };
        let Some(piece) = api::frame(body).await else {
            self.is_over = true;
            self.pieces.finish(&mut self.ready);
            return Ok(());
        };
        let piece = piece.map_err(|error| ReadError::from(Error::from(error)))?;
        self.pieces.body.extend_from_slice(&piece);
        self.pieces.decode(&mut self.ready)
    }
}
