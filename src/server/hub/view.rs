//! What one audience sees: its part of the state, and one ring of frames per channel.

use super::{Audience, Frame, ring::Ring, snapshot};
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
    /// A view of the part of `dashboard` that `audience` sees, with rings of at most `capacity` frames.
    /// Its sequence numbers start at the beginning.
    pub(super) fn new(
        audience: &Audience,
        dashboard: &Dashboard,
        capacity: usize,
        instruments: &Instruments,
    ) -> Self {
        let ring = |channel| (channel, Ring::new(channel, capacity));
        Self {
            dashboard: audience.visible_part(dashboard),
            rings: Channel::ALL.into_iter().map(ring).collect(),
            bases: BTreeMap::new(),
            instruments: instruments.clone(),
        }
    }

    /// Appends `update` to its ring and applies it.
    pub(super) fn publish(&mut self, update: Update) {
        let channel = Channel::carrying(&update);
        if let Some(ring) = self.rings.get_mut(&channel) {
            let (host, bases) = (update.host(), &mut self.bases);
            let update = update.clone();
            ring.push(|seq| {
                let message = Arc::new(ServerMessage::numbered(seq, update));
                let base = (channel.policy().delta == Delta::Encoded)
                    .then(|| bases.insert((channel, host), Arc::clone(&message)));
                Frame::after(seq, message, base.flatten())
            });
        }
        self.dashboard.apply(update);
    }

    /// The sequence number of the newest frame of `channel`; zero before the first.
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
