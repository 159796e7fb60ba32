//! Keyboard shortcuts of every page.

use crate::{client::driver, model::Page};
use leptos::{ev, prelude::*};
use leptos_router::hooks::use_navigate;

/// Longest time between `g` and the second key, in milliseconds.
const CHORD_MS: f64 = 1_500.0;

/// The command of a keyboard shortcut.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wish {
    Search,
    Help,
    Go(Page),
}

/// Handles the keyboard shortcuts of every page. Draws nothing; must be inside the router.
#[component]
pub fn PageKeys(
    /// Opens the palette.
    on_search: Callback<()>,
    /// Opens the keyboard help.
    on_help: Callback<()>,
) -> impl IntoView {
    let navigate = use_navigate();
    let chord = StoredValue::new(None::<f64>);
    let on_key = move |event: ev::KeyboardEvent| {
        let Some(wish) = wish(&event, chord) else {
            return;
        };
        event.prevent_default();
        match wish {
            Wish::Search => on_search.run(()),
            Wish::Help => on_help.run(()),
            Wish::Go(page) => navigate(&page.href(), Default::default()),
        }
    };
    Effect::new(move || {
        let handle = window_event_listener(ev::keydown, on_key.clone());
        on_cleanup(move || handle.remove());
    });
}

fn wish(event: &ev::KeyboardEvent, chord: StoredValue<Option<f64>>) -> Option<Wish> {
    let key = event.key();
    if event.ctrl_key() || event.meta_key() {
        return key.eq_ignore_ascii_case("k").then_some(Wish::Search);
    }
    if event.alt_key() || driver::is_typing(event) {
        return None;
    }
    let now = event.time_stamp();
    let began = chord.get_value();
    chord.set_value((key == "g").then_some(now));
    if began.is_some_and(|began| now - began <= CHORD_MS) {
        return destination(&key).map(Wish::Go);
    }
    (key == "?").then_some(Wish::Help)
}

/// The page to which `g` followed by `key` leads.
fn destination(key: &str) -> Option<Page> {
    match key {
        "o" => Some(Page::Overview),
        "c" => Some(Page::Containers),
        "l" => Some(Page::Logs),
        _ => None,
    }
}
