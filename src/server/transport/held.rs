//! Requests for logs that arrive before the containers are known.
//!
//! A server that has just started, or whose engine has just started, lists its containers within moments.
//! Until then `not_found` would be a guess, so these requests are held, for a limited time and in a
//! limited number.

use crate::{
    model::{HostId, Right, WorkloadRef},
    protocol::{ApiError, Channel, ErrorCode, Subscribe},
    server::{
        find::{Directory, Found},
        hub::Viewer,
    },
};
use std::{future::pending, time::Duration};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, sleep_until},
};

/// How long a request is held. An engine that has not listed its containers by then is unreachable.
const HOLD: Duration = Duration::from_secs(10);
/// Most requests for single-purpose sockets that are held at once. Each keeps a connection and little
/// else; further ones are answered at once.
const MAX_HELD: usize = 256;
static ROOM: Semaphore = Semaphore::const_new(MAX_HELD);

/// The held subscriptions of one client.
#[derive(Debug)]
pub(super) struct Held {
    /// Each with the time at which it is answered at the latest.
    subscribes: Vec<(Subscribe, Instant)>,
    changes: watch::Receiver<u64>,
}

impl Held {
    pub(super) fn new(viewer: &Viewer) -> Self {
        Self {
            subscribes: Vec::new(),
            changes: viewer.changes(),
        }
    }

    /// Holds a subscription; it replaces an earlier one to the same log.
    pub(super) fn hold(&mut self, subscribe: Subscribe) {
        let channel = subscribe.channel;
        self.subscribes.retain(|(held, _)| held.channel != channel);
        self.subscribes.push((subscribe, Instant::now() + HOLD));
    }

    /// Drops the subscription to the log of `channel`.
    pub(super) fn leave(&mut self, channel: Channel) {
        self.subscribes.retain(|(held, _)| held.channel != channel);
    }

    pub(super) fn len(&self) -> usize {
        self.subscribes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.subscribes.is_empty()
    }

    /// Waits until a subscription may be answered.
    pub(super) async fn changed(&mut self) {
        let first = self.subscribes.iter().map(|(_, until)| *until).min();
        changed(&mut self.changes, first).await;
    }

    /// Removes and returns those that can or must be answered now.
    pub(super) fn take_due(&mut self, directory: &Directory) -> Vec<Subscribe> {
        let now = Instant::now();
        let is_due = |(subscribe, until): &mut (Subscribe, Instant)| {
            *until <= now || directory.has_listed(subscribe.host)
        };
        let due = self.subscribes.extract_if(.., is_due);
        due.map(|(subscribe, _)| subscribe).collect()
    }
}

async fn changed(changes: &mut watch::Receiver<u64>, until: Option<Instant>) {
    let due = async {
        match until {
            Some(until) => sleep_until(until).await,
            None => pending().await,
        }
    };
    tokio::select! {
        // The hub outlives every client.
        changed = changes.changed() => if changed.is_err() {
            pending::<()>().await;
        },
        () = due => {}
    }
}

/// The workload that `named` names; waits until the containers are known.
///
/// # Errors
/// Those of [`Directory::find`].
pub(super) async fn find_once_listed(
    directory: &Directory,
    named: &WorkloadRef,
) -> Result<Found, ApiError> {
    let room = ROOM.try_acquire();
    let (mut changes, until) = (directory.viewer().changes(), Instant::now() + HOLD);
    while room.is_ok() && !directory.has_listed(named.host) && Instant::now() < until {
        changed(&mut changes, Some(until)).await;
    }
    directory.find(named, Right::Logs)
}

/// Whether `error` may be a guess, because the containers are not known yet.
pub(super) fn is_guess(error: &ApiError, directory: &Directory, host: Option<HostId>) -> bool {
    error.code == ErrorCode::NotFound && !directory.has_listed(host)
}
