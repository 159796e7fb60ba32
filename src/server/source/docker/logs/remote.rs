//! Lines from an engine elsewhere, over whatever leads to it.

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

/// A log that is read from an engine elsewhere.
#[derive(Debug)]
pub(super) struct RemoteLines {
    api: Api,
    path: String,
    /// Absent until the engine is asked.
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

    /// Waits until the engine has begun to answer, which Podman does with the first line only.
    ///
    /// # Errors
    /// Why there is no log.
    pub(super) async fn begin(&mut self) -> Result<(), EngineError> {
        self.body = Some(self.api.logs(&self.path).await?);
        Ok(())
    }

    /// The lines, and what ends them.
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

    /// Takes what comes next.
    async fn read(&mut self) -> Result<(), EngineError> {
        let Some(body) = &mut self.body else {
            return self.begin().await;
        };
        let Some(piece) = api::frame(body).await else {
            self.is_over = true;
            self.pieces.finish(&mut self.ready);
            return Ok(());
        };
        let piece = piece.map_err(|error| ReadError::from(Error::from(error)))?;
        self.pieces.body.extend_from_slice(&piece);
        self.pieces.put_together(&mut self.ready)
    }
}
