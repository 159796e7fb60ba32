//! The last frames of one channel.

use super::Frame;
use crate::{model::RECENT_EVENTS, protocol::Channel};
use std::{collections::VecDeque, sync::Arc};

/// The last frames of one channel, and its snapshot while that is valid.
#[derive(Debug)]
pub(super) struct Ring {
    capacity: usize,
    head: u64,
    frames: VecDeque<Arc<Frame>>,
    /// The state at `head`; set by the first client that requests it.
    pub(super) snapshot: Option<Arc<[Arc<Frame>]>>,
}

impl Ring {
    /// A ring of at most `capacity` frames, whose sequence numbers begin after `first`.
    pub(super) fn new(channel: Channel, capacity: usize, first: u64) -> Self {
        let most = channel.policy().max_frames.unwrap_or(capacity);
        let capacity = capacity.min(most);
        Self {
            capacity: capacity.max(1),
            head: first,
            frames: VecDeque::new(),
            snapshot: None,
        }
    }

    /// The sequence number of the newest frame; before the first frame, the number that precedes it.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// Appends the frame that `make` builds for the next sequence number.
    pub(super) fn push(&mut self, make: impl FnOnce(u64) -> Frame) {
        self.head += 1;
        if self.frames.len() == self.capacity {
            self.frames.pop_front();
        }
        self.frames.push_back(Arc::new(make(self.head)));
        self.snapshot = None;
    }

    /// Drops all frames, so that clients that have not received them yet get a snapshot.
    pub(super) fn clear(&mut self) {
        self.frames.clear();
        self.snapshot = None;
    }

    /// The frames after `seq`; `None` if some of them were dropped or `seq` was never assigned.
    pub(super) fn after(&self, seq: u64) -> Option<Vec<Arc<Frame>>> {
        let behind = usize::try_from(self.head.checked_sub(seq)?).ok()?;
        let skip = self.frames.len().checked_sub(behind)?;
        Some(self.frames.iter().skip(skip).cloned().collect())
    }

    /// All frames still in the ring: what a client gets when its cursor of a stream is too old.
    pub(super) fn rest(&self) -> Vec<Arc<Frame>> {
        self.frames.iter().cloned().collect()
    }

    /// As many frames as a dashboard keeps: what a new subscriber of a stream gets.
    pub(super) fn recent(&self) -> Vec<Arc<Frame>> {
        let skip = self.frames.len().saturating_sub(RECENT_EVENTS);
        self.frames.iter().skip(skip).cloned().collect()
    }
}
