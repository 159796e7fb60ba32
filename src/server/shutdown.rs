//! How everything ends: one token that is cancelled, one tracker that knows every task.

use std::{future::Future, time::Duration};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What tasks may take to end, so that the process is gone ten seconds after it was told to.
pub const GRACE: Duration = Duration::from_secs(9);

/// The end of everything. A handle: copies share the token and the tasks.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tracker: TaskTracker,
}

impl Shutdown {
    /// Cancelled when everything is to end.
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Runs `task`, which ends when the token is cancelled.
    pub fn spawn(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> tokio::task::JoinHandle<()> {
        self.tracker.spawn(async move {
            task.await;
            tracing::debug!(task = name, "ended");
        })
    }

    /// The tracker of all tasks, for work that must be finished rather than broken off.
    pub fn tracker(&self) -> &TaskTracker {
        &self.tracker
    }

    /// Ends everything and waits for it, but not longer than [`GRACE`]. Says whether all ended.
    pub async fn finish(&self) -> bool {
        self.token.cancel();
        self.tracker.close();
        let finished = tokio::time::timeout(GRACE, self.tracker.wait()).await;
        if finished.is_err() {
            let left = self.tracker.len();
            tracing::warn!(tasks = left, "some tasks did not end in time");
        }
        finished.is_ok()
    }
}

/// Waits for SIGINT (Ctrl-C) or SIGTERM (service managers).
///
/// # Errors
/// When the handlers cannot be installed.
pub async fn signalled() -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_waits_for_every_task_but_not_for_ever() {
        let shutdown = Shutdown::default();
        let token = shutdown.token();
        shutdown.spawn("obedient", async move { token.cancelled().await });
        assert!(shutdown.finish().await);

        let shutdown = Shutdown::default();
        shutdown.spawn("deaf", std::future::pending());
        assert!(!shutdown.finish().await);
    }
}
