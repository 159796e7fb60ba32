//! A text together with its other readings, which are made once and shared by the searches of all rules.

use super::{
    rule::Found,
    views::{self, View, is_plain},
};
use std::cell::OnceCell;

/// A text that is searched for secrets.
#[derive(Debug)]
pub(in crate::server::source) struct Text<'a> {
    written: &'a str,
    is_plain: bool,
    readings: OnceCell<Vec<View>>,
    views: OnceCell<Vec<View>>,
}

impl<'a> Text<'a> {
    pub(in crate::server::source) fn new(written: &'a str) -> Self {
        Self {
            written,
            is_plain: is_plain(written.as_bytes()),
            readings: OnceCell::new(),
            views: OnceCell::new(),
        }
    }

    /// The text as it is written.
    pub(in crate::server::source) const fn written(&self) -> &'a str {
        self.written
    }

    /// Whether it has no other reading: see [`is_plain`].
    pub(in crate::server::source) const fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// What `search` finds in the readings of the text other than the written one, at the positions in the
    /// written one.
    pub(in crate::server::source) fn search_readings(
        &self,
        search: impl Fn(&[u8]) -> Vec<Found>,
    ) -> Vec<Found> {
        let readings = self.readings.get_or_init(|| views::readings(self.written));
        // Readings with positions cost several times as much, and most have no secret.
        if readings.iter().all(|read| search(read.text()).is_empty()) {
            return Vec::new();
        }
        let views = self.views.get_or_init(|| views::views(self.written));
        views
            .iter()
            .flat_map(|view| written(view, search(view.text())))
            .collect()
    }

    /// What `search` finds in the text as the viewer shows it, at the positions in the written one.
    pub(in crate::server::source) fn search_shown(
        &self,
        search: impl FnOnce(&[u8]) -> Vec<Found>,
    ) -> Vec<Found> {
        let shown = (!self.is_plain).then(|| views::shown(self.written));
        match shown.flatten() {
            Some(view) => written(&view, search(view.text())).collect(),
            None => search(self.written.as_bytes()),
        }
    }
}

/// `found` in `view` at the positions in its source.
fn written(view: &View, found: Vec<Found>) -> impl Iterator<Item = Found> {
    found.into_iter().filter_map(|found| {
        let range = view.written(found.range)?;
        Some(Found::new(range, found.rule))
    })
}
