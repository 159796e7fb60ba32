//! The browser's clock, randomness, storage and events.

use crate::{
    client::link::LinkEvent,
    model::{LocalTime, Page, Timestamp},
};
use futures::{channel::mpsc, stream::FusedStream};
use leptos::{ev, prelude::*};
use wasm_bindgen::{JsCast, JsValue};

/// Milliseconds since the Unix epoch, by this browser's clock.
pub(super) fn now_ms() -> f64 {
    js_sys::Date::now()
}

/// `at` in this browser's time zone.
pub fn local(at: Timestamp) -> LocalTime {
    let date = js_sys::Date::new(&JsValue::from_f64(at.as_millis() as f64));
    at.at_offset(-date.get_timezone_offset() as i32)
}

/// Runs `run` once the current work of the page is done.
pub fn later(run: impl FnOnce() + 'static) {
    set_timeout(run, std::time::Duration::ZERO);
}

/// The name of this browser's time zone.
pub fn zone_name() -> Option<String> {
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new());
    let name = js_sys::Reflect::get(&format.resolved_options(), &JsValue::from_str("timeZone"));
    // A browser without the name still knows the offset.
    let name = name.ok().and_then(|name| name.as_string());
    name.or_else(|| Some(local(Timestamp::from_millis(now_ms() as i64)).zone()))
}

/// A random number from 0 to 1.
pub(super) fn random() -> f64 {
    js_sys::Math::random()
}

/// A new request id: time and randomness make it unique across tabs.
pub(super) fn new_request_id() -> String {
    format!("{:x}-{:x}", now_ms() as u64, (random() * 9e15) as u64)
}

/// Whether the tab is hidden.
pub(super) fn is_hidden() -> bool {
    document().hidden()
}

/// Marks the document as interactive, for tests and scripts.
pub(super) fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-hydrated", "");
    }
}

/// The path on the server of `path`, which does not include the base path.
pub(super) fn on_server(path: &str) -> String {
    let root = document().document_element();
    let base = root.and_then(|root| root.get_attribute("data-base"));
    base.unwrap_or_default() + path
}

/// The page at the address of the document; `None` for an address without a page.
pub fn open_page() -> Option<Page> {
    let location = window().location();
    let path = location.pathname().ok()?;
    let path = path.strip_prefix(&*on_server(""))?;
    let query = web_sys::UrlSearchParams::new_with_str(&location.search().ok()?).ok()?;
    Page::parse(path, |name| query.get(name))
}

/// Waits for a few seconds, in which the page can request what it needs first.
pub async fn quiet() {
    const SECONDS: u64 = 3;
    gloo_timers::future::sleep(std::time::Duration::from_secs(SECONDS)).await;
}

/// The URL of a socket on the server.
pub(super) fn socket_url(path: &str) -> Option<String> {
    let location = window().location();
    let scheme = if location.protocol().ok()? == "https:" {
        "wss"
    } else {
        "ws"
    };
    Some(format!(
        "{scheme}://{}{}",
        location.host().ok()?,
        on_server(path)
    ))
}

/// The key under which the reason of a reload is recorded.
const RELOADED: &str = "deckwatch-reloaded";

/// Reloads the page, unless that was already tried for the same `reason`: a proxy may keep serving the old
/// page. Returns whether it is being reloaded.
pub(super) fn reload_once(reason: &str) -> bool {
    let Ok(Some(storage)) = window().session_storage() else {
        return false;
    };
    let was_tried = storage
        .get_item(RELOADED)
        .is_ok_and(|tried| tried.as_deref() == Some(reason));
    // Without a record, reloading would not end.
    !was_tried
        && storage.set_item(RELOADED, reason) == Ok::<(), JsValue>(())
        && window().location().reload().is_ok()
}

/// Forgets a reload, because the page has the right version: a later mismatch may be fixed by reloading.
pub(super) fn forget_reload() {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.remove_item(RELOADED);
    }
}

/// Sets a cookie, in the format of a `Set-Cookie` header.
pub fn set_cookie(cookie: &str) {
    if let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() {
        let _ = document.set_cookie(cookie);
    }
}

/// Whether a key event belongs to a text field, a menu or a dialog rather than to the page, or was already
/// handled.
pub fn is_typing(event: &web_sys::KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|element| {
        let is_within = |selectors| matches!(element.closest(selectors), Ok(Some(_)));
        // A field in a dialog that was closed keeps the focus until the next frame.
        is_within("input, textarea, select, dialog, [popover]") && !is_within("dialog:not([open])")
    }) || event.default_prevented()
}

/// The browser's events about the tab and the network.
pub(super) fn signs() -> impl FusedStream<Item = LinkEvent> + Unpin {
    let (sender, receiver) = mpsc::unbounded();
    let send = move |event| drop(sender.unbounded_send(event));
    let online = send.clone();
    let _ = window_event_listener(ev::online, move |_| online(LinkEvent::Online));
    let offline = send.clone();
    let _ = window_event_listener(ev::offline, move |_| offline(LinkEvent::Offline));
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
