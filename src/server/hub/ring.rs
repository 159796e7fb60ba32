//! The last frames of one channel.

use super::Frame;
use crate::{model::RECENT_EVENTS, protocol::Channel};
use std::{collections::VecDeque, sync::Arc};

/// Frames of the stats channel that are kept. Each is a whole list, so whoever is further behind is
/// better off with the newest one; and a list of 1,000 containers is some 400 KB of JSON.
const STATS_FRAMES: usize = 8;

/// The last frames of one channel, and its snapshot while that is of use.
#[derive(Debug)]
pub(super) struct Ring {
    capacity: usize,
    head: u64,
    frames: VecDeque<Arc<Frame>>,
    /// The state at `head`, once somebody has asked for it.
    pub(super) snapshot: Option<Arc<[Arc<Frame>]>>,
}

impl Ring {
    pub(super) fn new(channel: Channel, capacity: usize) -> Self {
        let capacity = match channel {
            Channel::Stats => capacity.min(STATS_FRAMES),
            _ => capacity,
        };
        Self {
            capacity: capacity.max(1),
            head: 0,
            frames: VecDeque::new(),
            snapshot: None,
        }
    }

    /// Number of the newest frame; zero before the first.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// Appends what `make` makes of the next number.
    pub(super) fn push(&mut self, make: impl FnOnce(u64) -> Frame) {
        self.head += 1;
        if self.frames.len() == self.capacity {
            self.frames.pop_front();
        }
        self.frames.push_back(Arc::new(make(self.head)));
        self.snapshot = None;
    }

    /// The frames after number `seq`, unless some of them are gone or `seq` was never given.
    pub(super) fn after(&self, seq: u64) -> Option<Vec<Arc<Frame>>> {
        let behind = usize::try_from(self.head.checked_sub(seq)?).ok()?;
        let skip = self.frames.len().checked_sub(behind)?;
        Some(self.frames.iter().skip(skip).cloned().collect())
    }

    /// What somebody who fell off an event channel gets: all that is left.
    pub(super) fn rest(&self) -> Vec<Arc<Frame>> {
        self.frames.iter().cloned().collect()
    }

    /// What somebody new on an event channel gets: as many as a dashboard keeps.
    pub(super) fn recent(&self) -> Vec<Arc<Frame>> {
        let skip = self.frames.len().saturating_sub(RECENT_EVENTS);
        self.frames.iter().skip(skip).cloned().collect()
    }
}
