//! Keyboard shortcuts of the list, which move between rows and press the rows' buttons.

use crate::client::driver::{self, RowKey};
use leptos::{ev, prelude::*};

/// Handles the list's keyboard shortcuts for as long as the page is open.
pub(super) fn listen() {
    Effect::new(move || {
        let handle = window_event_listener(ev::keydown, on_key);
        on_cleanup(move || handle.remove());
    });
}

fn on_key(event: ev::KeyboardEvent) {
    let with_modifier = event.ctrl_key() || event.meta_key() || event.alt_key();
    if with_modifier || driver::is_typing(&event) {
        return;
    }
    let key = match event.key().as_str() {
        "/" => RowKey::Filter,
        "j" | "ArrowDown" => RowKey::Next,
        "k" | "ArrowUp" => RowKey::Previous,
        "x" => RowKey::Select,
        "Enter" => RowKey::Open,
        "s" => RowKey::StopOrStart,
        "r" => RowKey::Restart,
        _ => return,
    };
    if driver::press(key) {
        event.prevent_default();
    }
}
