//! Searching for a regular expression in a thread of its own, which can be stopped.

use super::Input;
use crate::client::logs::Problem;
use futures::channel::mpsc::UnboundedSender;
use gloo_timers::callback::Timeout;
use js_sys::{Object, Reflect, Uint32Array};
use leptos::prelude::document;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{MessageEvent, Worker};

/// An expression that takes longer for one parcel of lines never ends, for all anybody can wait.
const DEADLINE_MS: u32 = 3_000;

/// Matches that are marked in one line.
pub(super) const MARKS: u32 = 32;

/// What a parcel of lines is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Which lines have it.
    Judge,
    /// Where in the lines it is.
    Mark,
}

/// Found in a parcel: number of the line in it, beginning and end in UTF-16 units.
pub(super) type Found = Result<Vec<[u32; 3]>, Problem>;

/// A thread that searches for one expression.
pub(super) struct Searcher {
    worker: Worker,
    pattern: String,
    /// Number of the last parcel.
    parcel: u32,
    waits_for: Option<Purpose>,
    is_ready: bool,
    deadline: Option<Timeout>,
    sender: UnboundedSender<Input>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

impl Searcher {
    /// Begins a thread; it is in use once it has said that it is ready.
    pub(super) fn start(pattern: &str, sender: &UnboundedSender<Input>) -> Option<Self> {
        let worker = Worker::new(&script()).ok()?;
        let answers = sender.clone();
        let on_message = Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
            let _ = answers.unbounded_send(Input::Searched(event.data()));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Some(Self {
            worker,
            pattern: pattern.to_owned(),
            parcel: 0,
            waits_for: None,
            is_ready: false,
            deadline: None,
            sender: sender.clone(),
            _on_message: on_message,
        })
    }

    /// Whether it can be given something.
    pub(super) const fn is_idle(&self) -> bool {
        self.is_ready && self.waits_for.is_none()
    }

    /// Searches `lines`, one a line.
    pub(super) fn ask(&mut self, lines: &str, purpose: Purpose) {
        let limit = match purpose {
            Purpose::Judge => 1,
            Purpose::Mark => MARKS,
        };
        self.parcel += 1;
        let message = Object::new();
        for (name, value) in [
            ("id", self.parcel.into()),
            ("pattern", self.pattern.as_str().into()),
            ("lines", lines.into()),
            ("limit", limit.into()),
        ] {
            let _ = Reflect::set(&message, &JsValue::from_str(name), &value);
        }
        if self.worker.post_message(&message).is_ok() {
            self.waits_for = Some(purpose);
            let sender = self.sender.clone();
            self.deadline = Some(Timeout::new(DEADLINE_MS, move || {
                let _ = sender.unbounded_send(Input::SearchTimedOut);
            }));
        }
    }

    /// Reads what the thread says: the purpose it was asked for and what it found.
    pub(super) fn hear(&mut self, message: &JsValue) -> Option<(Purpose, Found)> {
        let get = |name: &str| Reflect::get(message, &name.into()).ok();
        if get("ready").is_some_and(|ready| ready.is_truthy()) {
            self.is_ready = true;
            return None;
        }
        if get("id")?.as_f64()? as u32 != self.parcel {
            return None;
        }
        let purpose = self.waits_for.take()?;
        self.deadline = None;
        if let Some(error) = get("error").and_then(|error| error.as_string()) {
            return Some((purpose, Err(Problem::Invalid(error))));
        }
        let found = get("found")?.dyn_into::<Uint32Array>().ok()?.to_vec();
        let (found, _) = found.as_chunks::<3>();
        Some((purpose, Ok(found.to_vec())))
    }
}

impl Drop for Searcher {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.terminate();
    }
}

/// Where the thread's script is: its address changes with the build.
fn script() -> String {
    let root = document().document_element();
    let public = root.and_then(|root| root.get_attribute("data-public"));
    format!("{}/log-search.js", public.unwrap_or_default())
}
