//! The browser's clock, chance and signs of life.

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

/// `at` as this browser's clock shows it.
pub fn local(at: Timestamp) -> LocalTime {
    let date = js_sys::Date::new(&JsValue::from_f64(at.as_millis() as f64));
    at.at_offset(-date.get_timezone_offset() as i32)
}

/// What this browser's time zone is called.
pub fn zone_name() -> Option<String> {
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new());
    let name = js_sys::Reflect::get(&format.resolved_options(), &JsValue::from_str("timeZone"));
    // A browser that names none knows its offset all the same.
    let name = name.ok().and_then(|name| name.as_string());
    name.or_else(|| Some(local(Timestamp::from_millis(now_ms() as i64)).zone()))
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

/// The path on the server of what is called `path` in the code, which knows nothing of proxies.
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

/// Waits until the page has had time for what it is opened for.
pub async fn quiet() {
    const SECONDS: u64 = 3;
    gloo_timers::future::sleep(std::time::Duration::from_secs(SECONDS)).await;
}

/// The address of a socket on the server.
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

/// Where it is noted that the page was loaded again.
const RELOADED: &str = "deckwatch-reloaded";

/// Loads the page again, unless that was already tried: a proxy may keep serving the old one.
/// Whether it is being loaded.
pub(super) fn reload_once() -> bool {
    let Ok(Some(storage)) = window().session_storage() else {
        return false;
    };
    let was_tried = matches!(storage.get_item(RELOADED), Ok(Some(_)));
    // Where nothing can be noted, there would be no end.
    !was_tried
        && storage.set_item(RELOADED, "1") == Ok::<(), JsValue>(())
        && window().location().reload().is_ok()
}

/// The page is of the right version: the next time it is not, loading it again may help.
pub(super) fn forget_reload() {
    if let Ok(Some(storage)) = window().session_storage() {
        let _ = storage.remove_item(RELOADED);
    }
}

/// Keeps a cookie, given as a `Set-Cookie` header would.
pub fn set_cookie(cookie: &str) {
    if let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() {
        let _ = document.set_cookie(cookie);
    }
}

/// Whether a key belongs to a text field, a menu or a dialog rather than to the page, or was handled
/// already.
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

/// What the browser says of tab and network.
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
