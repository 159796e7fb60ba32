//! The only way to read the hub: what one audience sees, and cursors along its rings.

use super::{Audience, Demand, Frame, Hub, View, demand::Interest};
use crate::{
    model::{
        Dashboard, Event, HostId, Sparklines, StatsHistory, Timestamp, WorkloadId, WorkloadRef,
    },
    protocol::{Channel, MetricsHistory, Resume},
    server::instruments::Instruments,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Reads what one audience sees. A handle: copies see the same.
#[derive(Clone, Debug)]
pub struct Viewer {
    hub: Hub,
    audience: Audience,
}

/// How far a client has got on a channel. While it exists, the channel counts as watched.
#[derive(Debug)]
pub struct Cursor {
    channel: Channel,
    seq: u64,
    delta: bool,
    _interest: Interest,
}

impl Cursor {
    /// The channel it follows.
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// The number of the last frame it has passed.
    pub fn seq(&self) -> u64 {
        self.seq
    }
}

impl Viewer {
    pub(super) const fn new(hub: Hub, audience: Audience) -> Self {
        Self { hub, audience }
    }

    /// The name of this run of the server: 16 hexadecimal digits.
    pub fn epoch(&self) -> &str {
        self.hub.epoch()
    }

    /// What is watched at present.
    pub fn demand(&self) -> &Demand {
        self.hub.demand()
    }

    /// What the server counts and times of its own work.
    pub fn instruments(&self) -> &Instruments {
        self.hub.instruments()
    }

    /// A client polled the figures of containers and will probably do so again.
    pub fn polled_stats(&self) {
        self.demand().polled_stats(&self.audience);
    }

    /// Changes with every publication.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.hub.changes()
    }

    /// Begins to follow `channel`: what to send now, and where to go on. Nothing is lost or doubled
    /// in between.
    ///
    /// With `resume` from this run and within the ring these are the missed frames, else a snapshot.
    /// Without `delta` every change of a list is the whole list.
    pub fn subscribe(
        &self,
        channel: Channel,
        delta: bool,
        resume: Option<&Resume>,
    ) -> (Vec<Arc<Frame>>, Cursor) {
        let seq = resume
            .filter(|resume| resume.epoch == self.epoch())
            .map(|resume| resume.seq);
        // Counted before the lock is taken, so that publishing does not wait for it.
        let interest = self.demand().watch(channel, &self.audience);
        self.view(|view| {
            let frames = match seq {
                Some(seq) => view.since(channel, delta, seq),
                None => view.snapshot(channel),
            };
            let cursor = Cursor {
                channel,
                seq: view.head(channel),
                delta,
                _interest: interest,
            };
            (frames, cursor)
        })
    }

    /// What lies between each of `cursors` and its head, to where the cursor moves.
    pub fn catch_up(&self, cursors: &mut [Cursor]) -> Vec<Arc<Frame>> {
        self.view(|view| {
            let mut frames = Vec::new();
            for cursor in cursors {
                let head = view.head(cursor.channel);
                if head != cursor.seq {
                    frames.append(&mut view.since(cursor.channel, cursor.delta, cursor.seq));
                    cursor.seq = head;
                }
            }
            frames
        })
    }

    /// The newest numbers and snapshots of `channels`, all of the same moment.
    pub fn snapshot(&self, channels: &[Channel]) -> (Vec<u64>, Vec<Arc<Frame>>) {
        self.poll(channels, None, &BTreeMap::new())
    }

    /// The newest numbers of `channels`, and what came after the numbers in `seen`: as far as
    /// `epoch` is this run's, else snapshots.
    pub fn poll(
        &self,
        channels: &[Channel],
        epoch: Option<&str>,
        seen: &BTreeMap<Channel, u64>,
    ) -> (Vec<u64>, Vec<Arc<Frame>>) {
        let is_known = epoch == Some(self.epoch());
        self.view(|view| {
            let heads = channels.iter().map(|channel| view.head(*channel)).collect();
            let frames = channels
                .iter()
                .flat_map(|channel| match seen.get(channel) {
                    Some(seq) if is_known => view.since(*channel, true, *seq),
                    _ => view.snapshot(*channel),
                })
                .collect();
            (heads, frames)
        })
    }

    /// The number of the newest frame of `channel`; zero before the first.
    pub fn head(&self, channel: Channel) -> u64 {
        self.view(|view| view.head(channel))
    }

    /// Reads the state while publishing and all other readers wait: be quick.
    pub fn read<T>(&self, read: impl FnOnce(&Dashboard) -> T) -> T {
        self.view(|view| read(&view.dashboard))
    }

    /// What happened to the workload that `named` names, newest first, as far as it is remembered;
    /// also when it is gone.
    pub fn events_of(&self, named: &WorkloadRef) -> Vec<Arc<Event>> {
        let frames = self.view(|view| view.rest(Channel::EVENTS));
        let events = frames.iter().rev();
        let events = events.filter_map(|frame| frame.message().event());
        events
            .filter(|event| named.is_of(event))
            .map(Arc::clone)
            .collect()
    }

    /// The last minutes of a host's own figures; none when the host is not seen.
    pub fn metrics_history(&self, host: &HostId) -> MetricsHistory {
        self.hub.state(|state| {
            let is_seen = state.sees(&self.audience, |view| view.hosts.contains_key(host));
            match is_seen {
                true => state.history.of(host),
                false => MetricsHistory::default(),
            }
        })
    }

    /// The last `range` before `now` of a workload's figures; none when the workload is not seen.
    pub fn stats_history(&self, id: WorkloadId, range: Duration, now: Timestamp) -> StatsHistory {
        self.hub.state(|state| {
            let is_seen = state.sees(&self.audience, |view| view.workload(id).is_some());
            let mut history = state.stats.of(id, range, now);
            if !is_seen {
                history.points.clear();
            }
            history
        })
    }

    /// The CPU over the last minutes of the workloads that `named` name, as far as they are seen.
    pub fn sparklines(&self, named: &[WorkloadRef]) -> Sparklines {
        self.hub.state(|state| {
            let view = state.views.get(&self.audience);
            let found = named
                .iter()
                .filter_map(|named| view?.dashboard.find(named))
                .filter_map(|id| state.stats.sparkline(id));
            Sparklines {
                lines: found.collect(),
                interval_ms: state.stats.interval_ms(),
            }
        })
    }

    fn view<T>(&self, read: impl FnOnce(&mut View) -> T) -> T {
        self.hub.state(|state| read(state.view(&self.audience)))
    }
}
