//! The server's side of the driver: there is no browser, and the state in the HTML is all there is.

use super::{Live, LogSetup, Observations, RowsView, logs::LogCommand};
use crate::{
    model::{HostId, LocalTime, StatsHistory, Timestamp, WorkloadId},
    plot::Scene,
    protocol::{ApiError, MetricsHistory, codec::Wire},
};
use leptos::{ev, html, prelude::*, svg};
use std::time::Duration;

/// A key of the list of containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "documented where there is a browser")]
pub enum RowKey {
    Filter,
    Next,
    Previous,
    Select,
    Open,
    StopOrStart,
    Restart,
}

/// Does nothing: only a browser is fed.
pub fn start(_live: Live) {}

/// Nothing can be tried.
pub fn run_probes(_observed: RwSignal<Observations>) {}

/// Nothing can be copied.
pub fn copy(_text: &str) -> bool {
    false
}

/// Nothing can be copied.
pub fn copy_report(_observed: &Observations) -> bool {
    false
}

/// Does nothing.
pub fn set_cookie(_cookie: &str) {}

/// Times are UTC: the reader's time zone is known in the browser only.
pub fn local(at: Timestamp) -> LocalTime {
    at.at_offset(0)
}

/// Not known.
pub fn zone_name() -> Option<String> {
    None
}

/// Nobody types.
pub fn is_typing(_event: &ev::KeyboardEvent) -> bool {
    false
}

/// Nobody presses keys.
pub fn press(_key: RowKey) -> bool {
    false
}

/// Not known.
pub fn page_host() -> Option<String> {
    None
}

/// Does nothing.
pub fn set_height(_element: &leptos::web_sys::HtmlElement, _height: f64) {}

/// Does nothing.
pub fn show_current(_bar: &leptos::web_sys::HtmlElement) {}

/// Does nothing.
pub fn watch_rows(
    _body: NodeRef<html::Tbody>,
    _track: impl Fn() + 'static,
    _view: RwSignal<RowsView>,
) {
}

/// Does nothing.
pub fn watch_press(_body: NodeRef<html::Tbody>, _is_down: RwSignal<bool>) {}

/// Does nothing.
pub fn keep_focus() {}

/// Does nothing.
pub fn fetch_history(_host: &HostId, _then: impl FnOnce(MetricsHistory) + 'static) {}

/// Does nothing.
pub fn fetch_stats(_id: WorkloadId, _then: impl FnOnce(StatsHistory) + 'static) {}

/// Does nothing.
pub fn paint(_node: NodeRef<html::Canvas>, _size: (f32, f32), _scene: &Scene) {}

/// Does nothing.
pub fn watch_size(_node: NodeRef<html::Canvas>, _size: RwSignal<(f32, f32)>) {}

/// Nobody looks.
pub fn use_looks() -> Signal<u32> {
    Signal::stored(0)
}

/// Does nothing.
pub fn show_sparkline(_live: Live, _id: WorkloadId, _node: NodeRef<svg::Svg>) {}

/// Draws nothing: the first lines are in the HTML.
pub fn show_logs(_setup: LogSetup) -> Callback<LogCommand> {
    Callback::new(|_| {})
}

/// No menu is open.
pub fn is_menu_open(_event: &ev::Event) -> bool {
    false
}

/// Does nothing.
pub fn close_menu(_event: &ev::MouseEvent) {}

/// Does nothing.
pub fn step_in_menu(_event: &ev::KeyboardEvent) {}

/// Does nothing.
pub fn leave_menu(_event: &ev::FocusEvent) {}

/// Does nothing.
pub fn after_menu(_event: &ev::Event) {}

/// Nobody presses keys.
pub fn on_page_key(_act: impl Fn(&str) -> bool + Clone + 'static) {}

/// Does nothing.
pub fn ask<T: Wire + 'static>(_url: String, _then: impl FnOnce(Result<T, ApiError>) + 'static) {}

/// Does nothing.
pub fn ask_text(_url: String, _then: impl FnOnce(Result<String, ApiError>) + 'static) {}

/// Does nothing.
pub fn keep_asking<T: Wire + 'static>(
    _url: String,
    _after: Duration,
    _every: Duration,
    _then: impl Fn(Result<T, ApiError>) + 'static,
) {
}

/// Does nothing: the text stands there instead of the tree.
pub fn show_json(_node: &leptos::web_sys::HtmlElement, _text: &str, _query: &str) -> Option<u32> {
    None
}

/// Does nothing.
pub fn open_json(_event: &leptos::web_sys::MouseEvent) {}
