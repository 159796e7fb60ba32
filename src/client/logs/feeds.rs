//! The logs that are followed: one subscription per container, however many viewers.
//!
//! Orders of viewers and messages of the server go in; messages for the server come out, and news
//! for the viewers. Pure: the driver sends what is returned while its socket is open, and asks by
//! HTTP while it is not. The clock is an argument (milliseconds).

use super::{Following, LogNews, LogOrder, LogRequest, Place};
use crate::{
    model::{LogEndReason, LogLine, WorkloadId, WorkloadKey},
    protocol::{Channel, ClientMessage, MAX_LOG_TAIL, ServerMessage, Subscribe, Unsubscribe},
};
use std::collections::BTreeMap;

/// How long after a refusal the log is subscribed to again: a server that has just started does not
/// know its containers yet.
const RETRY_MS: f64 = 2_000.0;

/// The logs that are followed.
#[derive(Debug, Default)]
pub struct Feeds {
    /// By kind and id, as the server's channels are.
    feeds: BTreeMap<WorkloadKey, Feed>,
    /// The server's run, whose sequence numbers its lines have.
    epoch: String,
}

/// One log and its viewers.
#[derive(Debug)]
struct Feed {
    request: LogRequest,
    viewers: Vec<Following>,
    place: Place,
    /// Subscriptions that the server has not confirmed yet: until then, what comes is of an earlier
    /// one.
    awaited: u32,
    /// The container is removed.
    is_over: bool,
    /// When the server refused the subscription.
    refused_at: Option<f64>,
}

impl Feeds {
    /// Does what a viewer asks. Returns what to send if the socket is open.
    pub fn order(&mut self, order: LogOrder, is_open: bool) -> Vec<ClientMessage> {
        match order {
            LogOrder::Follow(following) => self.follow(following, is_open),
            LogOrder::Leave(viewer, id) => self.leave(viewer, id),
        }
    }

    /// A connection to the server's run `epoch` is open: goes on with every log. Returns what to
    /// send.
    pub fn on_connect(&mut self, epoch: &str) -> Vec<ClientMessage> {
        epoch.clone_into(&mut self.epoch);
        let open = self.feeds.values_mut().filter(|feed| !feed.is_over);
        let subscribe = open.map(|feed| {
            feed.awaited = 0;
            feed.subscribe()
        });
        subscribe.collect()
    }

    /// Subscribes again to what was refused a while before `now`. Returns what to send.
    pub fn retry(&mut self, now: f64) -> Vec<ClientMessage> {
        let due = now - RETRY_MS;
        let refused = self
            .feeds
            .values_mut()
            .filter(|feed| feed.refused_at.is_some_and(|at| at < due));
        refused.map(Feed::subscribe).collect()
    }

    /// Takes a message that is about a log; gives back any other.
    pub fn hear(&mut self, message: ServerMessage, now: f64) -> Option<ServerMessage> {
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
            feed.hear(message, &self.epoch, now);
        }
        None
    }

    /// What to ask for by HTTP: each log that is followed, from where it was read to.
    pub fn requests(&mut self) -> Vec<LogRequest> {
        let open = self.feeds.values_mut().filter(|feed| !feed.is_over);
        let requests = open.map(|feed| {
            feed.place.interrupt_without_cursor();
            feed.request_from_here()
        });
        requests.collect()
    }

    /// Takes lines that came by HTTP.
    pub fn take_polled(&mut self, id: WorkloadId, lines: Vec<LogLine>) {
        if let Some(feed) = self.feeds.get_mut(&id.key) {
            feed.take(None, lines);
        }
    }

    fn follow(&mut self, following: Following, is_open: bool) -> Vec<ClientMessage> {
        let id = following.request.id;
        let mut messages = Vec::new();
        // The others begin anew together with the new one, so that all have the same.
        let mut viewers = self.feeds.remove(&id.key).map_or_else(Vec::new, |feed| {
            messages.push(unsubscribe(id));
            feed.viewers
        });
        viewers.retain(|viewer| viewer.viewer != following.viewer);
        let request = following.request.clone();
        viewers.push(following);
        let mut feed = Feed {
            request,
            viewers,
            place: Place::default(),
            awaited: 0,
            is_over: false,
            refused_at: None,
        };
        feed.tell(LogNews::Begin);
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
    fn tell(&self, news: LogNews) {
        if let Some((last, others)) = self.viewers.split_last() {
            for viewer in others {
                (viewer.tell)(self.request.id, news.clone());
            }
            (last.tell)(self.request.id, news);
        }
    }

    /// The request of its viewers, or what follows the last line: what was missed is wanted as far
    /// as it can be had.
    fn request_from_here(&self) -> LogRequest {
        let begun = self.place.since();
        LogRequest {
            tail: begun.map_or(self.request.tail, |_| MAX_LOG_TAIL),
            since: begun.or(self.request.since),
            ..self.request.clone()
        }
    }

    fn subscribe(&mut self) -> ClientMessage {
        self.awaited += 1;
        self.refused_at = None;
        self.place.interrupt();
        let request = self.request_from_here();
        ClientMessage::Subscribe(Subscribe {
            resume: self.place.resume(),
            tail: Some(request.tail),
            since: request.since,
            after: self.place.cursor(),
            host: request.id.scope.host(),
            ..Subscribe::to(Channel::logs(request.id.key))
        })
    }

    fn hear(&mut self, message: ServerMessage, epoch: &str, now: f64) {
        match message {
            ServerMessage::Subscribed { .. } => {
                self.awaited = self.awaited.saturating_sub(1);
                self.tell(LogNews::Lines(Vec::new()));
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
                self.place.set_cursor(cursor);
            }
            ServerMessage::LogGap { missing, .. } => self.tell(LogNews::Gap(missing)),
            ServerMessage::LogEnd {
                reason, message, ..
            } => {
                self.is_over = reason == LogEndReason::ContainerRemoved;
                self.tell(LogNews::End(reason, message));
            }
            _ => {}
        }
    }

    fn take(&mut self, epoch: Option<&str>, mut lines: Vec<LogLine>) {
        lines.retain(|line| self.place.take(epoch, line));
        if !lines.is_empty() {
            self.tell(LogNews::Lines(lines));
        }
    }

    fn refuse(&mut self, reason: String, now: f64) {
        if !self.is_over {
            self.refused_at = Some(now);
            self.tell(LogNews::Refused(reason));
        }
    }
}

fn unsubscribe(id: WorkloadId) -> ClientMessage {
    let channel = Channel::logs(id.key);
    ClientMessage::Unsubscribe(Unsubscribe { channel })
}

#[cfg(test)]
mod tests;
