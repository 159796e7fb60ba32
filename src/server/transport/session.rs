//! What one client follows: shared by every transport that pushes.

use crate::{
    protocol::{Channel, Resume},
    server::hub::{Cursor, Frame, Hub},
};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::watch;

/// What one client follows, and how far it has got.
#[derive(Debug)]
pub struct Session {
    hub: Hub,
    /// At most one a channel, so the number of channels bounds it. They are read in the channels'
    /// order, which puts lists of containers before figures about them.
    cursors: BTreeMap<Channel, Cursor>,
    changes: watch::Receiver<u64>,
}

impl Session {
    /// A client that follows nothing yet.
    pub fn new(hub: Hub) -> Self {
        Self {
            changes: hub.changes(),
            hub,
            cursors: BTreeMap::new(),
        }
    }

    /// Follows `channel` from now on; what is to be sent at once. Doing it again begins anew.
    pub fn subscribe(
        &mut self,
        channel: Channel,
        delta: bool,
        resume: Option<&Resume>,
    ) -> Vec<Arc<Frame>> {
        let (frames, cursor) = self.hub.subscribe(channel, delta, resume);
        self.cursors.insert(channel, cursor);
        frames
    }

    /// Follows `channel` no more.
    pub fn unsubscribe(&mut self, channel: Channel) {
        self.cursors.remove(&channel);
    }

    /// Waits until there may be news.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            // The hub is gone, so nothing ever changes again.
            std::future::pending::<()>().await;
        }
    }

    /// All news since the last time.
    pub fn news(&mut self) -> Vec<Arc<Frame>> {
        let cursors = self.cursors.values_mut();
        cursors
            .flat_map(|cursor| self.hub.catch_up(cursor))
            .collect()
    }

    /// The whole present state of `channel`.
    pub fn snapshot(&self, channel: Channel) -> Vec<Arc<Frame>> {
        self.hub.snapshot(&[channel]).1
    }
}
