//! Tracks whether the engine still answers, from which the state of the source follows.
//!
//! Only the calls without which nothing correct can be shown count: the lists of containers. Failures of
//! other calls affect only their part of the page.

use super::{
    api::{Api, QUICK_TIMEOUT, ReadError},
    inventory::Scope,
};
use crate::model::ContainerId;
use futures::{FutureExt, future::BoxFuture};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Interval of probes. With their timeout of [`QUICK_TIMEOUT`] and two failures an engine that answers no
/// lists is detected within eight seconds; a probe takes it less than a millisecond.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);
const _: () = assert!(PROBE_INTERVAL.as_secs() + 2 * QUICK_TIMEOUT.as_secs() < 10);
/// Consecutive failures after which the engine counts as lost.
const MAX_FAILURES: u8 = 2;
/// Pause before a failed list is requested again.
pub(super) const RETRY: Duration = Duration::from_millis(250);

/// Consecutive failures per kind of list.
#[derive(Debug, Default)]
pub(super) struct Failures {
    all: u8,
    some: u8,
    probe: u8,
}

impl Failures {
    /// Records the result of a list; `None` after a failure that is tolerated.
    ///
    /// # Errors
    /// After [`MAX_FAILURES`] failures in a row.
    pub(super) fn on_list<T>(
        &mut self,
        scope: &Scope,
        result: Result<T, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        let failures = match scope {
            Scope::All => &mut self.all,
            Scope::Only(_) => &mut self.some,
        };
        count(failures, result)
    }

    /// Records the result of a probe.
    ///
    /// # Errors
    /// After [`MAX_FAILURES`] failures in a row.
    pub(super) fn on_probe(&mut self, result: Result<(), ReadError>) -> Result<(), ReadError> {
        count(&mut self.probe, result).map(drop)
    }

    /// Whether the last request of any kind has failed.
    pub(super) fn any(&self) -> bool {
        self.all > 0 || self.some > 0 || self.probe > 0
    }
}

fn count<T>(failures: &mut u8, result: Result<T, ReadError>) -> Result<Option<T>, ReadError> {
    match result {
        Ok(value) => {
            *failures = 0;
            Ok(Some(value))
        }
        Err(error) => {
            *failures += 1;
            if *failures >= MAX_FAILURES {
                return Err(error);
            }
            tracing::debug!(%error, "no list of containers, requesting it again");
            Ok(None)
        }
    }
}

/// Probes the engine with small lists; full lists are too infrequent to detect a lost engine within ten
/// seconds.
pub(super) struct Probe {
    api: Api,
    due: Instant,
    pending: Option<BoxFuture<'static, Result<(), ReadError>>>,
}

impl Probe {
    pub(super) fn new(api: Api) -> Self {
        Self {
            api,
            due: Instant::now() + PROBE_INTERVAL,
            pending: None,
        }
    }

    /// Waits for the next answer. `id` is any container. After a failure the next probe follows almost at
    /// once, as its timeout was a pause already. Cancel safe.
    pub(super) async fn next(&mut self, id: Option<ContainerId>) -> Result<(), ReadError> {
        loop {
            match &mut self.pending {
                None => {
                    sleep_until(self.due).await;
                    let api = self.api.clone();
                    self.pending = Some(async move { api.probe(id).await }.boxed());
                }
                Some(pending) => {
                    let result = pending.await;
                    self.pending = None;
                    let pause = if result.is_ok() {
                        PROBE_INTERVAL
                    } else {
                        RETRY
                    };
                    self.due = Instant::now() + pause;
                    return result;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::errors::Error;

    fn failure<T>() -> Result<T, ReadError> {
        Err(Error::RequestTimeoutError.into())
    }

    #[test]
    fn two_consecutive_failures_of_one_kind_lose_the_engine() {
        let mut failures = Failures::default();
        assert!(failures.on_probe(failure()).is_ok());
        assert!(failures.any());
        assert!(
            failures
                .on_list::<()>(&Scope::All, failure())
                .unwrap()
                .is_none()
        );
        assert!(failures.on_probe(Ok(())).is_ok());
        assert!(failures.any(), "the full list is still failing");
        assert!(failures.on_probe(failure()).is_ok());
        assert!(failures.on_list(&Scope::All, Ok(())).unwrap().is_some());
        assert!(failures.on_probe(failure()).is_err());
    }

    #[test]
    fn a_success_resets_the_failures() {
        let mut failures = Failures::default();
        for _ in 0..5 {
            assert!(failures.on_probe(failure()).is_ok());
            assert!(failures.on_probe(Ok(())).is_ok());
            assert!(!failures.any());
        }
    }
}
