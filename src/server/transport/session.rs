//! What one client follows: shared by every transport that pushes.

use super::{TooManyLogs, following::Following};
use crate::{
    protocol::{Channel, Resume},
    server::{
        actions::Found,
        hub::{Cursor, Frame, Hub},
        logs::{Logs, Start},
    },
};
use std::sync::Arc;
use tokio::sync::watch;

/// What one client follows, and how far it has got.
#[derive(Debug)]
pub struct Session {
    hub: Hub,
    /// At most one a channel, so the number of channels bounds it. They are read in the channels'
    /// order, which puts lists of containers before figures about them. Exactly as much memory as
    /// they need: a map would take several times that, for each of thousands of clients.
    cursors: Vec<Cursor>,
    changes: watch::Receiver<u64>,
    /// Absent with most clients, who follow no log.
    logs: Option<Box<Following>>,
}

impl Session {
    /// A client that follows nothing yet.
    pub fn new(hub: Hub) -> Self {
        Self {
            changes: hub.changes(),
            hub,
            cursors: Vec::new(),
            logs: None,
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
        match self.place(channel) {
            Ok(at) => self.cursors.splice(at..=at, [cursor]).for_each(drop),
            Err(at) => {
                self.cursors.reserve_exact(1);
                self.cursors.insert(at, cursor);
            }
        }
        frames
    }

    /// The name of this run of the server.
    pub fn epoch(&self) -> &str {
        self.hub.epoch()
    }

    /// Follows the log of the container `found` from now on. Doing it again begins anew.
    ///
    /// # Errors
    /// When too many logs are followed already.
    pub fn follow(&mut self, logs: &Logs, found: &Found, start: Start) -> Result<(), TooManyLogs> {
        let following = self.logs.get_or_insert_default();
        following.follow(logs, found, start)
    }

    /// Follows `channel` no more.
    pub fn unsubscribe(&mut self, channel: Channel) {
        if let (Channel::Logs(id), Some(logs)) = (channel, &mut self.logs) {
            logs.leave(id);
            self.logs.take_if(|logs| logs.is_empty());
        }
        if let Ok(at) = self.place(channel) {
            self.cursors.remove(at);
        }
    }

    /// Where the cursor of `channel` is, or would be.
    fn place(&self, channel: Channel) -> Result<usize, usize> {
        self.cursors.binary_search_by_key(&channel, Cursor::channel)
    }

    /// Waits until there may be news.
    pub async fn changed(&mut self) {
        let told = async {
            if self.changes.changed().await.is_err() {
                // The hub is gone, so nothing ever changes again.
                std::future::pending::<()>().await;
            }
        };
        match &self.logs {
            None => told.await,
            Some(logs) => tokio::select! {
                () = told => {}
                () = logs.changed() => {}
            },
        }
    }

    /// All news since the last time.
    pub fn news(&mut self) -> Vec<Arc<Frame>> {
        let mut news = self.hub.catch_up(&mut self.cursors);
        if let Some(logs) = &mut self.logs {
            news.extend(logs.news());
        }
        news
    }

    /// The whole present state of `channel`.
    pub fn snapshot(&self, channel: Channel) -> Vec<Arc<Frame>> {
        self.hub.snapshot(&[channel]).1
    }
}
