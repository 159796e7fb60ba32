//! Searches for a regular expression in a web worker, which can be terminated.

use super::Input;
use crate::client::logs::Problem;
use futures::channel::mpsc::UnboundedSender;
use gloo_timers::callback::Timeout;
use js_sys::{Object, Reflect, Uint32Array};
use leptos::prelude::document;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{MessageEvent, Worker};

/// Timeout per batch of lines; an expression that takes longer would practically never end.
const TIMEOUT_MS: u32 = 3_000;

/// Most matches that are marked per line.
pub(super) const MARKS: u32 = 32;

/// The purpose of searching a batch of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To find out which lines match.
    Test,
    /// To find the positions of the matches.
    Mark,
}

/// The result of a batch: per match the index of the line, and start and end in UTF-16 units.
pub(super) type Found = Result<Vec<[u32; 3]>, Problem>;

/// A worker that searches for one expression.
pub(super) struct Searcher {
    worker: Worker,
    pattern: String,
    /// Number of the last batch.
    batch: u32,
    pending: Option<Purpose>,
    is_ready: bool,
    deadline: Option<Timeout>,
    sender: UnboundedSender<Input>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

impl Searcher {
    /// Starts a worker; it is usable once it has reported that it is ready.
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
            batch: 0,
            pending: None,
            is_ready: false,
            deadline: None,
            sender: sender.clone(),
            _on_message: on_message,
        })
    }

    /// Whether it can accept a batch.
    pub(super) const fn is_idle(&self) -> bool {
        self.is_ready && self.pending.is_none()
    }

    /// Posts a batch of `lines`, separated by line ends.
    pub(super) fn post(&mut self, lines: &str, purpose: Purpose) {
        let limit = match purpose {
            Purpose::Test => 1,
            Purpose::Mark => MARKS,
        };
        self.batch += 1;
        let message = Object::new();
        for (name, value) in [
            ("id", self.batch.into()),
            ("pattern", self.pattern.as_str().into()),
            ("lines", lines.into()),
            ("limit", limit.into()),
        ] {
            let _ = Reflect::set(&message, &JsValue::from_str(name), &value);
        }
        if self.worker.post_message(&message).is_ok() {
            self.pending = Some(purpose);
            let sender = self.sender.clone();
            self.deadline = Some(Timeout::new(TIMEOUT_MS, move || {
                let _ = sender.unbounded_send(Input::SearchTimedOut);
            }));
        }
    }

    /// Parses a message of the worker: the purpose of the batch and its result.
    pub(super) fn receive(&mut self, message: &JsValue) -> Option<(Purpose, Found)> {
        let get = |name: &str| Reflect::get(message, &name.into()).ok();
        if get("ready").is_some_and(|ready| ready.is_truthy()) {
            self.is_ready = true;
            return None;
        }
        if get("id")?.as_f64()? as u32 != self.batch {
            return None;
        }
        let purpose = self.pending.take()?;
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

/// The URL of the worker's script, which changes with the build.
fn script() -> String {
    let root = document().document_element();
    let public = root.and_then(|root| root.get_attribute("data-public"));
    format!("{}/log-search.js", public.unwrap_or_default())
}
