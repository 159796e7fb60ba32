//! Reports the state of a viewer to its page, and copies lines.

use super::{super::copy, COPIED_ROWS, COPIED_SECONDS, COUNTS_MS, Pane, now};
use crate::client::logs::{LogStatus, ansi};
use leptos::prelude::*;

impl Pane {
    pub(super) fn copy(&self) {
        let several = self.sources.len() > 1;
        let first = self.rows.len().saturating_sub(COPIED_ROWS);
        let mut text = String::new();
        let mut lines = 0;
        let numbers = (first..self.rows.len()).filter_map(|row| self.rows.number(row));
        for entry in numbers.filter_map(|number| self.store.get(number)) {
            if !entry.head.is_line() {
                continue;
            }
            if let Some(time) = entry.head.time.get() {
                text.push_str(&time.to_string());
                text.push(' ');
            }
            if several && let Some(source) = self.sources.get(usize::from(entry.head.source)) {
                text.push_str(&source.name);
                text.push(' ');
            }
            text.push_str(&ansi::plain(&entry.text));
            text.push('\n');
            lines += 1;
        }
        copy::copy(&text, lines, &self.sender);
    }

    pub(super) fn report(&mut self) {
        let fresh = self.rows.len() - self.rows.row_of(self.seen);
        let status = LogStatus {
            has_begun: self.reported.has_begun,
            lines: self.store.len(),
            shown: self.rows.len(),
            dropped: self.store.dropped(),
            rate: self.reported.rate,
            follows: self.follows,
            fresh: if self.follows { 0 } else { fresh },
            is_paused: self.is_paused,
            held: if self.is_paused {
                self.waiting.len()
            } else {
                0
            },
            findings: self.seeker.findings(&self.store),
            ended: self.reported.ended.clone(),
            complaint: self.reported.complaint.clone(),
            copied: self.reported.copied,
        };
        let only_counts = |known: &LogStatus| {
            let counts = LogStatus {
                lines: status.lines,
                shown: status.shown,
                dropped: status.dropped,
                fresh: status.fresh,
                held: status.held,
                ..known.clone()
            };
            counts == status
                && (known.lines == 0) == (status.lines == 0)
                && (known.fresh == 0) == (status.fresh == 0)
        };
        let can_wait = now() - self.reported_at < COUNTS_MS;
        let is_known = self
            .status
            .with_untracked(|known| *known == status || (can_wait && only_counts(known)));
        if !is_known {
            self.reported_at = now();
            self.status.set(status);
        }
    }

    pub(super) fn expire_copied(&mut self) {
        self.copied_for = self.copied_for.saturating_add(1);
        if self.copied_for > COPIED_SECONDS {
            self.reported.copied = None;
        }
    }
}
