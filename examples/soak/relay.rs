//! A relay between the server and the engine, which can be killed and started again.

use crate::Failure;
use std::path::{Path, PathBuf};
use tokio::{
    net::{UnixListener, UnixStream},
    task::{JoinHandle, JoinSet},
};

/// A relay, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    socket: PathBuf,
    engine: PathBuf,
    running: Option<JoinHandle<()>>,
}

impl Relay {
    /// A relay that listens at `socket` for the engine at `engine`.
    pub(crate) fn start(socket: PathBuf, engine: PathBuf) -> Result<Self, Failure> {
        let mut relay = Self {
            socket,
            engine,
            running: None,
        };
        relay.restart()?;
        Ok(relay)
    }

    /// The address in the form of `DOCKER_HOST`.
    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Ends it with all of its connections; new ones are refused.
    pub(crate) fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }

    /// Starts it again.
    pub(crate) fn restart(&mut self) -> Result<(), Failure> {
        self.kill();
        if self.socket.exists() {
            std::fs::remove_file(&self.socket)?;
        }
        let listener = UnixListener::bind(&self.socket)?;
        self.running = Some(tokio::spawn(serve(listener, self.engine.clone())));
        Ok(())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn serve(listener: UnixListener, engine: PathBuf) {
    // Dropped with this task, which ends all connections.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let engine = engine.clone();
        connections.spawn(async move { pass(client, &engine).await });
        while connections.try_join_next().is_some() {}
    }
}

async fn pass(mut client: UnixStream, engine: &Path) {
    if let Ok(mut engine) = UnixStream::connect(engine).await {
        let _ = tokio::io::copy_bidirectional(&mut client, &mut engine).await;
    }
}
