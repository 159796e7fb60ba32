//! How everything ends: one token that is cancelled, one tracker that knows every task.

use futures::FutureExt;
use std::{
    any::Any,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What tasks may take to end, so that the process is gone ten seconds after it was told to.
pub const GRACE: Duration = Duration::from_secs(9);

/// The end of everything. A handle: copies share the token and the tasks.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tracker: TaskTracker,
    /// The core task that broke down first.
    broken: Arc<OnceLock<&'static str>>,
    /// The core task that a test makes panic, as soon as the token is cancelled.
    #[cfg(test)]
    fault: Option<(&'static str, CancellationToken)>,
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

    /// Runs a task without which pages would show what is no longer so. When it panics or ends before
    /// the token is cancelled, everything ends: see [`Self::broken`].
    pub fn spawn_core(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.clone();
        #[cfg(test)]
        let task = shutdown.clone().with_fault(name, task);
        self.tracker.spawn(async move {
            let ended = AssertUnwindSafe(task).catch_unwind().await;
            let why = match &ended {
                Ok(()) if shutdown.token.is_cancelled() => {
                    tracing::debug!(task = name, "ended");
                    return;
                }
                Ok(()) => "it ended",
                Err(panic) => words(&**panic),
            };
            tracing::error!(
                task = name,
                "a core task broke down, the server ends: {why}"
            );
            let _ = shutdown.broken.set(name);
            shutdown.token.cancel();
        });
    }

    /// The core task that broke down, because of which everything ends.
    pub fn broken(&self) -> Option<&'static str> {
        self.broken.get().copied()
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

/// What a task said when it panicked.
pub(super) fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let string = || panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(string).unwrap_or("it panicked")
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
impl Shutdown {
    /// The core task called `name` panics once `when` is cancelled.
    pub(super) fn with_panic_of(name: &'static str, when: CancellationToken) -> Self {
        Self {
            fault: Some((name, when)),
            ..Self::default()
        }
    }

    async fn with_fault(self, name: &'static str, task: impl Future<Output = ()>) {
        match self.fault {
            Some((faulty, when)) if faulty == name => tokio::select! {
                () = task => {}
                () = when.cancelled_owned() => panic!("made to"),
            },
            _ => task.await,
        }
    }
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

    #[tokio::test]
    async fn a_core_task_that_ends_before_its_time_ends_everything() {
        let shutdown = Shutdown::default();
        let token = shutdown.token();
        shutdown.spawn_core("obedient", async move { token.cancelled().await });
        shutdown.spawn_core("early", async {});
        shutdown.token().cancelled().await;
        assert_eq!(shutdown.broken(), Some("early"));
        assert!(shutdown.finish().await);

        let shutdown = Shutdown::default();
        let token = shutdown.token();
        shutdown.spawn_core("obedient", async move { token.cancelled().await });
        assert!(shutdown.finish().await);
        assert_eq!(shutdown.broken(), None);
    }
}
