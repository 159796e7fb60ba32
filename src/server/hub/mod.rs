//! The hub: one state, one ring of frames per audience and channel, and cursors into these rings.
//!
//! There is no per-client queue. A client has one [`Cursor`] per channel; after a publication it is sent
//! the frames between its cursor and the head. A client whose cursor is no longer in the ring gets a
//! snapshot of a state, because only the newest state matters, and the remaining frames of a stream. So a
//! slow client delays no other client, and resuming after a reconnect is the same operation as catching
//! up.
//!
//! [`Hub`] is the only way to publish; [`Viewer`], which is limited to what its audience may see, is the
//! only way to read.

mod audience;
mod demand;
mod frame;
mod history;
mod ring;
mod snapshot;
mod stats;
#[cfg(test)]
mod tests;
mod view;
mod viewer;

pub use audience::Audience;
pub use demand::{Demand, POLLER};
pub use frame::{Frame, encode};
pub use stats::Paces;
pub use viewer::{Cursor, Viewer};

use crate::{
    model::{Dashboard, Update},
    server::instruments::Instruments,
};
use history::History;
use stats::StatsHistories;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;
use view::View;

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
    /// The views of the other audiences that have been used.
    others: BTreeMap<Audience, View>,
    history: History,
    stats: StatsHistories,
    /// Number of frames that a ring keeps.
    capacity: usize,
    instruments: Instruments,
}

impl Hub {
    /// A hub that keeps the last `capacity` frames of each channel.
    pub fn new(capacity: usize) -> Self {
        Self::with_paces(capacity, Paces::default())
    }

    /// Like [`Self::new`], with container stats read at these `paces`.
    pub fn with_paces(capacity: usize, paces: Paces) -> Self {
        let instruments = Instruments::default();
        let everything = View::new(
            &Audience::Unrestricted,
            &Dashboard::default(),
            capacity,
            &instruments,
        );
        Self {
            inner: Arc::new(Inner {
                epoch: format!("{:016x}", fastrand::u64(..)),
                state: Mutex::new(State {
                    everything,
                    others: BTreeMap::new(),
                    history: History::default(),
                    stats: StatsHistories::new(paces),
                    capacity,
                    instruments: instruments.clone(),
                }),
                version: watch::Sender::new(0),
                demand: Demand::default(),
                instruments,
            }),
        }
    }

    /// A reader that is limited to what `audience` may see.
    pub fn viewer(&self, audience: Audience) -> Viewer {
        Viewer::new(self.clone(), audience)
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
    /// The view of `audience`, created on first use.
    fn view(&mut self, audience: &Audience) -> &mut View {
        let everything = &mut self.everything;
        if *audience == Audience::Unrestricted {
            return everything;
        }
        let dashboard = &everything.dashboard;
        let make = || View::new(audience, dashboard, self.capacity, &self.instruments);
        self.others.entry(audience.clone()).or_insert_with(make)
    }

    /// The view of `audience`; `None` if it was never used.
    fn known_view(&self, audience: &Audience) -> Option<&View> {
        if *audience == Audience::Unrestricted {
            return Some(&self.everything);
        }
        self.others.get(audience)
    }

    /// Whether `is_there` holds for the part of the state that `audience` sees.
    fn sees(&self, audience: &Audience, is_there: impl FnOnce(&Dashboard) -> bool) -> bool {
        self.known_view(audience)
            .is_some_and(|view| is_there(&view.dashboard))
    }

    /// Applies `update` to the view of each audience. `demand` is whether the container stats are watched
    /// and how many times that has ended.
    fn publish(&mut self, update: Update, demand: (bool, u32)) {
        self.remember(&update, demand);
        let everything = (&Audience::Unrestricted, &mut self.everything);
        for (audience, view) in std::iter::once(everything).chain(&mut self.others) {
            if let Some(visible) = audience.visible(&update) {
                view.publish(visible);
            }
        }
        if let Update::Containers { host, .. } | Update::ContainersDelta { host, .. } = update
            && let Some(host_state) = self.everything.dashboard.hosts.get(&host)
        {
            self.stats.keep(host, &host_state.containers);
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
