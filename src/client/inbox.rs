//! Holds messages between their arrival and the moment at which the page applies them.
//!
//! Frames come in; batches of messages go out, and the positions from which a new connection or a poll
//! continues. Pure: the driver decides when a batch is applied.

use crate::protocol::{
    Channel, Resume, ServerMessage, Snapshot,
    codec::{Bundle, DecodeError, Ticks},
};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

/// The received messages that are not yet applied, and the position per channel.
#[derive(Debug)]
pub struct Inbox {
    waiting: Batch,
    epoch: String,
    /// The sequence number of the newest message of each channel.
    seen: BTreeMap<Channel, u64>,
    /// The newest figures, the base of the next differences.
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
    /// An inbox that continues after `snapshot`, the state in the HTML. A `partial` snapshot lacks
    /// containers, and is no base for deltas of lists and of container figures.
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

    /// The positions from which to resume each channel on a connection to a server with this `epoch`; none if
    /// the messages so far are of another epoch.
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

    /// The epoch of the server, and the sequence number of the newest message per channel.
    pub fn progress(&self) -> (&str, impl Iterator<Item = (Channel, u64)>) {
        let seen = self.seen.iter().map(|(channel, seq)| (*channel, *seq));
        (&self.epoch, seen)
    }

    /// The position from which the next poll continues, as a part of its URL; empty for a complete state.
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

    /// Decodes a frame of the socket. Frames must be decoded in order: figures are differences to those of an
    /// earlier frame.
    ///
    /// # Errors
    /// When it is invalid, of another version, or its figures have no base.
    pub fn decode(&mut self, frame: &[u8]) -> Result<ServerMessage, DecodeError> {
        self.ticks.decode(frame)
    }

    /// Decodes the response to a poll. If a frame is invalid, the whole response is dropped and the next poll
    /// requests the complete state.
    pub fn decode_all(&mut self, bundle: &Bundle) -> Vec<ServerMessage> {
        self.enter(&bundle.epoch);
        let frames = bundle.frames.iter();
        let messages: Result<_, _> = frames.map(|frame| self.ticks.decode(frame)).collect();
        messages.unwrap_or_else(|_| {
            self.enter("");
            Vec::new()
        })
    }

    /// Resets the positions if the epoch has changed: sequence numbers of another epoch are invalid.
    fn enter(&mut self, epoch: &str) {
        if self.epoch != epoch {
            epoch.clone_into(&mut self.epoch);
            self.seen.clear();
            self.ticks.clear();
        }
    }

    /// Adds `messages` to the waiting ones. Returns the batch if it was empty: the caller must then apply it,
    /// once, together with all messages that arrive until then.
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
