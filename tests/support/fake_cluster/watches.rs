//! Watches: the changes of objects from a resource version on.

use super::{
    answers::{expired, failure, status, streamed},
    kinds::Kind,
    select::Selection,
    target::{Asked, Target},
    world::{Change, Shared, World},
};
use axum::{body::Bytes, response::Response};
use futures::stream;
use serde_json::{Value, json};
use std::{collections::VecDeque, io, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

/// The `timeoutSeconds` of a watch that states none; no test takes as long.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1_800);

/// What a server without the feature `WatchList` says to `sendInitialEvents`.
const NO_WATCH_LIST: &str = "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: \
                             sendInitialEvents is forbidden for watch unless the WatchList feature \
                             gate is enabled";

/// How the server refuses a watch from a version of which it has no changes any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// By an event in the stream.
    #[default]
    Event,
    /// By the status of the response.
    Status,
}

/// What all watches have in common.
#[derive(Debug, Default)]
pub(super) struct Watches {
    pub(super) expiry: Expiry,
    /// How many times the open watches were cut.
    pub(super) n_cuts: usize,
    /// How many times they got a bookmark.
    pub(super) n_bookmarks: usize,
    /// Number of events after which each watch ends.
    pub(super) limit: Option<usize>,
}

/// A watch that is being answered.
#[derive(Debug)]
struct Watch {
    shared: Arc<Shared>,
    kind: &'static Kind,
    selection: Selection,
    /// The objects that existed when it began, if it began without a version.
    initial: VecDeque<Value>,
    /// The version up to which it has everything.
    position: u64,
    has_bookmarks: bool,
    deadline: Instant,
    n_sent: usize,
    /// The counts of [`Watches`] that it has followed.
    n_cuts: usize,
    n_bookmarks: usize,
    is_over: bool,
}

enum Next {
    Event(Value),
    Wait,
    End,
    Cut,
}

pub(super) fn watch(shared: &Arc<Shared>, target: &Target, asked: &Asked) -> Response {
    if asked.is("sendInitialEvents") {
        let details = json!({ "group": "meta.k8s.io", "kind": "ListOptions" });
        return failure(&status(422, "Invalid", NO_WATCH_LIST, Some(details)));
    }
    let number = |key: &str| {
        asked
            .query
            .get(key)
            .and_then(|value| value.parse::<u64>().ok())
    };
    let selection = Selection::of(target, &asked.query);
    let world = shared.world();
    let since = number("resourceVersion").filter(|version| *version > 0);
    if let Some(since) = since.filter(|since| *since < world.oldest)
        && world.watches.expiry == Expiry::Status
    {
        return failure(&expired(since, world.oldest));
    }
    let existing = world.list(target.kind.plural).map(|(_, object)| object);
    let existing = existing.filter(|object| since.is_none() && selection.matches(object));
    let seconds = number("timeoutSeconds").map_or(DEFAULT_TIMEOUT, Duration::from_secs);
    let watch = Watch {
        shared: Arc::clone(shared),
        kind: target.kind,
        initial: existing.map(|object| event("ADDED", object)).collect(),
        selection,
        position: since.unwrap_or(world.version),
        has_bookmarks: asked.is("allowWatchBookmarks"),
        deadline: Instant::now() + seconds,
        n_sent: 0,
        n_cuts: world.watches.n_cuts,
        n_bookmarks: world.watches.n_bookmarks,
        is_over: false,
    };
    let lines = stream::unfold(watch, |mut watch| async move {
        let line = watch.next().await?;
        Some((line.map(|event| Bytes::from(format!("{event}\n"))), watch))
    });
    streamed("application/json", world.chunk, lines)
}

fn event(kind: &str, object: &Value) -> Value {
    json!({ "type": kind, "object": object })
}

impl Watch {
    async fn next(&mut self) -> Option<io::Result<Value>> {
        let mut changed = self.shared.changed.subscribe();
        loop {
            changed.borrow_and_update();
            match self.check() {
                Next::Event(event) => {
                    self.shared.faults.while_hanging().await;
                    self.n_sent += 1;
                    return Some(Ok(event));
                }
                Next::End => return None,
                Next::Cut => return Some(Err(io::Error::other("cut"))),
                Next::Wait => {}
            }
            if timeout_at(self.deadline, changed.changed()).await.is_err() {
                self.is_over = true;
                let bookmark = self.has_bookmarks.then(|| self.bookmark());
                return bookmark.map(Ok);
            }
        }
    }

    fn check(&mut self) -> Next {
        let shared = Arc::clone(&self.shared);
        let world = shared.world();
        let watches = &world.watches;
        if watches.n_cuts != self.n_cuts {
            return Next::Cut;
        }
        if self.is_over || watches.limit.is_some_and(|limit| self.n_sent >= limit) {
            return Next::End;
        }
        if let Some(event) = self.initial.pop_front() {
            return Next::Event(event);
        }
        if self.position < world.oldest {
            self.is_over = true;
            let is_event = watches.expiry == Expiry::Event;
            let expired =
                json!({ "type": "ERROR", "object": expired(self.position, world.oldest) });
            return if is_event {
                Next::Event(expired)
            } else {
                Next::End
            };
        }
        if let Some(event) = self.next_change(&world) {
            return Next::Event(event);
        }
        if self.has_bookmarks && watches.n_bookmarks != self.n_bookmarks {
            self.n_bookmarks = watches.n_bookmarks;
            return Next::Event(self.bookmark());
        }
        Next::Wait
    }

    fn next_change(&mut self, world: &World) -> Option<Value> {
        let start = world
            .history
            .partition_point(|change| change.version <= self.position);
        for change in world.history.get(start..)? {
            self.position = change.version;
            if change.plural == self.kind.plural
                && let Some(event) = self.seen(change)
            {
                return Some(event);
            }
        }
        None
    }

    /// A change as this watch sees it: an object that does not match any more is removed.
    fn seen(&self, change: &Change) -> Option<Value> {
        let matches = |object: &Option<Value>| {
            let object = object.as_ref();
            object.is_some_and(|object| self.selection.matches(object))
        };
        let (before, after) = (change.before.as_ref(), change.after.as_ref());
        match (matches(&change.before), matches(&change.after)) {
            (false, true) => Some(event("ADDED", after?)),
            (true, true) => Some(event("MODIFIED", after?)),
            (true, false) => {
                let mut object = before?.clone();
                let version = json!(change.version.to_string());
                object["metadata"]["resourceVersion"] = version;
                Some(event("DELETED", &object))
            }
            (false, false) => None,
        }
    }

    fn bookmark(&self) -> Value {
        let kind = self.kind;
        let version = self.position.to_string();
        event(
            "BOOKMARK",
            &json!({
                "kind": kind.name, "apiVersion": kind.api_version(),
                "metadata": { "resourceVersion": version, "creationTimestamp": null },
            }),
        )
    }
}
