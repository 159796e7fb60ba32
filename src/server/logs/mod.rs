//! Live logs of workloads: one stream from the engine per workload, shared by all readers.
//!
//! As in the hub, there is no per-client queue: a log is a [`ring`] of its last lines, and a reader
//! ([`Watch`]) is a cursor into it. A reader that is too slow gets a gap with the number of lines that it
//! missed. A stream begins with its first reader, ends some seconds after its last one has left, and
//! continues across restarts of the container and failures of the engine (see [`follow`] and
//! [`position`]).

mod follow;
mod last;
mod position;
mod ring;
mod stream;
#[cfg(test)]
mod tests;
mod trouble;

pub use last::last_lines;
pub use ring::{MAX_BYTES, MAX_LINES};
pub use stream::{Start, Watch};

use super::{
    find::Found,
    hub::Viewer,
    shutdown::{Shutdown, words},
};
use crate::model::WorkloadId;
use follow::Follower;
use futures::FutureExt;
use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use stream::Stream;
use tokio::{sync::Notify, time::timeout};

/// How long a log is followed after its last reader left, so that a reloaded page continues where it was.
const LINGER: Duration = Duration::from_secs(5);

/// All logs that are being followed. A handle: clones share them.
#[derive(Clone, Debug)]
pub struct Logs {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    viewer: Viewer,
    shutdown: Shutdown,
    streams: Mutex<BTreeMap<WorkloadId, Arc<Stream>>>,
    /// No line of an ended stream had a higher number, so old numbers cannot be mistaken for those of a
    /// new stream.
    retired: AtomicU64,
}

impl Logs {
    /// Follows logs of the workloads that `viewer` sees, until `shutdown`.
    pub fn new(viewer: Viewer, shutdown: Shutdown) -> Self {
        Self {
            inner: Arc::new(Inner {
                viewer,
                shutdown,
                streams: Mutex::default(),
                retired: AtomicU64::new(0),
            }),
        }
    }

    /// Reads the log of the container `found` from `start` on. `waker` is notified when there may be new
    /// lines.
    pub fn watch(&self, found: &Found, start: Start, waker: Arc<Notify>) -> Watch {
        let mut streams = self.streams();
        if let Some(stream) = streams.get(&found.id) {
            return stream.join(start, waker);
        }
        // Leaves room for older lines, which get lower numbers.
        let first_seq = self.inner.retired.load(Ordering::Relaxed) + MAX_LINES as u64 + 1;
        let stream = Arc::new(Stream::new(found.id, first_seq));
        streams.insert(found.id, Arc::clone(&stream));
        // Joined before the task starts, which ends a stream without readers.
        let watch = stream.join(start, waker);
        drop(streams);
        let follower = Follower::new(self.inner.viewer.clone(), found.log(), Arc::clone(&stream));
        let (logs, token) = (self.clone(), self.inner.shutdown.token());
        self.inner.shutdown.spawn("log", async move {
            let reading = async {
                tokio::select! {
                    () = token.cancelled() => {}
                    () = follower.run() => {}
                    () = stream.trouble.tell(&stream) => {}
                    () = logs.deserted(&stream) => {}
                }
            };
            if let Err(panic) = AssertUnwindSafe(reading).catch_unwind().await {
                tracing::error!("the reading of a log broke down: {}", words(&*panic));
                let reason = "Deckwatch failed to read this log; open it again.";
                stream.publish_trouble(Some(reason.to_owned()));
            }
            logs.retire(&stream);
        });
        watch
    }

    /// The number of logs that are being followed.
    pub fn followed(&self) -> usize {
        self.streams().len()
    }

    /// Returns when `stream` has had no reader for a while, after removing it so that no reader can join.
    async fn deserted(&self, stream: &Arc<Stream>) {
        let mut readers = stream.readers.subscribe();
        loop {
            let is_deserted = stream.is_deserted();
            let changed = readers.changed();
            // The sender is part of the stream, so `changed` cannot fail here.
            if !is_deserted {
                let _ = changed.await;
                continue;
            }
            if timeout(LINGER, changed).await.is_ok() {
                continue;
            }
            let mut streams = self.streams();
            if stream.is_deserted() {
                self.remove(&mut streams, stream);
                return;
            }
        }
    }

    fn retire(&self, stream: &Arc<Stream>) {
        self.remove(&mut self.streams(), stream);
    }

    fn remove(&self, streams: &mut BTreeMap<WorkloadId, Arc<Stream>>, stream: &Arc<Stream>) {
        let is_it = |known: &Arc<Stream>| Arc::ptr_eq(known, stream);
        if streams.get(&stream.id).is_some_and(is_it) {
            streams.remove(&stream.id);
        }
        let retired = &self.inner.retired;
        retired.fetch_max(stream.next_seq(), Ordering::Relaxed);
    }

    fn streams(&self) -> MutexGuard<'_, BTreeMap<WorkloadId, Arc<Stream>>> {
        self.inner
            .streams
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
