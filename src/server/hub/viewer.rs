//! The read side of the hub: what one audience sees, and cursors into its rings.

use super::{
    Audience, Demand, Frame, Hub, State, View,
    demand::Interest,
    views::{Lease, ViewId},
};
use crate::{
    model::{
        Dashboard, Event, HostId, Sparklines, StatsHistory, Timestamp, WorkloadId, WorkloadRef,
    },
    protocol::{Channel, MetricsHistory, Resume},
    server::instruments::Instruments,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Reads what one audience sees. A handle: clones see the same.
#[derive(Clone, Debug)]
pub struct Viewer {
    hub: Hub,
    /// The audience and its view; `None` for the unrestricted one.
    lease: Option<Arc<Lease>>,
}

/// The position of a client in a channel. While it exists, the channel counts as watched.
#[derive(Debug)]
pub struct Cursor {
    channel: Channel,
    seq: u64,
    delta: bool,
    _interest: Interest,
}

impl Cursor {
    /// The channel of the cursor.
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// Whether changes of a list are sent as deltas.
    pub const fn is_delta(&self) -> bool {
        self.delta
    }

    /// The sequence number of the last frame before the cursor.
    pub fn seq(&self) -> u64 {
        self.seq
    }
}

impl Viewer {
    pub(super) const fn new(hub: Hub, lease: Option<Arc<Lease>>) -> Self {
        Self { hub, lease }
    }

    /// What the viewer may see.
    pub fn audience(&self) -> &Audience {
        match &self.lease {
            None => &Audience::Unrestricted,
            Some(lease) => &lease.audience,
        }
    }

    /// The id of this view in this run of the server: 16 hexadecimal digits. A client that gets another one
    /// must drop what it has: the server was restarted, or what the client may see has changed.
    pub fn epoch(&self) -> &str {
        match &self.lease {
            None => self.hub.epoch(),
            Some(lease) => &lease.epoch,
        }
    }

    fn view_id(&self) -> ViewId {
        let lease = self.lease.as_ref();
        lease.map_or(ViewId::EVERYTHING, |lease| lease.id)
    }

    /// Which channels have subscribers, and which hosts are watched.
    pub fn demand(&self) -> &Demand {
        self.hub.demand()
    }

    /// The counters and timers of the server's own work.
    pub fn instruments(&self) -> &Instruments {
        self.hub.instruments()
    }

    /// Records that a client polled the container stats and will probably do so again.
    pub fn polled_stats(&self) {
        self.demand().polled_stats(self.view_id());
    }

    /// Changes with every publication.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.hub.changes()
    }

    /// Subscribes to `channel`: returns the frames to send now and the cursor to continue from. No frame
    /// is lost or duplicated in between.
    ///
    /// The frames are the missed ones if `resume` is from this run and still in the ring, otherwise a
    /// snapshot. Without `delta`, every change of a list is sent as the whole list.
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
        let interest = self.demand().watch(channel, self.view_id());
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

    /// The frames between each of `cursors` and its head; moves the cursors there.
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

    /// The newest sequence numbers and snapshots of `channels`, all of the same moment.
    pub fn snapshot(&self, channels: &[Channel]) -> (Vec<u64>, Vec<Arc<Frame>>) {
        self.poll(channels, None, &BTreeMap::new())
    }

    /// The newest sequence numbers of `channels`, and the frames after those in `seen` if `epoch` is this
    /// run, otherwise snapshots.
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

    /// The sequence number of the newest frame of `channel`; before the first, the number that precedes it.
    pub fn head(&self, channel: Channel) -> u64 {
        self.view(|view| view.head(channel))
    }

    /// Reads the state. Publishing and all other readers wait, so `read` must be fast.
    pub fn read<T>(&self, read: impl FnOnce(&Dashboard) -> T) -> T {
        self.view(|view| read(&view.dashboard))
    }

    /// The remembered events of the workload that `named` names, newest first; also if the workload no
    /// longer exists.
    pub fn events_of(&self, named: &WorkloadRef) -> Vec<Arc<Event>> {
        let frames = self.view(|view| view.rest(Channel::EVENTS));
        let events = frames.iter().rev();
        let events = events.filter_map(|frame| frame.message().event());
        events
            .filter(|event| named.is_of(event))
            .map(Arc::clone)
            .collect()
    }

    /// The host metrics of the last minutes; empty if the host is not visible as a whole.
    pub fn metrics_history(&self, host: &HostId) -> MetricsHistory {
        if !self.audience().sees_whole(*host) {
            return MetricsHistory::default();
        }
        self.hub.state(|state| state.history.of(host))
    }

    /// The stats of a workload over the last `range` before `now`; empty if the workload is not visible.
    pub fn stats_history(&self, id: WorkloadId, range: Duration, now: Timestamp) -> StatsHistory {
        self.hub.state(|state| {
            let is_seen = self.view_in(state).dashboard.workload(id).is_some();
            match is_seen {
                true => state.stats.of(id, range, now),
                // Not read first, so that the time does not depend on whether it exists.
                false => state.stats.empty(id),
            }
        })
    }

    /// The CPU over the last minutes of those workloads in `named` that are visible.
    pub fn sparklines(&self, named: &[WorkloadRef]) -> Sparklines {
        self.hub.state(|state| {
            let view = self.view_in(state);
            let found = named.iter().filter_map(|named| view.dashboard.find(named));
            let found: Vec<_> = found.collect();
            let lines = found.into_iter().filter_map(|id| state.stats.sparkline(id));
            Sparklines {
                lines: lines.collect(),
                interval_ms: state.stats.interval_ms(),
            }
        })
    }

    /// Whether the containers of `named`, or of all `hosts` if it is `None`, have been listed since the start.
    ///
    /// A host that the viewer does not see counts as not named, and the whole state is read in any case: so
    /// neither the answer nor the time until it changes reveals whether the host exists.
    pub fn has_listed(&self, named: Option<HostId>, hosts: impl Iterator<Item = HostId>) -> bool {
        self.hub.state(|state| {
            let sees = |host: &HostId| match self.lease {
                None => true,
                Some(_) => self.view_in(state).dashboard.hosts.contains_key(host),
            };
            let named = named.filter(sees);
            let everything = &state.everything.dashboard.hosts;
            let mut hosts = hosts.filter(|host| named.is_none_or(|named| named == *host));
            hosts.all(|host| {
                let known = everything.get(&host);
                known.is_some_and(|host| host.containers_at.is_some())
            })
        })
    }

    fn view<T>(&self, read: impl FnOnce(&mut View) -> T) -> T {
        self.hub.state(|state| read(self.view_in(state)))
    }

    fn view_in<'a>(&self, state: &'a mut State) -> &'a mut View {
        state.view(self.lease.as_deref())
    }
}
