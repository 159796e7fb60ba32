//! The views of restricted audiences. A view is created when it is first read, and dropped some time after
//! its last viewer.

use super::{Audience, Demand, View};
use crate::{
    model::{Dashboard, Update},
    server::instruments::Instruments,
};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;

/// How long a view without a viewer is kept. It is longer than the pause between two polls, and than the
/// longest pause before a client reconnects (30 s), so that these clients receive the frames they missed.
pub(super) const KEPT: Duration = Duration::from_secs(60);
/// Most views without a viewer that are kept. Each costs as much per publication as one in use, and a user can
/// create audiences by creating tokens.
pub(super) const MAX_UNUSED: usize = 128;

/// Number of bits for the sequence numbers of one view: at 30 messages per second they last four years.
const SEQ_BITS: u32 = 32;
/// Number of bits for the number of a view. With [`SEQ_BITS`] they make 53: JavaScript reads larger numbers
/// inexactly.
const ID_BITS: u32 = 21;
/// Number of remembered numbers of earlier views, half of all, so that a free number is found at once. After
/// that many views, the oldest numbers may be used again.
const MAX_REMEMBERED: usize = 1 << (ID_BITS - 1);

/// The number of a view within this run of the server.
///
/// It is the upper part of the sequence numbers of the view. So no two views have a sequence number in common,
/// and a client that resumes with a number of another view receives a snapshot: after its rights have changed,
/// and also if the view of its audience was dropped and created again. The number is random, because a counter
/// would reveal how many other audiences there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ViewId(u32);

impl ViewId {
    /// The view of the unrestricted audience, whose sequence numbers are small.
    pub(super) const EVERYTHING: Self = Self(0);

    /// The sequence number before the first one of the view.
    pub(super) const fn first_seq(self) -> u64 {
        (self.0 as u64) << SEQ_BITS
    }

    #[cfg(test)]
    pub(super) const fn for_test(number: u32) -> Self {
        Self(number)
    }
}

/// The audience and the view of a viewer. While a viewer has it, the view is kept.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) id: ViewId,
    pub(super) audience: Audience,
    /// The epoch of the clients of this view. It differs per view, so that a client whose view was replaced
    /// drops what it has.
    pub(super) epoch: String,
}

/// The views of restricted audiences.
#[derive(Debug)]
pub(super) struct Views {
    leases: BTreeMap<Audience, Leased>,
    /// Those that were read. A request that reads nothing costs no view.
    views: BTreeMap<ViewId, (Audience, View)>,
    /// The numbers of the views so far.
    numbers: HashSet<ViewId>,
    capacity: usize,
    demand: Demand,
    instruments: Instruments,
}

#[derive(Debug)]
struct Leased {
    lease: Arc<Lease>,
    /// When it was first found without a viewer.
    unused_since: Option<Instant>,
}

impl Views {
    /// No views yet; each will have rings of at most `capacity` frames.
    pub(super) fn new(capacity: usize, demand: Demand, instruments: Instruments) -> Self {
        Self {
            leases: BTreeMap::new(),
            views: BTreeMap::new(),
            numbers: HashSet::new(),
            capacity,
            demand,
            instruments,
        }
    }

    /// The lease that all viewers of `audience` share.
    pub(super) fn lease(&mut self, audience: Audience) -> Arc<Lease> {
        if let Some(leased) = self.leases.get_mut(&audience) {
            leased.unused_since = None;
            return Arc::clone(&leased.lease);
        }
        let lease = Arc::new(Lease {
            id: self.draw(),
            audience: audience.clone(),
            epoch: epoch(),
        });
        let leased = Leased {
            lease: Arc::clone(&lease),
            unused_since: None,
        };
        self.leases.insert(audience, leased);
        lease
    }

    /// A number that no earlier view had.
    fn draw(&mut self) -> ViewId {
        if self.numbers.len() >= MAX_REMEMBERED {
            let leases = self.leases.values();
            self.numbers = leases.map(|leased| leased.lease.id).collect();
        }
        loop {
            let id = ViewId(fastrand::u32(1..1 << ID_BITS));
            if self.numbers.insert(id) {
                return id;
            }
        }
    }

    /// The view of `lease`, created on first use from `everything`.
    pub(super) fn of(&mut self, lease: &Lease, everything: &View) -> &mut View {
        let (_, view) = self.views.entry(lease.id).or_insert_with(|| {
            let view = View::restricted(lease, everything, self.capacity, &self.instruments);
            self.demand.shows(lease.id, &view.dashboard);
            (lease.audience.clone(), view)
        });
        view
    }

    /// Publishes to each view the part of `update` that its audience may see. `everything` is the whole state
    /// before it.
    pub(super) fn publish(&mut self, update: &Update, everything: &Dashboard) {
        for (id, (audience, view)) in &mut self.views {
            let hosts = view.dashboard.hosts.len();
            view.publish_visible(audience, update, everything);
            if view.dashboard.hosts.len() != hosts {
                self.demand.shows(*id, &view.dashboard);
            }
        }
    }

    /// Drops views that have had no viewer for [`KEPT`].
    pub(super) fn drop_unused(&mut self) {
        if !self.leases.is_empty() {
            self.drop_unused_at(Instant::now());
        }
    }

    pub(super) fn drop_unused_at(&mut self, now: Instant) {
        let mut unused = Vec::new();
        for (audience, leased) in &mut self.leases {
            if Arc::strong_count(&leased.lease) > 1 {
                leased.unused_since = None;
            } else {
                let since = *leased.unused_since.get_or_insert(now);
                unused.push((since, audience.clone()));
            }
        }
        unused.sort_unstable();
        let surplus = unused.len().saturating_sub(MAX_UNUSED);
        for (n, (since, audience)) in unused.into_iter().enumerate() {
            if (n < surplus || now.duration_since(since) >= KEPT)
                && let Some(leased) = self.leases.remove(&audience)
            {
                self.views.remove(&leased.lease.id);
                self.demand.hides(leased.lease.id);
            }
        }
    }
}

/// A new epoch: 16 hexadecimal digits.
pub(super) fn epoch() -> String {
    format!("{:016x}", fastrand::u64(..))
}
