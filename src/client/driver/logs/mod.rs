//! The log viewer in the browser. It draws outside of the reactive tree: a signal holds a value and is not
//! a queue, and a list of a hundred thousand lines must not be a list of components.

mod columns;
mod copy;
mod draw;
mod feeds;
mod pane;
mod poll;
mod row;
mod search;
mod seek;

pub(super) use feeds::Feeds;
pub(super) use poll::LogPoll;

use crate::{
    client::{
        LogLooks, LogSetup, LogSource,
        logs::{LogCommand, LogUpdate, LogView},
        use_live,
    },
    model::{Event, WorkloadId},
};
use futures::{
    FutureExt, StreamExt,
    channel::mpsc::{self, UnboundedSender},
    select_biased,
};
use gloo_timers::future::IntervalStream;
use leptos::{ev, prelude::*};
use pane::Pane;
use std::sync::Arc;
use wasm_bindgen::JsValue;

/// Interval at which the rate of lines and relative times are updated.
const SECOND_MS: u32 = 1_000;

/// The inputs of a viewer.
enum Input {
    Update(WorkloadId, LogUpdate),
    Command(LogCommand),
    Sources(Vec<LogSource>),
    View(LogView),
    Looks(LogLooks),
    Events(Vec<Arc<Event>>),
    /// The button of the drawn row with this id was pressed.
    Toggle(u32),
    Scrolled,
    Resized,
    Frame,
    Searched(JsValue),
    SearchTimedOut,
    Copied(Option<usize>),
    Second,
}

/// Shows logs according to `setup`, for as long as its owner exists. The returned callback sends commands
/// to the viewer.
pub fn show_logs(setup: LogSetup) -> Callback<LogCommand> {
    let live = use_live();
    let (sender, receiver) = mpsc::unbounded();
    let receiver = StoredValue::new_local(Some(receiver));
    let begin = sender.clone();
    Effect::new(move || {
        let Some(node) = setup.node.get() else { return };
        let mut inputs = None;
        receiver.update_value(|receiver| inputs = receiver.take());
        let Some(mut inputs) = inputs else { return };
        let pane = Pane::new(node, live, setup.status, begin.clone());
        leptos::task::spawn_local_scoped_with_cancellation(async move {
            let Some(mut pane) = pane else { return };
            let mut seconds = IntervalStream::new(SECOND_MS).fuse();
            loop {
                let input = select_biased! {
                    input = inputs.next().fuse() => input,
                    _ = seconds.next() => Some(Input::Second),
                };
                let Some(input) = input else { return };
                pane.handle(input);
            }
        });
    });
    feed(&sender, move || Input::Looks(setup.looks.get()));
    feed(&sender, move || Input::View(setup.view.get()));
    feed(&sender, move || Input::Sources(setup.sources.get()));
    feed(&sender, move || Input::Events(setup.events.get()));
    Callback::new(move |command| drop(sender.unbounded_send(Input::Command(command))))
}

/// Sends an input now, and again whenever its signals change.
fn feed(sender: &UnboundedSender<Input>, input: impl Fn() -> Input + 'static) {
    let sender = sender.clone();
    Effect::new(move || drop(sender.unbounded_send(input())));
}

/// Requests a [`Input::Frame`] with the next animation frame.
fn request_frame(sender: &UnboundedSender<Input>) {
    let sender = sender.clone();
    request_animation_frame(move || drop(sender.unbounded_send(Input::Frame)));
}

/// Calls `act` for every key press that belongs to the page, for as long as the owner exists.
pub fn on_page_key(act: impl Fn(&str) -> bool + Clone + 'static) {
    Effect::new(move || {
        let act = act.clone();
        let handle = window_event_listener(ev::keydown, move |event| {
            let with_modifier = event.ctrl_key() || event.meta_key() || event.alt_key();
            if !with_modifier && !super::is_typing(&event) && act(&event.key()) {
                event.prevent_default();
            }
        });
        on_cleanup(move || handle.remove());
    });
}
