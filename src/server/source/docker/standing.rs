//! How well the engine answers, from which the state of the source follows.
//!
//! Only what is needed for the truth counts: the list of containers, and the events that tell when it
//! changes. What else fails costs the part of the page that it is for.

use super::{
    api::{Api, QUICK_TIMEOUT, ReadError},
    inventory::Scope,
};
use crate::model::ContainerId;
use futures::{FutureExt, future::BoxFuture};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Between two small lists. With their deadline of [`QUICK_TIMEOUT`] and two strikes an engine that
/// makes no lists is noticed within eight seconds; the small list takes it less than a millisecond.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);
const _: () = assert!(PROBE_INTERVAL.as_secs() + 2 * QUICK_TIMEOUT.as_secs() < 10);
/// Failures in a row after which the engine counts as lost.
const STRIKES: u8 = 2;
/// Before a list that failed is asked for again.
pub(super) const RETRY: Duration = Duration::from_millis(250);

/// Failures in a row, of each kind of list.
#[derive(Debug, Default)]
pub(super) struct Strikes {
    all: u8,
    some: u8,
    probe: u8,
}

impl Strikes {
    /// A list was answered, or not. Returns the error with which the engine counts as lost.
    ///
    /// # Errors
    /// After [`STRIKES`] failures in a row.
    pub(super) fn on_list<T>(
        &mut self,
        scope: &Scope,
        result: Result<T, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        let strikes = match scope {
            Scope::All => &mut self.all,
            Scope::Only(_) => &mut self.some,
        };
        count(strikes, result)
    }

    /// The same of a probe.
    ///
    /// # Errors
    /// After [`STRIKES`] failures in a row.
    pub(super) fn on_probe(&mut self, result: Result<(), ReadError>) -> Result<(), ReadError> {
        count(&mut self.probe, result).map(drop)
    }

    /// Whether the last list of some kind failed.
    pub(super) fn any(&self) -> bool {
        self.all > 0 || self.some > 0 || self.probe > 0
    }
}

fn count<T>(strikes: &mut u8, result: Result<T, ReadError>) -> Result<Option<T>, ReadError> {
    match result {
        Ok(value) => {
            *strikes = 0;
            Ok(Some(value))
        }
        Err(error) => {
            *strikes += 1;
            if *strikes >= STRIKES {
                return Err(error);
            }
            tracing::debug!(%error, "no list of containers, asking again");
            Ok(None)
        }
    }
}

/// Small lists, asked for all the time: a full list is asked for too seldom to notice within ten
/// seconds that there are none.
pub(super) struct Probe {
    api: Api,
    due: Instant,
    asking: Option<BoxFuture<'static, Result<(), ReadError>>>,
}

impl Probe {
    pub(super) fn new(api: Api) -> Self {
        Self {
            api,
            due: Instant::now() + PROBE_INTERVAL,
            asking: None,
        }
    }

    /// Waits for the next answer. `id` is any container. After a failure the next one is asked for at
    /// once: it has already taken its time. Cancel safe.
    pub(super) async fn next(&mut self, id: Option<ContainerId>) -> Result<(), ReadError> {
        loop {
            match &mut self.asking {
                None => {
                    sleep_until(self.due).await;
                    let api = self.api.clone();
                    self.asking = Some(async move { api.probe(id).await }.boxed());
                }
                Some(asking) => {
                    let result = asking.await;
                    self.asking = None;
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
    fn two_failures_in_a_row_of_one_kind_lose_the_engine() {
        let mut strikes = Strikes::default();
        assert!(strikes.on_probe(failure()).is_ok());
        assert!(strikes.any());
        assert!(
            strikes
                .on_list::<()>(&Scope::All, failure())
                .unwrap()
                .is_none()
        );
        assert!(strikes.on_probe(Ok(())).is_ok());
        assert!(strikes.any(), "the full list still fails");
        assert!(strikes.on_probe(failure()).is_ok());
        assert!(strikes.on_list(&Scope::All, Ok(())).unwrap().is_some());
        assert!(strikes.on_probe(failure()).is_err());
    }

    #[test]
    fn a_success_forgives_one_failure() {
        let mut strikes = Strikes::default();
        for _ in 0..5 {
            assert!(strikes.on_probe(failure()).is_ok());
            assert!(strikes.on_probe(Ok(())).is_ok());
            assert!(!strikes.any());
        }
    }
}
