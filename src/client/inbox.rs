//! Messages between their arrival and the moment at which the page applies them.
//!
//! Frames go in; batches of messages come out, and the position from which a lost connection or a
//! poll goes on. Pure: the driver decides when a batch is applied.

use crate::protocol::{
    Channel, Resume, ServerMessage, Snapshot,
    codec::{Bundle, DecodeError, Ticks},
};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

/// What was received of each channel, and what waits to be applied.
#[derive(Debug)]
pub struct Inbox {
    waiting: Batch,
    epoch: String,
    /// The sequence number of the newest message of each channel.
    seen: BTreeMap<Channel, u64>,
    /// The newest figures, to which the next ones are sent as changes.
    ticks: Ticks,
}

/// Messages that are applied together. A handle: copies share the messages.
#[derive(Clone, Debug, Default)]
pub struct Batch(Rc<RefCell<Vec<ServerMessage>>>);

impl Batch {
    /// The messages in the order in which they were received; the batch is empty afterwards.
    pub fn take(&self) -> Vec<ServerMessage> {
        self.0.take()
    }
}

impl Inbox {
    /// Begins where `snapshot`, the state in the HTML, ends. A `partial` snapshot lacks containers
    /// and is no base for changes to lists and figures of containers.
    pub fn after(snapshot: &Snapshot, partial: bool) -> Self {
        let mut inbox = Self {
            waiting: Batch::default(),
            epoch: snapshot.epoch.clone(),
            seen: BTreeMap::new(),
            ticks: Ticks::default(),
        };
        let is_base = |channel: Channel| !partial || !channel.policy().may_be_partial;
        for message in &snapshot.messages {
            if let Some((channel, seq)) = message.position()
                && is_base(channel)
            {
                inbox.seen.insert(channel, seq);
                inbox.ticks.remember(message);
            }
        }
        inbox
    }

    /// Where to resume each channel on a connection to the server's run `epoch`: nowhere, if what
    /// was received is of another run.
    pub fn resume(&mut self, epoch: &str) -> BTreeMap<Channel, Resume> {
        self.enter(epoch);
        let resume = |(channel, seq): (&Channel, &u64)| {
            let resume = Resume {
                epoch: epoch.to_owned(),
                seq: *seq,
            };
            (*channel, resume)
        };
        self.seen.iter().map(resume).collect()
    }

    /// The server's run, and the sequence number of the newest message of each channel.
    pub fn progress(&self) -> (&str, impl Iterator<Item = (Channel, u64)>) {
        let seen = self.seen.iter().map(|(channel, seq)| (*channel, *seq));
        (&self.epoch, seen)
    }

    /// Where the next poll goes on, as a part of its URL; empty when it begins anew.
    pub fn position(&self) -> String {
        let seen = self.seen.iter();
        let seen: Vec<_> = seen
            .map(|(channel, seq)| format!("{channel}:{seq}"))
            .collect();
        if seen.is_empty() {
            return String::new();
        }
        format!("&epoch={}&seq={}", self.epoch, seen.join(","))
    }

    /// Reads a frame of the socket. Frames must be read in the order in which they came: figures are
    /// changes to those of an earlier frame.
    ///
    /// # Errors
    /// When it is no frame, is of another version, or its figures have no base.
    pub fn decode(&mut self, frame: &[u8]) -> Result<ServerMessage, DecodeError> {
        self.ticks.decode(frame)
    }

    /// Reads the answer to a poll. If a frame makes no sense, the whole answer is dropped and the
    /// next poll begins anew.
    pub fn decode_all(&mut self, bundle: &Bundle) -> Vec<ServerMessage> {
        self.enter(&bundle.epoch);
        let frames = bundle.frames.iter();
        let messages: Result<_, _> = frames.map(|frame| self.ticks.decode(frame)).collect();
        messages.unwrap_or_else(|_| {
            self.enter("");
            Vec::new()
        })
    }

    /// Sequence numbers of another run of the server mean nothing.
    fn enter(&mut self, epoch: &str) {
        if self.epoch != epoch {
            epoch.clone_into(&mut self.epoch);
            self.seen.clear();
            self.ticks.clear();
        }
    }

    /// Adds `messages` to those that wait. Returns the batch when these are its first: it then has
    /// to be applied, once, and messages that come until then are applied with it.
    pub fn receive(&mut self, messages: Vec<ServerMessage>) -> Option<Batch> {
        if messages.is_empty() {
            return None;
        }
        let positions = messages.iter().filter_map(ServerMessage::position);
        self.seen.extend(positions);
        let mut waiting = self.waiting.0.borrow_mut();
        let is_first = waiting.is_empty();
        waiting.extend(messages);
        is_first.then(|| self.waiting.clone())
    }
}

#[cfg(test)]
mod tests;
