//! What a viewer does once a frame, as far as there is time.

use super::{BUDGET_MS, Pane, STEPS, now};
use crate::client::logs::Entry;
use leptos::prelude::*;

/// Entries taken in at once at most: for more than this there is no room beyond what is kept.
const MAX_BATCH: usize = 3_800;

impl Pane {
    pub(super) fn frame(&mut self) {
        self.is_frame_asked_for = false;
        let end = now() + BUDGET_MS;
        self.take_in(end);
        let has_more_to_seek = self.seeker.go_on(&mut self.store, || now() < end);
        self.list(end);
        self.draw();
        self.say();
        let takes_more = !self.is_paused && !self.waiting.is_empty();
        let can_list =
            self.filter.only_matches && self.seeker.is_stuck_at(self.listed, &self.store);
        if takes_more || has_more_to_seek || (self.listed < self.store.end() && !can_list) {
            self.ask_for_frame();
        }
    }

    pub(super) fn take_in(&mut self, end: f64) {
        let mut batch = Vec::new();
        while !self.is_paused && now() < end && batch.len() < MAX_BATCH && !self.waiting.is_empty()
        {
            self.waiting.take(STEPS, &mut batch);
        }
        // What happened before the lines that are shown explains none of them.
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
        self.canvas.on_insert(from);
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
            // What is in view has no row yet.
            return;
        }
        // Nothing is shown of the lines there are.
        if self.said.has_begun && self.listed >= store.end() && self.waiting.is_empty() {
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
