//! The work of a viewer per frame, as far as the time budget allows.

use super::{BUDGET_MS, Pane, STEPS, now};
use crate::client::logs::Entry;
use leptos::prelude::*;

/// Most entries inserted at once: the store has no capacity for more beyond its limit.
const MAX_BATCH: usize = 3_800;

impl Pane {
    pub(super) fn frame(&mut self) {
        self.is_frame_scheduled = false;
        let end = now() + BUDGET_MS;
        self.insert_waiting(end);
        let has_more_to_search = self.search(end);
        self.list(end);
        self.draw();
        self.report();
        let takes_more = !self.is_paused && !self.waiting.is_empty();
        let can_list =
            self.filter.only_matches && self.seeker.is_stuck_at(self.listed, &self.store);
        if takes_more || has_more_to_search || (self.listed < self.store.end() && !can_list) {
            self.schedule_frame();
        }
    }

    pub(super) fn insert_waiting(&mut self, end: f64) {
        let mut batch = Vec::new();
        while !self.is_paused && now() < end && batch.len() < MAX_BATCH && !self.waiting.is_empty()
        {
            self.waiting.take(STEPS, &mut batch);
        }
        // Events before the first shown line are omitted.
        let begin = self.store.from(0).next().map(|(_, head)| head.at);
        let first = batch
            .iter()
            .map(|entry| entry.head.at)
            .filter(|at| *at > i64::MIN)
            .min();
        let begin = begin.into_iter().chain(first).min();
        let opened = self.opened.as_millis();
        if !self.is_paused {
            let is_due = |mark: &mut Entry| {
                mark.head.at >= opened || begin.is_some_and(|at| mark.head.at >= at)
            };
            batch.extend(self.marks.extract_if(.., is_due));
        }
        if batch.is_empty() {
            return;
        }
        let from = self.store.insert(batch);
        self.rows.truncate(from);
        self.rows.drop_before(self.store.first());
        self.listed = self.listed.min(from).max(self.store.first());
        self.seeker.on_insert(from);
        self.canvas.on_change(from..self.store.end());
    }

    /// Searches entries while there is time; returns whether some are left that can be searched now.
    fn search(&mut self, end: f64) -> bool {
        let unsearched = self.seeker.searched_up_to();
        let has_more = self.seeker.continue_search(&mut self.store, || now() < end);
        // A frame without time left has drawn entries before they were searched.
        self.canvas
            .on_change(unsearched..self.seeker.searched_up_to());
        has_more
    }

    pub(super) fn list(&mut self, end: f64) {
        let mut steps = 0_usize;
        let columns = self
            .canvas
            .columns(self.looks.is_some_and(|looks| looks.wrap));
        for (number, head) in self.store.from(self.listed) {
            steps += 1;
            if steps.is_multiple_of(STEPS) && now() > end {
                break;
            }
            if self.filter.only_matches && head.is_line() && head.is_match.is_none() {
                break;
            }
            if self.filter.shows(head) {
                self.rows.push(number, columns.height(&self.store, number));
            }
            self.listed = number + 1;
        }
    }

    pub(super) fn draw(&mut self) {
        let Self {
            canvas,
            rows,
            store,
            sources,
            seeker,
            looks: Some(looks),
            ..
        } = self
        else {
            return;
        };
        let is_listing = self.listed < store.end() && self.listed <= canvas.anchor();
        if !self.follows && is_listing && !seeker.is_stuck_at(self.listed, store) {
            // The visible entries have no rows yet.
            return;
        }
        // There are no lines to show.
        if self.reported.has_begun && self.listed >= store.end() && self.waiting.is_empty() {
            canvas.attach();
        }
        let now = self.live.now().get_untracked();
        canvas.draw(rows, store, sources, *looks, seeker, now, self.follows);
        seeker.mark(canvas.drawn(), store);
        if self.follows {
            self.seen = self.store.end();
        }
    }
}
