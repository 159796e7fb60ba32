//! The data that all charts of a container share: the figures, the range and the selected time.

use crate::{
    client::{Live, RowSignals, driver},
    model::{Figures, HISTORY, StatsPoint, Timestamp, WorkloadId},
    plot::nearest,
};
use leptos::prelude::*;
use std::time::Duration;

/// Most age of the initial history that is continued without a request: two samples.
const FRESH: Duration = Duration::from_secs(4);

/// The data that all charts of a container share. A handle.
#[derive(Clone, Copy)]
pub(super) struct StatsView {
    /// The points with which the page began, as the server has rendered them.
    pub(super) first: StoredValue<Vec<StatsPoint>>,
    /// The points in range.
    pub(super) points: Memo<Vec<StatsPoint>>,
    /// When the newest figure was read.
    pub(super) newest: Memo<Option<Timestamp>>,
    /// Whether the container has figures now.
    pub(super) runs: Memo<bool>,
    /// How far the charts reach back.
    pub(super) range: RwSignal<Duration>,
    /// The time of the selected sample.
    pub(super) cross: RwSignal<Option<Timestamp>>,
    /// Changes when the charts must be painted again.
    pub(super) looks: Signal<u32>,
}

impl StatsView {
    /// The recent figures of a container: from the HTML or one request, continued with new figures. After a
    /// gap, the server is asked for the missing ones.
    pub(super) fn follow(live: Live, id: WorkloadId, row: &RowSignals) -> Self {
        let initial = live.initial().with_value(|initial| {
            let history = initial.stats_history.clone();
            history.filter(|history| history.id == id)
        });
        let begins_with = |age: Duration| initial.is_some() && age <= FRESH;
        let age = live
            .initial()
            .with_value(|initial| initial.now.age(live.now().get_untracked()));
        let is_fresh = begins_with(age);
        let history = RwSignal::new(initial.filter(|_| is_fresh).unwrap_or_default());
        let fetch = move || {
            driver::fetch_stats(id, move |fetched| {
                history.update(|history| history.begin_with(fetched));
            });
        };
        let again = fetch;
        Effect::new(move || {
            if !is_fresh {
                fetch();
            }
        });
        let figures = row.figures.clone();
        Effect::new(move || {
            let Some(point) = figures.read().as_ref().map(Figures::point) else {
                return;
            };
            if history.try_update(|history| history.push(point)) == Some(true) {
                again();
            }
        });
        let workload = row.workload.clone();
        let runs = Memo::new(move |_| workload.with(|it| it.state().has_stats()));
        let range = RwSignal::new(HISTORY);
        let points = Memo::new(move |_| {
            let now = live.now().get();
            history.with(|history| history.within(range.get(), now).to_vec())
        });
        let newest = Memo::new(move |_| {
            let now = live.now().get();
            let history = history.read();
            let known = history.within(HISTORY, now).iter().rev();
            known
                .copied()
                .find(|point| !point.is_gap())
                .map(|point| point.at)
        });
        Self {
            first: StoredValue::new(points.get_untracked()),
            points,
            newest,
            runs,
            range,
            cross: RwSignal::new(None),
            looks: driver::use_looks(),
        }
    }

    /// The selected sample, or else the newest of a running container; with its index among the points in
    /// range.
    pub(super) fn shown(self) -> Option<(usize, StatsPoint)> {
        if self.cross.get().is_none() && !self.runs.get() {
            return None;
        }
        let points = self.points.read();
        let at = self.cross.get().unwrap_or(Timestamp::from_millis(i64::MAX));
        let n = nearest(&points, at)?;
        Some((n, *points.get(n)?))
    }

    /// Selects the sample nearest to `at`.
    pub(super) fn point_at(self, at: Timestamp) {
        let points = self.points.read_untracked();
        let found = nearest(&points, at).and_then(|n| points.get(n));
        self.cross.set(found.map(|point| point.at));
    }

    /// Selects another sample according to `key`; returns whether the key has a meaning.
    pub(super) fn press(self, key: &str) -> bool {
        let points = self.points.get_untracked();
        let known: Vec<_> = points
            .iter()
            .filter(|point| !point.is_gap())
            .map(|point| point.at)
            .collect();
        let last = known.len().saturating_sub(1);
        let now = match self.cross.get_untracked() {
            Some(at) => known.partition_point(|known| *known < at).min(last),
            None => last,
        };
        let next = match key {
            "ArrowLeft" | "ArrowDown" => now.saturating_sub(1),
            "ArrowRight" | "ArrowUp" => (now + 1).min(last),
            "PageUp" => (now + PAGE).min(last),
            "PageDown" => now.saturating_sub(PAGE),
            "Home" => 0,
            "End" => last,
            "Escape" => {
                self.cross.set(None);
                return true;
            }
            _ => return false,
        };
        self.cross.set(known.get(next).copied());
        true
    }
}

/// Number of samples for Page Up and Page Down: half a minute at the default interval.
const PAGE: usize = 15;
