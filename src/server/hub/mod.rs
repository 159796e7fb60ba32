//! The hub: one state, one ring of frames per audience and channel, and cursors into these rings.
//!
//! There is no per-client queue. A client has one [`Cursor`] per channel; after a publication it is sent
//! the frames between its cursor and the head. A client whose cursor is no longer in the ring gets a
//! snapshot of a state, because only the newest state matters, and the remaining frames of a stream. So a
//! slow client delays no other client, and resuming after a reconnect is the same operation as catching
//! up.
//!
//! A client sees what its [`Audience`] may see. Each audience has a view: its part of the state and its own
//! rings, so that nothing outside is even stored where its clients read.
//!
//! [`Hub`] is the only way to publish; [`Viewer`], which is limited to what its audience may see, is the
//! only way to read.

mod audience;
mod demand;
mod filter;
mod frame;
mod history;
mod ring;
mod snapshot;
mod stats;
#[cfg(test)]
mod tests;
mod view;
mod viewer;
mod views;

pub use audience::Audience;
pub use demand::{Demand, POLLER};
pub use frame::{Frame, encode};
pub use stats::Paces;
pub use viewer::{Cursor, Viewer};

use crate::{model::Update, protocol::Channel, server::instruments::Instruments};
use history::History;
use stats::StatsHistories;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use view::View;
use views::{Lease, ViewId, Views, epoch};

/// The state and its fan-out to clients. A handle: clones are the same hub.
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
    /// The view of the unrestricted audience, which always exists.
    everything: View,
    /// The views of the other audiences.
    others: Views,
    history: History,
    stats: StatsHistories,
}

impl Hub {
    /// A hub that keeps the last `capacity` frames of each channel.
    pub fn new(capacity: usize) -> Self {
        Self::with_paces(capacity, Paces::default())
    }

    /// Like [`Self::new`], with container stats read at these `paces`.
    pub fn with_paces(capacity: usize, paces: Paces) -> Self {
        let instruments = Instruments::default();
        let demand = Demand::default();
        Self {
            inner: Arc::new(Inner {
                epoch: epoch(),
                state: Mutex::new(State {
                    everything: View::new(ViewId::EVERYTHING, capacity, &instruments),
                    others: Views::new(capacity, demand.clone(), instruments.clone()),
                    history: History::default(),
                    stats: StatsHistories::new(paces),
                }),
                version: watch::Sender::new(0),
                demand,
                instruments,
            }),
        }
    }

    /// A reader that is limited to what `audience` may see.
    ///
    /// The view of a restricted audience is kept up to date while it has a viewer and for a minute after,
    /// so a viewer must not outlive its client.
    pub fn viewer(&self, audience: Audience) -> Viewer {
        let is_restricted = audience != Audience::Unrestricted;
        let lease = is_restricted.then(|| self.state(|state| state.others.lease(audience)));
        Viewer::new(self.clone(), lease)
    }

    /// The id of this run of the server: 16 hexadecimal digits.
    pub fn epoch(&self) -> &str {
        &self.inner.epoch
    }

    /// Which channels have subscribers, and which hosts are watched.
    pub fn demand(&self) -> &Demand {
        &self.inner.demand
    }

    /// The counters and timers of the server's own work.
    pub fn instruments(&self) -> &Instruments {
        &self.inner.instruments
    }

    /// Changes with every publication.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.version.subscribe()
    }

    /// Changes the state and notifies all clients. A client sees either all of `updates` or none of them.
    pub fn publish(&self, updates: Vec<Update>) {
        if updates.is_empty() {
            return;
        }
        self.state(|state| {
            for update in updates {
                let demand = self.demand().of(update.host());
                state.publish(update, demand);
            }
            state.others.drop_unused();
        });
        self.inner.instruments.published();
        self.inner.version.send_modify(|version| *version += 1);
    }

    fn state<T>(&self, access: impl FnOnce(&mut State) -> T) -> T {
        let state = self.inner.state.lock();
        access(&mut state.unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    /// The view of `lease`, which is created on first use; without a lease, the unrestricted one.
    fn view(&mut self, lease: Option<&Lease>) -> &mut View {
        match lease {
            None => &mut self.everything,
            Some(lease) => self.others.of(lease, &self.everything),
        }
    }

    /// Applies `update` to the view of each audience. `demand` is whether the container stats are watched
    /// and how many times that has ended.
    fn publish(&mut self, update: Update, demand: (bool, u32)) {
        self.remember(&update, demand);
        self.others.publish(&update, &self.everything.dashboard);
        let host = update.host();
        let is_list = Channel::carrying(&update) == Channel::CONTAINERS;
        self.everything.publish(update);
        if is_list && let Some(state) = self.everything.dashboard.hosts.get(&host) {
            self.stats.keep(host, &state.containers);
        }
    }

    /// Adds samples to the histories.
    fn remember(&mut self, update: &Update, demand: (bool, u32)) {
        match update {
            Update::Metrics {
                host,
                timestamp,
                data,
            } => self.history.record(host, *timestamp, data),
            Update::Stats { host, data, .. } => {
                if let Some(known) = self.everything.dashboard.hosts.get(host) {
                    self.stats.record(*host, data, &known.containers, demand);
                }
            }
            _ => {}
        }
    }
}
