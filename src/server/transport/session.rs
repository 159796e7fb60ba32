//! What one client follows: shared by every transport that pushes.

use crate::{
    protocol::{Channel, Resume},
    server::hub::{Cursor, Frame, Viewer},
};
use std::sync::Arc;

/// What one client follows, and how far it has got.
#[derive(Debug)]
pub struct Session {
    viewer: Viewer,
    /// At most one per channel, so the number of channels bounds it. They are read in the channels'
    /// order, which puts lists of containers before figures about them. Exactly as much memory as
    /// they need: a map would take several times that, for each of thousands of clients.
    cursors: Vec<Cursor>,
}

impl Session {
    /// A client that follows nothing yet.
    pub const fn new(viewer: Viewer) -> Self {
        Self {
            viewer,
            cursors: Vec::new(),
        }
    }

    /// Follows `channel` from now on; what is to be sent at once. Doing it again begins anew.
    pub fn subscribe(
        &mut self,
        channel: Channel,
        delta: bool,
        resume: Option<&Resume>,
    ) -> Vec<Arc<Frame>> {
        let (frames, cursor) = self.viewer.subscribe(channel, delta, resume);
        match self.place(channel) {
            Ok(at) => self.cursors.splice(at..=at, [cursor]).for_each(drop),
            Err(at) => {
                self.cursors.reserve_exact(1);
                self.cursors.insert(at, cursor);
            }
        }
        frames
    }

    /// Follows `channel` no more.
    pub fn unsubscribe(&mut self, channel: Channel) {
        if let Ok(at) = self.place(channel) {
            self.cursors.remove(at);
        }
    }

    /// Where the cursor of `channel` is, or would be.
    fn place(&self, channel: Channel) -> Result<usize, usize> {
        self.cursors.binary_search_by_key(&channel, Cursor::channel)
    }

    /// Everything published since the last time.
    pub fn catch_up(&mut self) -> Vec<Arc<Frame>> {
        self.viewer.catch_up(&mut self.cursors)
    }

    /// The whole present state of `channel`.
    pub fn snapshot(&self, channel: Channel) -> Vec<Arc<Frame>> {
        self.viewer.snapshot(&[channel]).1
    }
}
