//! Messages between their arrival and the next animation frame.

use super::browser;
use crate::{
    client::Live,
    protocol::{
        Channel, Resume, ServerMessage,
        codec::{Bundle, DecodeError, Ticks},
    },
};
use leptos::prelude::*;
use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

/// Out of sight there are no animation frames.
const HIDDEN_DELAY: Duration = Duration::from_millis(500);

/// Collects messages and applies them once a frame.
#[derive(Clone)]
pub(super) struct Inbox {
    live: Live,
    waiting: Rc<RefCell<Vec<ServerMessage>>>,
    epoch: String,
    /// The number of the newest message of each channel.
    seen: BTreeMap<Channel, u64>,
    /// The newest figures, to which the next ones are told as changes.
    ticks: Ticks,
}

impl Inbox {
    /// Begins where the HTML ends.
    pub(super) fn new(live: Live) -> Self {
        let mut inbox = Self {
            live,
            waiting: Rc::default(),
            epoch: String::new(),
            seen: BTreeMap::new(),
            ticks: Ticks::default(),
        };
        live.initial().with_value(|initial| {
            inbox.epoch.clone_from(&initial.snapshot.epoch);
            // A list of what is in view is no base for changes to the whole.
            let is_base = |channel| match channel {
                Channel::Containers | Channel::Stats => !initial.partial,
                _ => true,
            };
            for message in &initial.snapshot.messages {
                if let Some((channel, seq)) = message.position()
                    && is_base(channel)
                {
                    inbox.seen.insert(channel, seq);
                    inbox.ticks.remember(message);
                }
            }
        });
        inbox
    }

    /// What of each channel is there already, when the server is still in the run `epoch`.
    pub(super) fn resume(&mut self, epoch: &str) -> BTreeMap<Channel, Resume> {
        self.enter(epoch);
        let resume = |(channel, seq): (&Channel, &u64)| {
            (
                *channel,
                Resume {
                    epoch: epoch.to_owned(),
                    seq: *seq,
                },
            )
        };
        self.seen.iter().map(resume).collect()
    }

    /// The run of the server, and the number of the newest message of each channel.
    pub(super) fn progress(&self) -> (&str, impl Iterator<Item = (Channel, u64)>) {
        (
            &self.epoch,
            self.seen.iter().map(|(channel, seq)| (*channel, *seq)),
        )
    }

    /// Where polling is to go on, as a part of its URL.
    pub(super) fn position(&self) -> String {
        let seen = self.seen.iter();
        let seen: Vec<_> = seen
            .map(|(channel, seq)| format!("{channel}:{seq}"))
            .collect();
        if seen.is_empty() {
            return String::new();
        }
        format!("&epoch={}&seq={}", self.epoch, seen.join(","))
    }

    /// Reads a frame, each in its turn.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn decode(&mut self, frame: &[u8]) -> Result<ServerMessage, DecodeError> {
        self.ticks.decode(frame)
    }

    /// Reads what polling has brought. When not all of it makes sense, the next poll begins anew.
    pub(super) fn decode_all(&mut self, bundle: &Bundle) -> Vec<ServerMessage> {
        self.enter(&bundle.epoch);
        let frames = bundle.frames.iter();
        let messages: Result<_, _> = frames.map(|frame| self.ticks.decode(frame)).collect();
        messages.unwrap_or_else(|_| {
            self.enter("");
            Vec::new()
        })
    }

    /// Numbers of another run of the server mean nothing.
    fn enter(&mut self, epoch: &str) {
        if self.epoch != epoch {
            epoch.clone_into(&mut self.epoch);
            self.seen.clear();
            self.ticks.clear();
        }
    }

    /// Applies `messages` with the next frame.
    pub(super) fn receive(&mut self, messages: Vec<ServerMessage>) {
        if messages.is_empty() {
            return;
        }
        self.seen
            .extend(messages.iter().filter_map(ServerMessage::position));
        let is_first = self.waiting.borrow().is_empty();
        self.waiting.borrow_mut().extend(messages);
        if !is_first {
            return;
        }
        let (live, waiting) = (self.live, Rc::clone(&self.waiting));
        let apply = move || live.apply(waiting.take());
        if browser::is_hidden() {
            set_timeout(apply, HIDDEN_DELAY);
        } else {
            request_animation_frame(apply);
        }
    }
}
