//! Keyboard and focus handling of menus. Opening, closing and stacking are the browser's own.

use leptos::prelude::{document, set_timeout};
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, FocusEvent, HtmlElement, KeyboardEvent, Node};

/// The elements of a menu that can have the focus.
const ITEMS: &str = "button:enabled, a[href], input, select";

fn target(event: &Event) -> Option<HtmlElement> {
    event.target()?.dyn_into().ok()
}

fn is_shown(menu: &Element) -> bool {
    menu.matches(":popover-open").unwrap_or(false)
}

/// Whether the menu that sent the event is open.
pub fn is_menu_open(event: &Event) -> bool {
    target(event).is_some_and(|menu| is_shown(&menu))
}

/// The open menu that contains the target of an event, or whose button does.
fn menu_of(event: &Event) -> Option<HtmlElement> {
    let around = target(event)?.closest(".menu").ok()??;
    around
        .query_selector(":popover-open")
        .ok()??
        .dyn_into()
        .ok()
}

/// Closes the menu of an event; the focus returns to its button.
pub fn close_menu(event: &Event) {
    if let Some(menu) = menu_of(event) {
        let _ = menu.hide_popover();
    }
}

/// Moves the focus through an open menu with the arrow keys, except in a field that needs them.
pub fn step_in_menu(event: &KeyboardEvent) {
    let step = match event.key().as_str() {
        "ArrowDown" => 1,
        "ArrowUp" => -1,
        _ => return,
    };
    let Some(menu) = menu_of(event) else { return };
    let focused = document().active_element();
    if focused
        .as_ref()
        .is_some_and(|item| item.tag_name() == "SELECT")
    {
        return;
    }
    event.prevent_default();
    let Ok(items) = menu.query_selector_all(ITEMS) else {
        return;
    };
    let count = items.length() as i32;
    let is_focused = |at: &i32| {
        let item = items.get(*at as u32);
        item.as_ref() == focused.as_deref()
    };
    let next = match (0..count).find(is_focused) {
        Some(at) => (at + step).rem_euclid(count),
        None if step > 0 => 0,
        None => count - 1,
    };
    let item = items.get(next as u32);
    if let Some(item) = item.and_then(|item| item.dyn_into::<HtmlElement>().ok()) {
        let _ = item.focus();
    }
}

/// Closes a menu when the focus leaves it.
pub fn leave_menu(event: &FocusEvent) {
    let next = event.related_target();
    let Some(next) = next.and_then(|next| next.dyn_into::<Node>().ok()) else {
        return;
    };
    let around = target(event).and_then(|from| from.closest(".menu").ok().flatten());
    if around.is_some_and(|around| !around.contains(Some(&next))) {
        close_menu(event);
    }
}

/// Returns the focus to the button of the menu that sent the event and is closing, unless another element
/// gets it. Not in the `toggle` event, which is never sent if the row with the menu moves at once.
pub fn return_focus(event: &Event) {
    let button = target(event).and_then(|menu| menu.previous_element_sibling());
    let Some(button) = button.and_then(|it| it.dyn_into::<HtmlElement>().ok()) else {
        return;
    };
    // The element that gets the focus has it only after the event.
    let later = move || {
        if is_focus_lost() {
            let _ = button.focus();
        }
    };
    set_timeout(later, Duration::ZERO);
}

/// Whether no element has the focus, which the browser reports as the body.
pub(super) fn is_focus_lost() -> bool {
    let focused = document().active_element();
    focused.is_none_or(|focused| focused.tag_name() == "BODY")
}
