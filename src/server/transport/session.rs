//! The subscriptions of one client, shared by every transport that pushes.

use crate::{
    protocol::{Channel, Resume},
    server::{
        hub::{Cursor, Frame, Viewer},
        instruments::Instruments,
    },
};
use std::sync::Arc;

/// The subscriptions of one client, and its position in each channel.
#[derive(Debug)]
pub struct Session {
    viewer: Viewer,
    /// At most one per channel, so the number of channels bounds it. Sorted by channel, which puts lists
    /// of containers before their stats. Not a map, which would take several times the memory, for each of
    /// thousands of clients.
    cursors: Vec<Cursor>,
}

impl Session {
    /// A session without subscriptions.
    pub const fn new(viewer: Viewer) -> Self {
        Self {
            viewer,
            cursors: Vec::new(),
        }
    }

    /// Subscribes to `channel` and returns the frames to send now. A repeated call starts again.
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

    /// Subscribes to all channels again, with what `viewer` sees; returns the snapshots.
    pub fn begin_again(&mut self, viewer: Viewer) -> Vec<Arc<Frame>> {
        self.viewer = viewer;
        let mut frames = Vec::new();
        for cursor in &mut self.cursors {
            let (channel, delta) = (cursor.channel(), cursor.is_delta());
            let (snapshot, subscribed) = self.viewer.subscribe(channel, delta, None);
            *cursor = subscribed;
            frames.extend(snapshot);
        }
        frames
    }

    /// Unsubscribes from `channel`.
    pub fn unsubscribe(&mut self, channel: Channel) {
        if let Ok(at) = self.place(channel) {
            self.cursors.remove(at);
        }
    }

    /// The index of the cursor of `channel`, or where to insert it.
    fn place(&self, channel: Channel) -> Result<usize, usize> {
        self.cursors.binary_search_by_key(&channel, Cursor::channel)
    }

    /// All frames published since the last call.
    pub fn catch_up(&mut self) -> Vec<Arc<Frame>> {
        self.viewer.catch_up(&mut self.cursors)
    }

    /// The counters of the server.
    pub fn instruments(&self) -> &Instruments {
        self.viewer.instruments()
    }

    /// A snapshot of `channel`.
    pub fn snapshot(&self, channel: Channel) -> Vec<Arc<Frame>> {
        self.viewer.snapshot(&[channel]).1
    }
}
