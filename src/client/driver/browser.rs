//! The browser's clock, chance and signs of life.

use crate::client::link::LinkEvent;
use futures::{channel::mpsc, stream::FusedStream};
use leptos::{ev, prelude::*};
use wasm_bindgen::{JsCast, JsValue};

/// Milliseconds since the Unix epoch, by this browser's clock.
pub(super) fn now_ms() -> f64 {
    js_sys::Date::now()
}

/// From 0 to 1.
pub(super) fn random() -> f64 {
    js_sys::Math::random()
}

/// Time and chance together do not repeat, in any tab.
pub(super) fn new_request_id() -> String {
    format!("{:x}-{:x}", now_ms() as u64, (random() * 9e15) as u64)
}

/// Whether the tab is out of sight.
pub(super) fn is_hidden() -> bool {
    document().hidden()
}

/// Says to whoever looks at the document that the page is interactive.
pub(super) fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-hydrated", "");
    }
}

/// Loads the page again, unless that was already tried: a proxy may keep serving the old one.
pub(super) fn reload_once() {
    const KEY: &str = "deckwatch-reloaded";
    let Ok(Some(storage)) = window().session_storage() else {
        return;
    };
    let was_tried = matches!(storage.get_item(KEY), Ok(Some(_)));
    if !was_tried && storage.set_item(KEY, "1") == Ok::<(), JsValue>(()) {
        let _ = window().location().reload();
    }
}

/// Keeps a cookie, given as a `Set-Cookie` header would.
pub fn set_cookie(cookie: &str) {
    if let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() {
        let _ = document.set_cookie(cookie);
    }
}

/// Whether a key belongs to a text field or a dialog rather than to the page.
pub fn is_typing(event: &web_sys::KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|element| {
        matches!(
            element.closest("input, textarea, select, dialog"),
            Ok(Some(_))
        )
    })
}

/// What the browser says of tab and network.
pub(super) fn signs() -> impl FusedStream<Item = LinkEvent> + Unpin {
    let (sender, receiver) = mpsc::unbounded();
    let send = move |event| drop(sender.unbounded_send(event));
    let online = send.clone();
    let _ = window_event_listener(ev::online, move |_| online(LinkEvent::Online));
    let shown = send.clone();
    let _ = window_event_listener(ev::pageshow, move |_| shown(LinkEvent::Online));
    let visibility = ev::Custom::<ev::Event>::new("visibilitychange");
    let _ = window_event_listener(visibility, move |_| {
        send(if is_hidden() {
            LinkEvent::Hidden
        } else {
            LinkEvent::Visible
        });
    });
    receiver
}
