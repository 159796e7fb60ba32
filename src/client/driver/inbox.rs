//! Messages between their arrival and the next animation frame.

use super::browser;
use crate::{
    client::Live,
    protocol::{Channel, Resume, ServerMessage},
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
}

impl Inbox {
    /// Begins where the HTML ends.
    pub(super) fn new(live: Live) -> Self {
        let mut inbox = Self {
            live,
            waiting: Rc::default(),
            epoch: String::new(),
            seen: BTreeMap::new(),
        };
        live.initial().with_value(|initial| {
            inbox.epoch.clone_from(&initial.snapshot.epoch);
            // A list of what is in view is no base for changes to the whole.
            let complete = |channel: &Channel| !initial.partial || *channel != Channel::Containers;
            let positions = initial
                .snapshot
                .messages
                .iter()
                .filter_map(ServerMessage::position);
            inbox.seen = positions.filter(|(channel, _)| complete(channel)).collect();
        });
        inbox
    }

    /// What of each channel is there already, when the server is still in the run `epoch`.
    pub(super) fn resume(&mut self, epoch: &str) -> BTreeMap<Channel, Resume> {
        if self.epoch != epoch {
            self.epoch = epoch.to_owned();
            self.seen.clear();
        }
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
