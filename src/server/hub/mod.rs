//! The hub: one state, and per audience one ring of frames per channel, with cursors that walk along
//! them.
//!
//! There are no per-client queues. A client is a [`Cursor`] per channel: after a publication it is
//! sent what lies between its cursor and the head. A client that falls off a ring gets the snapshot,
//! because of a state only the newest matters; of events, what is left. So a slow client costs only
//! itself, and resuming after a reconnect is the same as catching up.
//!
//! Publishing goes through [`Hub`], reading through a [`Viewer`], which sees what its audience may
//! see: there is no other way in.

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
    /// The unrestricted one always exists.
    views: BTreeMap<Audience, View>,
    history: History,
    stats: StatsHistories,
    /// Frames that a ring keeps.
    capacity: usize,
    instruments: Instruments,
}

impl Hub {
    /// A hub that keeps the last `capacity` frames of each channel.
    pub fn new(capacity: usize) -> Self {
        Self::with_paces(capacity, Paces::default())
    }

    /// The same, where figures of containers come at these `paces`.
    pub fn with_paces(capacity: usize, paces: Paces) -> Self {
        let everything = Audience::Unrestricted;
        let instruments = Instruments::default();
        let view = View::new(&everything, &Dashboard::default(), capacity, &instruments);
        Self {
            inner: Arc::new(Inner {
                epoch: format!("{:016x}", fastrand::u64(..)),
                state: Mutex::new(State {
                    views: BTreeMap::from([(everything, view)]),
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

    /// Reads what `audience` may see.
    pub fn viewer(&self, audience: Audience) -> Viewer {
        Viewer::new(self.clone(), audience)
    }

    /// The name of this run of the server: 16 hexadecimal digits.
    pub fn epoch(&self) -> &str {
        &self.inner.epoch
    }

    /// What is watched at present.
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

    /// Changes the state and informs all clients, who see all of `updates` or none of them.
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
    /// What `audience` sees, made anew for one that is new.
    fn view(&mut self, audience: &Audience) -> &mut View {
        let everything = self.views.get(&Audience::Unrestricted);
        let made = match self.views.contains_key(audience) {
            true => None,
            false => everything
                .map(|view| View::new(audience, &view.dashboard, self.capacity, &self.instruments)),
        };
        let made = made.unwrap_or_default();
        self.views.entry(audience.clone()).or_insert(made)
    }

    /// Whether something is in the part of the state that `audience` sees.
    fn sees(&self, audience: &Audience, is_there: impl FnOnce(&Dashboard) -> bool) -> bool {
        let view = self.views.get(audience);
        view.is_some_and(|view| is_there(&view.dashboard))
    }

    /// Applies `update` to what each audience sees. `demand` says whether the figures of containers are
    /// watched, and how often that has ended.
    fn publish(&mut self, update: Update, demand: (bool, u32)) {
        self.remember(&update, demand);
        for (audience, view) in &mut self.views {
            if let Some(visible) = audience.visible(&update) {
                view.publish(visible);
            }
        }
        if let Update::Containers { host, .. } | Update::ContainersDelta { host, .. } = update
            && let Some(view) = self.views.get(&Audience::Unrestricted)
            && let Some(host_state) = view.dashboard.hosts.get(&host)
        {
            self.stats.keep(host, &host_state.containers);
        }
    }

    /// Adds figures to the histories.
    fn remember(&mut self, update: &Update, demand: (bool, u32)) {
        match update {
            Update::Metrics {
                host,
                timestamp,
                data,
            } => self.history.record(host, *timestamp, data),
            Update::Stats { host, data, .. } => {
                let view = self.views.get(&Audience::Unrestricted);
                if let Some(known) = view.and_then(|view| view.dashboard.hosts.get(host)) {
                    self.stats.record(*host, data, &known.containers, demand);
                }
            }
            _ => {}
        }
    }
}
