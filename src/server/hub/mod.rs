//! The hub: one state, one ring of frames per channel, and cursors that walk along them.
//!
//! There are no per-client queues. A client is a [`Cursor`] per channel: after a publication it is
//! brought what lies between its cursor and the head. Whoever falls off a ring gets the snapshot,
//! because of a state only the newest matters; of events, what is left. So a slow client costs only
//! itself, and resuming after a reconnect is the same thing as catching up.

mod demand;
mod docker_logs;
mod frame;
mod history;
mod ring;
mod snapshot;
mod stats;
#[cfg(test)]
mod tests;

pub use demand::{Demand, POLLER, Viewer};
pub use docker_logs::LogForm;
pub use frame::{Codec, Frame, encode};
pub use stats::Paces;

use crate::{
    model::{
        ContainerId, ContainerPrefix, Dashboard, Event, HostId, Sparklines, StatsHistory,
        Timestamp, Update,
    },
    protocol::{Channel, MetricsHistory, Resume, ServerMessage},
    server::instruments::Instruments,
};
use history::History;
use ring::Ring;
use stats::StatsHistories;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// The state of everything and its fan-out. A handle: copies are the same hub.
#[derive(Clone, Debug)]
pub struct Hub {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    epoch: String,
    state: Mutex<State>,
    version: watch::Sender<u64>,
    demand: Demand,
    instruments: Instruments,
}

#[derive(Debug)]
struct State {
    dashboard: Dashboard,
    history: History,
    stats: StatsHistories,
    rings: BTreeMap<Channel, Ring>,
    /// The last message with figures of each host's containers: what the next one changes, and
    /// where somebody new begins.
    ticks: BTreeMap<HostId, Arc<ServerMessage>>,
    instruments: Instruments,
}

/// How far a client has got on a channel. While it exists, the channel counts as watched.
#[derive(Debug)]
pub struct Cursor {
    channel: Channel,
    seq: u64,
    delta: bool,
    _viewer: Viewer,
}

impl Hub {
    /// A hub that keeps the last `capacity` frames of each channel.
    pub fn new(capacity: usize) -> Self {
        Self::with_paces(capacity, Paces::default())
    }

    /// The same, where figures of containers come at these `paces`.
    pub fn with_paces(capacity: usize, paces: Paces) -> Self {
        let ring = |channel| (channel, Ring::new(channel, capacity));
        let instruments = Instruments::default();
        Self {
            inner: Arc::new(Inner {
                epoch: format!("{:016x}", fastrand::u64(..)),
                state: Mutex::new(State {
                    dashboard: Dashboard::default(),
                    history: History::default(),
                    stats: StatsHistories::new(paces),
                    rings: Channel::ALL.into_iter().map(ring).collect(),
                    ticks: BTreeMap::new(),
                    instruments: instruments.clone(),
                }),
                version: watch::Sender::new(0),
                demand: Demand::new(),
                instruments,
            }),
        }
    }

    /// The name of this run of the server: 16 hexadecimal digits.
    pub fn epoch(&self) -> &str {
        &self.inner.epoch
    }

    /// Who is watching what.
    pub fn demand(&self) -> &Demand {
        &self.inner.demand
    }

    /// What the server counts of its work.
    pub fn instruments(&self) -> &Instruments {
        &self.inner.instruments
    }

    /// Changes with every publication.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.version.subscribe()
    }

    /// Changes the state and tells everybody, who see all of `updates` or none of them.
    pub fn publish(&self, updates: Vec<Update>) {
        if updates.is_empty() {
            return;
        }
        // Copied before locking: a list of figures is large.
        let copies = updates.clone();
        let demand = (*self.demand().stats().borrow(), self.demand().lapses());
        let mut state = self.state();
        for (update, copy) in updates.into_iter().zip(copies) {
            state.remember(&update, demand);
            state.publish(update, copy);
        }
        drop(state);
        self.inner.instruments.published();
        self.inner.version.send_modify(|version| *version += 1);
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
        // Counted before the lock is taken: it is no business of the publisher's.
        let viewer = self.inner.demand.watch(channel);
        let mut state = self.state();
        let frames = match seq {
            Some(seq) => state.since(channel, delta, seq),
            None => state.snapshot(channel),
        };
        let cursor = Cursor {
            channel,
            seq: state.head(channel),
            delta,
            _viewer: viewer,
        };
        (frames, cursor)
    }

    /// What lies between each of `cursors` and its head, to where the cursor moves.
    pub fn catch_up(&self, cursors: &mut [Cursor]) -> Vec<Arc<Frame>> {
        let mut state = self.state();
        let mut frames = Vec::new();
        for cursor in cursors {
            let head = state.head(cursor.channel);
            if head != cursor.seq {
                frames.append(&mut state.since(cursor.channel, cursor.delta, cursor.seq));
                cursor.seq = head;
            }
        }
        frames
    }

    /// The newest numbers and snapshots of `channels`, all of the same moment.
    pub fn snapshot(&self, channels: &[Channel]) -> (Vec<u64>, Vec<Arc<Frame>>) {
        let mut state = self.state();
        let heads = channels
            .iter()
            .map(|channel| state.head(*channel))
            .collect();
        let frames = channels
            .iter()
            .flat_map(|channel| state.snapshot(*channel))
            .collect();
        (heads, frames)
    }

    /// The newest numbers of `channels`, and what came after the numbers in `seen`: as far as
    /// `epoch` is this run's, else snapshots.
    pub fn poll(
        &self,
        channels: &[Channel],
        epoch: Option<&str>,
        seen: &BTreeMap<Channel, u64>,
    ) -> (Vec<u64>, Vec<Arc<Frame>>) {
        let known = epoch == Some(self.epoch());
        let mut state = self.state();
        let heads = channels
            .iter()
            .map(|channel| state.head(*channel))
            .collect();
        let frames = channels
            .iter()
            .flat_map(|channel| match seen.get(channel) {
                Some(seq) if known => state.since(*channel, true, *seq),
                _ => state.snapshot(*channel),
            })
            .collect();
        (heads, frames)
    }

    /// The number of the newest frame of `channel`; zero before the first.
    pub fn head(&self, channel: Channel) -> u64 {
        self.state().head(channel)
    }

    /// Looks at the state. Everybody else waits meanwhile: be quick.
    pub fn read<T>(&self, look: impl FnOnce(&Dashboard) -> T) -> T {
        look(&self.state().dashboard)
    }

    /// What happened to the container that `id` names, newest first, as far as it is remembered.
    pub fn events_of(&self, id: &ContainerPrefix) -> Vec<Arc<Event>> {
        let state = self.state();
        let frames = state.rings.get(&Channel::Events).map(Ring::rest);
        drop(state);
        let mut events: Vec<_> = frames
            .into_iter()
            .flatten()
            .filter_map(|frame| match frame.message() {
                ServerMessage::Event(told) if told.event.id.starts_with(id.as_str()) => {
                    Some(Arc::clone(&told.event))
                }
                _ => None,
            })
            .collect();
        events.reverse();
        events
    }

    /// The last minutes of a host's own figures.
    pub fn metrics_history(&self, host: &HostId) -> MetricsHistory {
        self.state().history.of(host)
    }

    /// The last `range` before `now` of a container's figures.
    pub fn stats_history(
        &self,
        host: &HostId,
        id: ContainerId,
        range: Duration,
        now: Timestamp,
    ) -> StatsHistory {
        self.state().stats.of(host, id, range, now)
    }

    /// The CPU over the last minutes of the containers whose ids begin so, as far as there are such.
    pub fn sparklines(&self, ids: &[ContainerPrefix]) -> Sparklines {
        let state = self.state();
        let found = ids.iter().flat_map(|prefix| {
            let hosts = state.dashboard.hosts.iter();
            hosts.filter_map(|(name, host)| {
                let (id, _) = host.containers.range(prefix.ids()).next()?;
                state.stats.sparkline(name, *id)
            })
        });
        Sparklines {
            lines: found.collect(),
            interval_ms: state.stats.interval_ms(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
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

impl State {
    /// Adds figures to the histories; `demand` says at which pace containers' come: whether somebody
    /// watches, and how often that has ended.
    fn remember(&mut self, update: &Update, demand: (bool, u32)) {
        let containers = |host| self.dashboard.hosts.get(host).map(|host| &host.containers);
        match update {
            Update::Metrics { host, at, metrics } => self.history.record(host, *at, metrics),
            Update::Stats { host, stats, .. } => {
                if let Some(containers) = containers(host) {
                    self.stats.record(host, stats, containers, demand);
                }
            }
            _ => {}
        }
    }

    fn publish(&mut self, update: Update, copy: Update) {
        let changed = match &update {
            Update::Containers { host, .. } | Update::ContainersDelta { host, .. } => {
                Some(host.clone())
            }
            _ => None,
        };
        if let Some(ring) = self.rings.get_mut(&update.channel()) {
            ring.push(|seq| match &update {
                Update::Stats { host, .. } => {
                    let message = Arc::new(ServerMessage::from_update(copy, seq));
                    let base = self.ticks.insert(host.clone(), Arc::clone(&message));
                    Frame::after(seq, message, base)
                }
                _ => Frame::new(seq, ServerMessage::from_update(copy, seq)),
            });
        }
        self.dashboard.apply(update);
        if let Some(host) = changed
            && let Some(containers) = self.dashboard.hosts.get(&host)
        {
            self.stats.keep(&host, &containers.containers);
        }
    }

    fn head(&self, channel: Channel) -> u64 {
        self.rings.get(&channel).map_or(0, Ring::head)
    }

    /// What somebody who has got to `seq` needs to be up to date.
    fn since(&mut self, channel: Channel, delta: bool, seq: u64) -> Vec<Arc<Frame>> {
        let Some(ring) = self.rings.get(&channel) else {
            return Vec::new();
        };
        let after = ring.after(seq);
        if after.is_none() {
            self.instruments.resynced(channel);
        }
        match after {
            Some(frames) if frames.is_empty() => frames,
            Some(frames) if delta || channel != Channel::Containers => frames,
            None if !channel.is_state() => ring.rest(),
            _ => self.snapshot(channel),
        }
    }

    /// The state of `channel` at its head: one frame a host, all with the number of the head. Of
    /// events, the most recent ones.
    fn snapshot(&mut self, channel: Channel) -> Vec<Arc<Frame>> {
        let Some(ring) = self.rings.get_mut(&channel) else {
            return Vec::new();
        };
        if !channel.is_state() {
            return ring.recent();
        }
        let (seq, dashboard, ticks) = (ring.head(), &self.dashboard, &self.ticks);
        ring.snapshot
            .get_or_insert_with(|| match channel {
                Channel::Stats => snapshot::of_ticks(ticks.values(), seq),
                _ => snapshot::of(dashboard, channel, seq),
            })
            .to_vec()
    }
}
