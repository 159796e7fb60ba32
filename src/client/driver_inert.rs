//! The server's replacement for the driver: there is no browser, and all state is in the HTML.

use super::{Change, Live, LogSetup, Observations, RowsView, logs::LogCommand};
use crate::{
    model::{HostId, LocalTime, StatsHistory, Timestamp, WorkloadId},
    plot::Scene,
    protocol::{ApiError, MetricsHistory, codec::Wire},
};
use leptos::{ev, html, prelude::*, svg};
use std::time::Duration;

/// A key command in the list of containers.
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

/// Does nothing: only a browser has a connection.
pub fn start(_live: Live) {}

/// Does nothing: there is no connection to test.
pub fn run_probes(_observed: RwSignal<Observations>) {}

/// Returns `false`: there is no clipboard.
pub fn copy(_text: &str) -> bool {
    false
}

/// Returns `false`: there is no clipboard.
pub fn copy_report(_observed: &Observations) -> bool {
    false
}

/// Does nothing.
pub fn set_cookie(_cookie: &str) {}

/// `at` in UTC: only the browser knows the user's time zone.
pub fn local(at: Timestamp) -> LocalTime {
    at.at_offset(0)
}

/// Does nothing: nothing happens after rendering.
pub fn later(_run: impl FnOnce() + 'static) {}

/// Returns `None`: only the browser knows the user's time zone.
pub fn zone_name() -> Option<String> {
    None
}

/// Returns `false`: there is no keyboard.
pub fn is_typing(_event: &ev::KeyboardEvent) -> bool {
    false
}

/// Returns `false`: there is no keyboard.
pub fn press(_key: RowKey) -> bool {
    false
}

/// Returns `None`: only the browser knows it.
pub fn page_host() -> Option<String> {
    None
}

/// Does nothing.
pub fn show_current(_bar: &leptos::web_sys::HtmlElement) {}

/// Returns `limit`: the server does not know the size of the window.
pub const fn first_bottom(limit: f64) -> f64 {
    limit
}

/// Does nothing: all rows are rendered.
pub fn drop_server_rows(_from: usize) {}

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

/// Returns a constant: there is no canvas to paint.
pub fn use_looks() -> Signal<u32> {
    Signal::stored(0)
}

/// Does nothing.
pub fn show_sparkline(_live: Live, _id: WorkloadId, _node: NodeRef<svg::Svg>) {}

/// Draws nothing: the first lines are in the HTML.
pub fn show_logs(_setup: LogSetup) -> Callback<LogCommand> {
    Callback::new(|_| {})
}

/// Returns `false`: no menu is open.
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
pub fn return_focus(_event: &ev::Event) {}

/// Does nothing: there is no keyboard.
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

/// Returns `None`: the text is shown instead of the tree.
pub fn show_json(_node: &leptos::web_sys::HtmlElement, _text: &str, _query: &str) -> Option<u32> {
    None
}

/// Does nothing.
pub fn open_json(_event: &leptos::web_sys::MouseEvent) {}

/// Does nothing.
pub fn change(_change: Change, _then: impl FnOnce(Result<(), ApiError>) + 'static) {}

/// Does nothing.
pub fn change_for<T: Wire + 'static>(
    _change: Change,
    _then: impl FnOnce(Result<T, ApiError>) + 'static,
) {
}

/// Does nothing.
pub fn change_for_text(_change: Change, _then: impl FnOnce(Result<String, ApiError>) + 'static) {}
