//! Handles updates of logs, and changes of the logs that are shown.

use super::{Input, KNOWN_EVENTS, Pane};
use crate::{
    client::{
        LogSource,
        logs::{Entry, Follower, LogOrder, LogRequest, LogUpdate, count_since},
    },
    model::{Event, LogEndReason, WorkloadId},
};
use leptos::prelude::*;
use std::sync::Arc;

impl Pane {
    pub(super) fn on_update(&mut self, id: WorkloadId, update: LogUpdate) {
        let Some(source) = self.sources.iter().position(|source| source.id == id) else {
            return;
        };
        let source = source as u8;
        match update {
            LogUpdate::Begin => {
                self.counts_from = self.live.now().get_untracked();
                self.waiting.remove_source(source);
                self.store.remove_source(source);
                self.renumber();
                self.reported.complaint = None;
                self.end(id, None);
            }
            LogUpdate::Lines(lines) => {
                self.reported.complaint = None;
                self.reported.has_begun = true;
                self.end(id, None);
                self.lines_this_second += count_since(&lines, self.counts_from);
                self.waiting.push(source, lines);
            }
            LogUpdate::Gap(missing) => self.waiting.push_gap(source, missing),
            LogUpdate::End(reason, message) => {
                self.reported.has_begun = true;
                self.reported.complaint = message;
                self.end(id, Some(reason));
            }
            LogUpdate::Refused(reason) => self.reported.complaint = Some(reason),
        }
    }

    pub(super) fn end(&mut self, id: WorkloadId, reason: Option<LogEndReason>) {
        self.reported.ended.retain(|(ended, _)| *ended != id);
        self.reported
            .ended
            .extend(reason.map(|reason| (id, reason)));
    }

    pub(super) fn show_sources(&mut self, sources: Vec<LogSource>) {
        let same = |a: &LogSource, b: &LogSource| a.id == b.id;
        let index = |known: &LogSource| sources.iter().position(|source| same(source, known));
        let indices: Vec<_> = self
            .sources
            .iter()
            .map(|known| index(known).map(|p| p as u8))
            .collect();
        let gone: Vec<_> = self
            .sources
            .iter()
            .filter(|known| index(known).is_none())
            .map(|known| known.id)
            .collect();
        let new: Vec<_> = sources
            .iter()
            .filter(|source| !self.sources.iter().any(|known| same(known, source)))
            .cloned()
            .collect();
        let moved = indices
            .iter()
            .enumerate()
            .any(|(at, index)| index.map(usize::from) != Some(at));
        if moved {
            self.store.reindex(&indices);
            self.waiting.reindex(&indices);
            self.marks.clear();
            self.known_events.clear();
            self.renumber();
        }
        self.sources = sources;
        for id in gone {
            self.end(id, None);
            self.live.order_log(LogOrder::Leave(self.viewer, id));
        }
        if !new.is_empty() {
            self.counts_from = self.live.now().get_untracked();
        }
        for source in new {
            self.follow(&source);
        }
        self.canvas.redraw();
        let events = self.live.events().get_untracked();
        self.mark(&events);
    }

    pub(super) fn follow(&self, source: &LogSource) {
        let sender = self.sender.clone();
        let ago = self.view.since.ago();
        let since = ago.map(|ago| self.live.now().get_untracked().minus(ago));
        self.live.order_log(LogOrder::Follow(Follower {
            viewer: self.viewer,
            request: LogRequest {
                id: source.id,
                tail: self.view.tail,
                since,
            },
            notify: Arc::new(move |id, update| {
                drop(sender.unbounded_send(Input::Update(id, update)))
            }),
        }));
    }

    /// Adds markers for events of the containers, such as start and end.
    pub(super) fn mark(&mut self, events: &[Arc<Event>]) {
        for event in events
            .iter()
            .rev()
            .filter(|event| event.kind == "container")
        {
            let id = event.workload();
            let source = self.sources.iter().position(|source| Some(source.id) == id);
            let (Some(id), Some(source)) = (id, source) else {
                continue;
            };
            let key = (id, event.timestamp, event.action.clone());
            if let Some(mark) = Entry::marker(source as u8, event)
                && !self.known_events.contains(&key)
            {
                self.known_events.push_back(key);
                if self.known_events.len() > KNOWN_EVENTS {
                    self.known_events.pop_front();
                }
                self.marks.push(mark);
            }
        }
    }
}
