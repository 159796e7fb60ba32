//! Browser functions for components: sizes, focus, and requests in addition to the live state.

use super::{http, menu::is_focus_lost};
use crate::{
    client::RowsView,
    model::{HostId, StatsHistory, WorkloadId},
    protocol::{MetricsHistory, codec::Wire, workload_path},
};
use leptos::{ev, html, prelude::*};
use std::time::Duration;
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement, Node};

/// Height above and below the view in which rows are kept ready, so that scrolling shows no gap.
const OVERSCAN_PIXELS: f64 = 400.0;
/// Steps in which the view moves, so that rows do not change with every pixel.
const STEP_PIXELS: f64 = 200.0;

/// A key command in the list of containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKey {
    /// Focus the filter.
    Filter,
    /// Focus the next row.
    Next,
    /// Focus the previous row.
    Previous,
    /// Select the row.
    Select,
    /// Open the row's container.
    Open,
    /// Stop the row's container, or start it.
    StopOrStart,
    /// Restart the row's container.
    Restart,
}

/// Executes `key` for the focused row; returns whether it had an effect.
pub fn press(key: RowKey) -> bool {
    let document = document();
    let focused = document.active_element();
    let row = focused
        .as_ref()
        .and_then(|element| element.closest("[data-id]").ok().flatten());
    let find = |selector: &str| row.as_ref()?.query_selector(selector).ok().flatten();
    let target = match key {
        RowKey::Filter => return document.get_element_by_id("filter").is_some_and(focus),
        RowKey::Next | RowKey::Previous => {
            let next = row.as_ref().map(|row| neighbour(row, key == RowKey::Next));
            let first = || document.query_selector("tr[data-id]").ok().flatten();
            return next.unwrap_or_else(first).is_some_and(focus);
        }
        // Hidden where nothing can be done with a selection.
        RowKey::Select => find("input[type=checkbox]").filter(|it| it.client_width() > 0),
        // On a button within the row, the key presses the button instead.
        RowKey::Open if row != focused => None,
        RowKey::Open => find("a.name"),
        RowKey::StopOrStart => find("[data-action=stop]").or_else(|| find("[data-action=start]")),
        RowKey::Restart => find("[data-action=restart]"),
    };
    let element = target.and_then(|element| element.dyn_into::<HtmlElement>().ok());
    element.map(|element| element.click()).is_some()
}

fn focus(element: Element) -> bool {
    element
        .dyn_into::<HtmlElement>()
        .is_ok_and(|element| element.focus().is_ok())
}

/// The next or previous row, skipping group heads.
fn neighbour(row: &Element, next: bool) -> Option<Element> {
    let step = |element: &Element| {
        if next {
            element.next_element_sibling()
        } else {
            element.previous_element_sibling()
        }
    };
    let mut at = step(row);
    while let Some(element) = at.filter(|element| !element.has_attribute("data-id")) {
        at = step(&element);
        if at
            .as_ref()
            .is_some_and(|element| element.has_attribute("data-id"))
        {
            return at;
        }
    }
    step(row).filter(|element| element.has_attribute("data-id"))
}

/// The host name in the page's URL, without the port.
pub fn page_host() -> Option<String> {
    window().location().hostname().ok()
}

/// Scrolls `bar` sideways until its current link is visible.
pub fn show_current(bar: &HtmlElement) {
    let current = bar.query_selector("[aria-current]").ok().flatten();
    let Some(link) = current.and_then(|link| link.dyn_into::<HtmlElement>().ok()) else {
        return;
    };
    let middle = link.offset_left() - bar.offset_left() + link.offset_width() / 2;
    bar.set_scroll_left(middle - bar.client_width() / 2);
}

/// Lower edge of the rows to begin with, in pixels from the top of the list: those that the window shows, and
/// a margin, but at most `limit`.
pub fn first_bottom(limit: f64) -> f64 {
    let window = window();
    let scrolled = window.scroll_y().unwrap_or_default();
    let height = window.inner_height().ok().and_then(|it| it.as_f64());
    let bottom = height.map_or(limit, |height| scrolled + height + OVERSCAN_PIXELS);
    bottom.min(limit)
}

/// Removes the server's rows from the `from`th on, which are out of view, before they are hydrated. Without
/// effect on a page that is hydrated already.
pub fn drop_server_rows(from: usize) {
    let is_hydrating = Owner::current_shared_context().is_some_and(|it| it.during_hydration());
    let body = document().query_selector("table.containers > tbody");
    let Some(body) = body.ok().flatten().filter(|_| is_hydrating) else {
        return;
    };
    let is_row = |element: &Element| !element.class_list().contains("spacer");
    let mut at = body.first_element_child();
    let mut rows = 0;
    while let Some(element) = at {
        at = element.next_element_sibling();
        if is_row(&element) {
            if rows >= from {
                element.remove();
            }
            rows += 1;
        }
    }
}

/// Updates `view` to the visible part of `body` and a margin. `track` follows the signals that may change the
/// number or height of rows.
pub fn watch_rows(
    body: NodeRef<html::Tbody>,
    track: impl Fn() + 'static,
    view: RwSignal<RowsView>,
) {
    let measure = move || {
        let Some(body) = body.try_get_untracked().flatten() else {
            return;
        };
        let top = -body.get_bounding_client_rect().top();
        let height = window().inner_height().ok();
        let bottom = top + height.and_then(|height| height.as_f64()).unwrap_or(1_000.0);
        let known = view.get_untracked();
        let seen = RowsView {
            top: ((top - OVERSCAN_PIXELS) / STEP_PIXELS).floor() * STEP_PIXELS,
            bottom: ((bottom + OVERSCAN_PIXELS) / STEP_PIXELS).ceil() * STEP_PIXELS,
            row: height_of(&body, "tr[data-id]").or(known.row),
            group: height_of(&body, "tr.group").or(known.group),
        };
        if known != seen {
            view.set(seen);
        }
    };
    Effect::new(move || {
        track();
        body.track();
        measure();
    });
    Effect::new(move || {
        let scroll = window_event_listener(ev::scroll, move |_| measure());
        let resize = window_event_listener(ev::resize, move |_| measure());
        on_cleanup(move || {
            scroll.remove();
            resize.remove();
        });
    });
}

/// Sets `is_down` while the pointer is pressed on `body`, until the click was handled.
pub fn watch_press(body: NodeRef<html::Tbody>, is_down: RwSignal<bool>) {
    Effect::new(move || {
        let press = window_event_listener(ev::pointerdown, move |event| {
            let target = event.target().and_then(|it| it.dyn_into::<Node>().ok());
            let body = body.try_get_untracked().flatten();
            if body.is_some_and(|body| body.contains(target.as_ref())) {
                is_down.set(true);
            }
        });
        // The click event follows the release of the pointer.
        let release = move || {
            if is_down.get_untracked() {
                set_timeout(move || _ = is_down.try_set(false), Duration::ZERO);
            }
        };
        let up = window_event_listener(ev::pointerup, move |_| release());
        let cancel = window_event_listener(ev::pointercancel, move |_| release());
        on_cleanup(move || {
            press.remove();
            up.remove();
            cancel.remove();
        });
    });
}

/// Keeps the focus while rows change places: a row that is moved in the document would lose it. Must be
/// called before the change.
pub fn keep_focus() {
    let focused = document().active_element();
    let Some(focused) = focused
        .filter(|element| element.closest("[data-id]").is_ok_and(|row| row.is_some()))
        .and_then(|element| element.dyn_into::<HtmlElement>().ok())
    else {
        return;
    };
    queue_microtask(move || {
        if is_focus_lost() && focused.is_connected() {
            let options = FocusOptions::new();
            options.set_prevent_scroll(true);
            let _ = focused.focus_with_options(&options);
        }
    });
}

fn height_of(body: &Element, selector: &str) -> Option<f64> {
    let row = body.query_selector(selector).ok().flatten()?;
    Some(row.get_bounding_client_rect().height()).filter(|height| *height > 0.0)
}

/// Requests a host's last five minutes and calls `then` with them.
pub fn fetch_history(host: &HostId, then: impl FnOnce(MetricsHistory) + 'static) {
    fetch(
        format!("/api/metrics?range=5m&host={}", host.as_str()),
        then,
    );
}

/// Requests the last five minutes of a container's figures and calls `then` with them.
pub fn fetch_stats(id: WorkloadId, then: impl FnOnce(StatsHistory) + 'static) {
    fetch(workload_path(id, "stats"), then);
}

fn fetch<T: Wire + 'static>(url: String, then: impl FnOnce(T) + 'static) {
    leptos::task::spawn_local_scoped_with_cancellation(async move {
        let Ok(response) = http::get(&url, None).await else {
            return;
        };
        if let Some(value) = http::value(&response).await {
            then(value);
        }
    });
}
