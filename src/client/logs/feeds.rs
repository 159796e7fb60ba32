//! The logs that are followed: one subscription per container, however many viewers it has. Orders of
//! viewers and messages of the server come in; messages for the server and updates for the viewers go out.
//! Pure: the driver sends what is returned while its socket is open, and polls by HTTP while it is not. The
//! clock is an argument (milliseconds).

use super::{Follower, LogOrder, LogRequest, LogUpdate, Progress};
use crate::{
    model::{LogEndReason, LogLine, WorkloadId, WorkloadKey},
    protocol::{Channel, ClientMessage, MAX_LOG_TAIL, ServerMessage, Subscribe, Unsubscribe},
};
use std::collections::BTreeMap;

/// Pause after a refusal until the log is subscribed to again: a server that has just started does not know
/// its containers yet.
const RETRY_MS: f64 = 2_000.0;

/// The logs that are followed.
#[derive(Debug, Default)]
pub struct Feeds {
    /// By kind and id, like the server's channels.
    feeds: BTreeMap<WorkloadKey, Feed>,
    /// The epoch of the server, to which the sequence numbers of lines belong.
    epoch: String,
}

/// One log and its viewers.
#[derive(Debug)]
struct Feed {
    request: LogRequest,
    viewers: Vec<Follower>,
    progress: Progress,
    /// Number of subscriptions that the server has not confirmed yet; until then, its messages belong to an
    /// earlier one.
    awaited: u32,
    /// Whether the container was removed.
    is_removed: bool,
    /// When the server refused the subscription.
    refused_at: Option<f64>,
}

impl Feeds {
    /// Handles a viewer's order. Returns the messages to send if the socket is open.
    pub fn order(&mut self, order: LogOrder, is_open: bool) -> Vec<ClientMessage> {
        match order {
            LogOrder::Follow(follower) => self.follow(follower, is_open),
            LogOrder::Leave(viewer, id) => self.leave(viewer, id),
        }
    }

    /// Subscribes to every log again, on a new connection to a server with this `epoch`. Returns the
    /// messages to send.
    pub fn on_connect(&mut self, epoch: &str) -> Vec<ClientMessage> {
        epoch.clone_into(&mut self.epoch);
        let open = self.feeds.values_mut().filter(|feed| !feed.is_removed);
        let subscribe = open.map(|feed| {
            feed.awaited = 0;
            feed.subscribe()
        });
        subscribe.collect()
    }

    /// Retries subscriptions that were refused before `now` minus the pause. Returns the messages to send.
    pub fn retry(&mut self, now: f64) -> Vec<ClientMessage> {
        let due = now - RETRY_MS;
        let refused = self
            .feeds
            .values_mut()
            .filter(|feed| feed.refused_at.is_some_and(|at| at < due));
        refused.map(Feed::subscribe).collect()
    }

    /// Handles a message about a log; returns any other message.
    pub fn receive(&mut self, message: ServerMessage, now: f64) -> Option<ServerMessage> {
        let channel = match &message {
            ServerMessage::Subscribed { channel }
            | ServerMessage::Unsubscribed { channel, .. }
            | ServerMessage::Log { channel, .. }
            | ServerMessage::LogGap { channel, .. }
            | ServerMessage::LogEnd { channel, .. } => *channel,
            _ => return Some(message),
        };
        let Some(key) = channel.logged() else {
            return Some(message);
        };
        if let Some(feed) = self.feeds.get_mut(&key) {
            feed.receive(message, &self.epoch, now);
        }
        None
    }

    /// The requests for polling: each followed log, from where it was read to.
    pub fn requests(&mut self) -> Vec<LogRequest> {
        let open = self.feeds.values_mut().filter(|feed| !feed.is_removed);
        let requests = open.map(|feed| {
            feed.progress.interrupt_without_cursor();
            feed.request_from_here()
        });
        requests.collect()
    }

    /// Handles lines that were polled.
    pub fn take_polled(&mut self, id: WorkloadId, lines: Vec<LogLine>) {
        if let Some(feed) = self.feeds.get_mut(&id.key) {
            feed.take(None, lines);
        }
    }

    fn follow(&mut self, follower: Follower, is_open: bool) -> Vec<ClientMessage> {
        let id = follower.request.id;
        let mut messages = Vec::new();
        // All viewers start over together with the new one, so that all have the same lines.
        let mut viewers = self.feeds.remove(&id.key).map_or_else(Vec::new, |feed| {
            messages.push(unsubscribe(id));
            feed.viewers
        });
        viewers.retain(|viewer| viewer.viewer != follower.viewer);
        let request = follower.request.clone();
        viewers.push(follower);
        let mut feed = Feed {
            request,
            viewers,
            progress: Progress::default(),
            awaited: 0,
            is_removed: false,
            refused_at: None,
        };
        feed.notify(LogUpdate::Begin);
        if is_open {
            messages.push(feed.subscribe());
        }
        self.feeds.insert(id.key, feed);
        messages
    }

    fn leave(&mut self, viewer: u64, id: WorkloadId) -> Vec<ClientMessage> {
        let Some(feed) = self.feeds.get_mut(&id.key) else {
            return Vec::new();
        };
        feed.viewers.retain(|known| known.viewer != viewer);
        if !feed.viewers.is_empty() {
            return Vec::new();
        }
        self.feeds.remove(&id.key);
        vec![unsubscribe(id)]
    }
}

impl Feed {
    fn notify(&self, update: LogUpdate) {
        if let Some((last, others)) = self.viewers.split_last() {
            for viewer in others {
                (viewer.notify)(self.request.id, update.clone());
            }
            (last.notify)(self.request.id, update);
        }
    }

    /// The request of the viewers, or the lines after the last one: as many of the missed lines as
    /// possible.
    fn request_from_here(&self) -> LogRequest {
        let begun = self.progress.since();
        LogRequest {
            tail: begun.map_or(self.request.tail, |_| MAX_LOG_TAIL),
            since: begun.or(self.request.since),
            ..self.request.clone()
        }
    }

    fn subscribe(&mut self) -> ClientMessage {
        self.awaited += 1;
        self.refused_at = None;
        self.progress.interrupt();
        let request = self.request_from_here();
        ClientMessage::Subscribe(Subscribe {
            resume: self.progress.resume(),
            tail: Some(request.tail),
            since: request.since,
            after: self.progress.cursor(),
            host: request.id.scope.host(),
            ..Subscribe::to(Channel::logs(request.id.key))
        })
    }

    fn receive(&mut self, message: ServerMessage, epoch: &str, now: f64) {
        match message {
            ServerMessage::Subscribed { .. } => {
                self.awaited = self.awaited.saturating_sub(1);
                self.notify(LogUpdate::Lines(Vec::new()));
            }
            ServerMessage::Unsubscribed {
                reason: Some(reason),
                ..
            } => {
                self.awaited = self.awaited.saturating_sub(1);
                self.refuse(reason, now);
            }
            _ if self.awaited > 0 => {}
            ServerMessage::Log { lines, cursor, .. } => {
                self.take(Some(epoch), lines);
                self.progress.set_cursor(cursor);
            }
            ServerMessage::LogGap { missing, .. } => self.notify(LogUpdate::Gap(missing)),
            ServerMessage::LogEnd {
                reason, message, ..
            } => {
                self.is_removed = reason == LogEndReason::ContainerRemoved;
                self.notify(LogUpdate::End(reason, message));
            }
            _ => {}
        }
    }

    fn take(&mut self, epoch: Option<&str>, mut lines: Vec<LogLine>) {
        lines.retain(|line| self.progress.accept(epoch, line));
        if !lines.is_empty() {
            self.notify(LogUpdate::Lines(lines));
        }
    }

    fn refuse(&mut self, reason: String, now: f64) {
        if !self.is_removed {
            self.refused_at = Some(now);
            self.notify(LogUpdate::Refused(reason));
        }
    }
}

fn unsubscribe(id: WorkloadId) -> ClientMessage {
    let channel = Channel::logs(id.key);
    ClientMessage::Unsubscribe(Unsubscribe { channel })
}

#[cfg(test)]
mod tests;
