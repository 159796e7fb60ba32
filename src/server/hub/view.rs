//! What one audience sees: its part of the state, and one ring of frames per channel.

use super::{
    Audience, Frame,
    filter::{self, Visible},
    ring::Ring,
    snapshot,
    views::{Lease, ViewId},
};
use crate::{
    model::{Dashboard, HostId, Update},
    protocol::{Channel, Delta, Retention, ServerMessage},
    server::instruments::Instruments,
};
use std::{collections::BTreeMap, sync::Arc};

/// The part of the state that one audience sees, and its rings.
#[derive(Debug)]
pub(super) struct View {
    pub(super) dashboard: Dashboard,
    rings: BTreeMap<Channel, Ring>,
    /// Per host, the last message of a channel whose frames are deltas: the base of the next delta, and
    /// the first message of a new subscriber.
    bases: BTreeMap<(Channel, HostId), Arc<ServerMessage>>,
    instruments: Instruments,
}

impl View {
    /// An empty view, with rings of at most `capacity` frames.
    pub(super) fn new(id: ViewId, capacity: usize, instruments: &Instruments) -> Self {
        let ring = |channel| (channel, Ring::new(channel, capacity, id.first_seq()));
        Self {
            dashboard: Dashboard::default(),
            rings: Channel::ALL.into_iter().map(ring).collect(),
            bases: BTreeMap::new(),
            instruments: instruments.clone(),
        }
    }

    /// The view of the audience of `lease`: the visible part of `everything`, its events, and its newest
    /// container figures.
    pub(super) fn restricted(
        lease: &Lease,
        everything: &Self,
        capacity: usize,
        instruments: &Instruments,
    ) -> Self {
        let mut view = Self::new(lease.id, capacity, instruments);
        view.dashboard = filter::visible_part(&lease.audience, &everything.dashboard);
        for frame in everything.rest(Channel::EVENTS) {
            if let Some(event) = frame.message().event()
                && lease.audience.sees_event(event)
            {
                view.push(Update::Event(Arc::clone(event)));
            }
        }
        let seq = view.head(Channel::STATS);
        for (name, host) in &view.dashboard.hosts {
            if let Some(timestamp) = host.stats_at {
                let stats = Update::Stats {
                    timestamp,
                    host: *name,
                    data: host.stats.values().cloned().collect(),
                };
                let message = Arc::new(ServerMessage::numbered(seq, stats));
                view.bases.insert((Channel::STATS, *name), message);
            }
        }
        view
    }

    /// Appends `update` to its ring and applies it.
    pub(super) fn publish(&mut self, update: Update) {
        self.push(update.clone());
        self.dashboard.apply(update);
    }

    /// Publishes the part of `update` that `audience` may see. `everything` is the whole state before it.
    pub(super) fn publish_visible(
        &mut self,
        audience: &Audience,
        update: &Update,
        everything: &Dashboard,
    ) {
        let Visible { updates, has_left } =
            filter::visible(audience, update, &self.dashboard, everything);
        if has_left {
            for channel in [Channel::CONTAINERS, Channel::STATS] {
                if let Some(ring) = self.rings.get_mut(&channel) {
                    ring.clear();
                }
            }
        }
        for update in updates {
            self.publish(update);
        }
    }

    fn push(&mut self, update: Update) {
        let channel = Channel::carrying(&update);
        if let Some(ring) = self.rings.get_mut(&channel) {
            let (host, bases) = (update.host(), &mut self.bases);
            ring.push(|seq| {
                let message = Arc::new(ServerMessage::numbered(seq, update));
                let base = (channel.policy().delta == Delta::Encoded)
                    .then(|| bases.insert((channel, host), Arc::clone(&message)));
                Frame::after(seq, message, base.flatten())
            });
        }
    }

    /// The sequence number of the newest frame of `channel`; before the first, that of the view.
    pub(super) fn head(&self, channel: Channel) -> u64 {
        self.rings.get(&channel).map_or(0, Ring::head)
    }

    /// The frames that bring a client with the cursor `seq` up to date.
    pub(super) fn since(&mut self, channel: Channel, delta: bool, seq: u64) -> Vec<Arc<Frame>> {
        let Some(ring) = self.rings.get(&channel) else {
            return Vec::new();
        };
        let policy = channel.policy();
        let after = ring.after(seq);
        if after.is_none() {
            self.instruments.resynced(channel);
        }
        match after {
            Some(frames) if frames.is_empty() => frames,
            Some(frames) if delta || policy.delta != Delta::OnRequest => frames,
            None if policy.retention == Retention::Stream => ring.rest(),
            _ => self.snapshot(channel),
        }
    }

    /// The state of `channel` at its head: one frame per host, all with the head's sequence number. For a
    /// stream, the most recent messages.
    pub(super) fn snapshot(&mut self, channel: Channel) -> Vec<Arc<Frame>> {
        let Some(ring) = self.rings.get_mut(&channel) else {
            return Vec::new();
        };
        let policy = channel.policy();
        if policy.retention == Retention::Stream {
            return ring.recent();
        }
        let (seq, dashboard, bases) = (ring.head(), &self.dashboard, &self.bases);
        ring.snapshot
            .get_or_insert_with(|| match policy.delta {
                // Later messages are deltas to what was sent, also for workloads that have ended since.
                Delta::Encoded => {
                    let sent = bases.iter().filter(|((of, _), _)| *of == channel);
                    snapshot::again(sent.map(|(_, message)| message), seq)
                }
                _ => snapshot::of(dashboard, channel, seq),
            })
            .to_vec()
    }

    /// Every frame of `channel` that is still in the ring.
    pub(super) fn rest(&self, channel: Channel) -> Vec<Arc<Frame>> {
        self.rings.get(&channel).map(Ring::rest).unwrap_or_default()
    }
}
