//! Orderly shutdown: one token that cancels every task, one tracker that waits for them all, and the rule
//! that the failure of a core task shuts down the server.

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

/// How long tasks may take to end, so that the process exits within ten seconds of a signal.
pub const GRACE: Duration = Duration::from_secs(9);
/// The part of [`GRACE`] for the tasks of [`Shutdown::spawn_last`]. The storage takes milliseconds; a slow
/// disk may need longer.
const LAST_GRACE: Duration = Duration::from_secs(1);

/// The shutdown token and the tracked tasks. A handle: clones share both.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tracker: TaskTracker,
    /// Cancelled once the tracked tasks have ended, or their time is over.
    last_token: CancellationToken,
    last_tracker: TaskTracker,
    /// The first core task that failed.
    broken: Arc<OnceLock<&'static str>>,
    /// A core task that a test makes panic when the token is cancelled.
    #[cfg(test)]
    fault: Option<(&'static str, CancellationToken)>,
}

impl Shutdown {
    /// The token that is cancelled at shutdown.
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Spawns `task`, which must end when the token is cancelled.
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

    /// Spawns a task without which pages would show outdated data. If it panics or ends before the token is
    /// cancelled, the server shuts down: see [`Self::broken`].
    pub fn spawn_core(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.clone();
        #[cfg(test)]
        let task = shutdown.clone().with_fault(name, task);
        self.tracker.spawn(async move {
            let ended = AssertUnwindSafe(task).catch_unwind().await;
            let reason = match &ended {
                Ok(()) if shutdown.token.is_cancelled() => {
                    tracing::debug!(task = name, "ended");
                    return;
                }
                Ok(()) => "it ended",
                Err(panic) => words(&**panic),
            };
            tracing::error!(
                task = name,
                "a core task broke down, the server ends: {reason}"
            );
            let _ = shutdown.broken.set(name);
            shutdown.token.cancel();
        });
    }

    /// Spawns a task that begins with `end` once all tasks of [`Self::spawn`] and [`Self::spawn_core`] have
    /// ended: for what those still use, such as the storage.
    pub fn spawn_last(&self, name: &'static str, end: impl Future<Output = ()> + Send + 'static) {
        let token = self.last_token.clone();
        self.last_tracker.spawn(async move {
            token.cancelled().await;
            end.await;
            tracing::debug!(task = name, "ended");
        });
    }

    /// The core task whose failure caused the shutdown, if any.
    pub fn broken(&self) -> Option<&'static str> {
        self.broken.get().copied()
    }

    /// The tracker of all tasks, for work that must be completed rather than cancelled.
    pub fn tracker(&self) -> &TaskTracker {
        &self.tracker
    }

    /// Cancels the token and waits up to [`GRACE`] for all tasks; returns whether all have ended.
    pub async fn finish(&self) -> bool {
        self.token.cancel();
        self.tracker.close();
        let others = GRACE.saturating_sub(LAST_GRACE);
        let finished = tokio::time::timeout(others, self.tracker.wait()).await;
        self.last_token.cancel();
        self.last_tracker.close();
        let last_finished = tokio::time::timeout(LAST_GRACE, self.last_tracker.wait()).await;
        let all_finished = finished.is_ok() && last_finished.is_ok();
        if !all_finished {
            let left = self.tracker.len() + self.last_tracker.len();
            tracing::warn!(tasks = left, "some tasks did not end in time");
        }
        all_finished
    }
}

/// The message of a panic.
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
    /// A shutdown whose core task `name` panics once `when` is cancelled.
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
    async fn finishing_waits_for_every_task_up_to_the_grace_period() {
        let shutdown = Shutdown::default();
        let token = shutdown.token();
        shutdown.spawn("obedient", async move { token.cancelled().await });
        assert!(shutdown.finish().await);

        let shutdown = Shutdown::default();
        shutdown.spawn("deaf", std::future::pending());
        assert!(!shutdown.finish().await);
    }

    #[tokio::test(start_paused = true)]
    async fn last_tasks_begin_to_end_after_all_others() {
        let shutdown = Shutdown::default();
        let (token, others) = (shutdown.token(), Arc::new(OnceLock::new()));
        let ended = Arc::clone(&others);
        shutdown.spawn("slow", async move {
            token.cancelled().await;
            tokio::time::sleep(Duration::from_secs(3)).await;
            let _ = ended.set(());
        });
        let seen = Arc::new(OnceLock::new());
        let sees = Arc::clone(&seen);
        shutdown.spawn_last("last", async move {
            let _ = sees.set(others.get().is_some());
        });
        assert!(shutdown.finish().await);
        assert_eq!(seen.get(), Some(&true));
    }

    #[tokio::test]
    async fn a_core_task_that_ends_early_shuts_down_the_server() {
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
