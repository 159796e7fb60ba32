//! The logs that are followed: one subscription each, however many viewers.

use super::super::{browser, socket::Socket};
use crate::{
    client::logs::{Following, LogNews, LogOrder, LogRequest, Place},
    model::{ContainerId, LogEndReason, LogLine},
    protocol::{Channel, ClientMessage, MAX_LOG_TAIL, ServerMessage, Subscribe, Unsubscribe},
};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

/// After which what was refused is asked for again.
const RETRY_MS: f64 = 2_000.0;

/// The logs that are followed. A handle: copies share everything.
#[derive(Clone, Default)]
pub(in crate::client::driver) struct Feeds {
    inner: Rc<RefCell<Inner>>,
}

#[derive(Default)]
struct Inner {
    feeds: BTreeMap<ContainerId, Feed>,
    /// This run of the server.
    epoch: String,
}

struct Feed {
    request: LogRequest,
    viewers: Vec<Following>,
    place: Place,
    /// Subscriptions whose beginning has not been heard of yet: until then, what comes is of an
    /// earlier one.
    awaited: u32,
    /// The container is gone.
    is_over: bool,
    /// When the server refused it, by this browser's clock.
    refused_at: Option<f64>,
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

    fn subscribe(&mut self, socket: &Socket) {
        self.awaited += 1;
        self.refused_at = None;
        self.place.interrupt();
        let begun = self.place.since();
        socket.say(&ClientMessage::Subscribe(Subscribe {
            resume: self.place.resume(),
            // What was missed is wanted as far as it can be had.
            tail: Some(if begun.is_some() {
                MAX_LOG_TAIL
            } else {
                self.request.tail
            }),
            since: begun.or(self.request.since),
            after: self.place.cursor(),
            host: self.request.host.clone(),
            ..Subscribe::to(Channel::Logs(self.request.id))
        }));
    }

    fn take(&mut self, epoch: Option<&str>, mut lines: Vec<LogLine>) {
        lines.retain(|line| self.place.take(epoch, line));
        if !lines.is_empty() {
            self.tell(LogNews::Lines(lines));
        }
    }
}

impl Feeds {
    /// Does what a viewer asks, over the socket when that is open.
    pub(in crate::client::driver) fn order(&self, order: LogOrder, socket: Option<&Socket>) {
        let inner = &mut *self.inner.borrow_mut();
        match order {
            LogOrder::Follow(following) => inner.follow(following, socket),
            LogOrder::Leave(viewer, id) => inner.leave(viewer, id, socket),
        }
    }

    /// A connection to the server's run `epoch` is open: goes on with every log.
    pub(in crate::client::driver) fn on_connect(&self, epoch: &str, socket: &Socket) {
        let inner = &mut *self.inner.borrow_mut();
        epoch.clone_into(&mut inner.epoch);
        for feed in inner.feeds.values_mut().filter(|feed| !feed.is_over) {
            feed.awaited = 0;
            feed.subscribe(socket);
        }
    }

    /// Asks again for what was refused a while ago: a server that has just started does not know
    /// its containers yet.
    pub(in crate::client::driver) fn retry(&self, socket: Option<&Socket>) {
        let Some(socket) = socket else { return };
        let due = browser::now_ms() - RETRY_MS;
        for feed in self.inner.borrow_mut().feeds.values_mut() {
            if feed.refused_at.is_some_and(|at| at < due) {
                feed.subscribe(socket);
            }
        }
    }

    /// Takes what is about a log; gives back what is not.
    pub(in crate::client::driver) fn hear(&self, message: ServerMessage) -> Option<ServerMessage> {
        let inner = &mut *self.inner.borrow_mut();
        let channel = match &message {
            ServerMessage::Subscribed { channel }
            | ServerMessage::Unsubscribed { channel, .. }
            | ServerMessage::Log { channel, .. }
            | ServerMessage::LogGap { channel, .. }
            | ServerMessage::LogEnd { channel, .. } => *channel,
            _ => return Some(message),
        };
        let Channel::Logs(id) = channel else {
            return Some(message);
        };
        let feed = inner.feeds.get_mut(&id)?;
        if matches!(message, ServerMessage::Subscribed { .. }) {
            feed.awaited = feed.awaited.saturating_sub(1);
            feed.tell(LogNews::Lines(Vec::new()));
        } else if let ServerMessage::Unsubscribed {
            reason: Some(reason),
            ..
        } = message
        {
            feed.awaited = feed.awaited.saturating_sub(1);
            feed.refuse(reason);
        } else if feed.awaited == 0 {
            feed.hear(message, &inner.epoch);
        }
        None
    }

    /// Each log that is followed, with what to ask for by HTTP.
    pub(super) fn requests(&self) -> Vec<LogRequest> {
        let inner = &mut *self.inner.borrow_mut();
        let open = inner.feeds.values_mut().filter(|feed| !feed.is_over);
        let requests = open.map(|feed| {
            feed.place.interrupt_without_cursor();
            let begun = feed.place.since();
            LogRequest {
                tail: if begun.is_some() {
                    MAX_LOG_TAIL
                } else {
                    feed.request.tail
                },
                since: begun.or(feed.request.since),
                ..feed.request.clone()
            }
        });
        requests.collect()
    }

    /// Takes lines that came by HTTP.
    pub(super) fn take_polled(&self, id: ContainerId, lines: Vec<LogLine>) {
        if let Some(feed) = self.inner.borrow_mut().feeds.get_mut(&id) {
            feed.take(None, lines);
        }
    }
}

impl Inner {
    fn follow(&mut self, following: Following, socket: Option<&Socket>) {
        let id = following.request.id;
        // The others begin anew together with the new one, so that all have the same.
        let mut viewers = self.feeds.remove(&id).map_or_else(Vec::new, |feed| {
            unsubscribe(id, socket);
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
        if let Some(socket) = socket {
            feed.subscribe(socket);
        }
        self.feeds.insert(id, feed);
    }

    fn leave(&mut self, viewer: u64, id: ContainerId, socket: Option<&Socket>) {
        let Some(feed) = self.feeds.get_mut(&id) else {
            return;
        };
        feed.viewers.retain(|known| known.viewer != viewer);
        if feed.viewers.is_empty() {
            self.feeds.remove(&id);
            unsubscribe(id, socket);
        }
    }
}

impl Feed {
    fn hear(&mut self, message: ServerMessage, epoch: &str) {
        match message {
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

    fn refuse(&mut self, reason: String) {
        if !self.is_over {
            self.refused_at = Some(browser::now_ms());
            self.tell(LogNews::Refused(reason));
        }
    }
}

fn unsubscribe(id: ContainerId, socket: Option<&Socket>) {
    if let Some(socket) = socket {
        let channel = Channel::Logs(id);
        socket.say(&ClientMessage::Unsubscribe(Unsubscribe { channel }));
    }
}
