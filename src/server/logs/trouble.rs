//! Whether a log can be read just now, and sending its readers the reason when it cannot.
//!
//! A log that is silent may have nothing to say, so silence alone is no trouble. Trouble begins with
//! every attempt to read and with every failure, and ends once a new line came or an attempt has lasted
//! a while.

use super::stream::Stream;
use std::{future::pending, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// How long an attempt to read may be without success before readers are told: with what it takes to
/// notice a failure it stays below ten seconds.
pub(super) const ATTEMPT: Duration = Duration::from_secs(7);
/// The same once the engine itself does not answer, which takes up to nine seconds to notice, or six
/// until it is known to be slow.
pub(super) const ENGINE: Duration = Duration::from_millis(500);

/// What stands in the way of reading a log.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    problem: watch::Sender<Option<Problem>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    reason: String,
    /// When readers are notified, unless the trouble is over by then.
    due: Instant,
    is_told: bool,
}

impl Trouble {
    /// There is trouble, and readers are told the `reason` if it is not over after `patience`. Trouble
    /// that goes on keeps its deadline and takes the newer reason.
    pub(super) fn begin(&self, reason: &str, patience: Duration) {
        let due = Instant::now() + patience;
        self.problem.send_modify(|problem| match problem {
            None => {
                *problem = Some(Problem {
                    reason: reason.to_owned(),
                    due,
                    is_told: false,
                });
            }
            Some(known) => {
                reason.clone_into(&mut known.reason);
                known.due = known.due.min(due);
            }
        });
    }

    /// The log can be read. Whether readers were told that it could not.
    pub(super) fn end(&self) -> bool {
        let mut was_told = false;
        // Waking is spared where there was none, which is at nearly every line.
        self.problem.send_if_modified(|problem| {
            let ended = problem.take();
            was_told = ended.as_ref().is_some_and(|problem| problem.is_told);
            ended.is_some()
        });
        was_told
    }

    /// Sends the readers of `stream` the reason whenever it is due. Never returns.
    pub(super) async fn tell(&self, stream: &Stream) {
        let mut problems = self.problem.subscribe();
        loop {
            let untold = problems.borrow_and_update().clone();
            let untold = untold.filter(|problem| !problem.is_told);
            let due = async {
                match &untold {
                    Some(problem) => sleep_until(problem.due).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                changed = problems.changed() => if changed.is_err() {
                    pending::<()>().await;
                },
                () = due => {
                    self.problem.send_modify(|problem| {
                        if let Some(problem) = problem {
                            problem.is_told = true;
                        }
                    });
                    stream.publish_trouble(untold.map(|problem| problem.reason));
                }
            }
        }
    }
}
