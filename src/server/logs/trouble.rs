//! Whether a log can be read at present, and sending its readers the reason if it cannot.
//!
//! Silence alone is no trouble, because a log may have no new lines. Trouble begins with every attempt to
//! read and with every failure, and ends once a new line arrived or an attempt has lasted for a while.

use super::stream::Stream;
use std::{future::pending, time::Duration};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// How long an attempt to read may be without success before readers are notified; together with the time
/// to notice a failure, less than ten seconds.
pub(super) const ATTEMPT: Duration = Duration::from_secs(7);
/// The same if the engine itself does not answer, which takes up to nine seconds to notice, or six until
/// it counts as slow.
pub(super) const ENGINE: Duration = Duration::from_millis(500);

/// The current obstacle to reading a log, if any.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    problem: watch::Sender<Option<Problem>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    reason: String,
    /// When readers are notified, unless the trouble has ended by then.
    due: Instant,
    is_told: bool,
}

impl Trouble {
    /// Begins trouble: readers are sent the `reason` if it has not ended after `patience`. Ongoing trouble
    /// keeps its deadline and takes the new reason.
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

    /// Ends trouble; returns whether readers were notified of it.
    pub(super) fn end(&self) -> bool {
        let mut was_told = false;
        // Avoids waking the task when there was no trouble, as at nearly every line.
        self.problem.send_if_modified(|problem| {
            let ended = problem.take();
            was_told = ended.as_ref().is_some_and(|problem| problem.is_told);
            ended.is_some()
        });
        was_told
    }

    /// Sends the readers of `stream` the reason when it is due. Never returns.
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
