//! What a viewer hears, and of whom.

use super::{Input, KNOWN_EVENTS, Pane};
use crate::{
    client::{
        LogSource,
        logs::{Entry, Following, LogNews, LogOrder, LogRequest, count_since},
    },
    model::{Event, LogEndReason, WorkloadId},
};
use leptos::prelude::*;
use std::sync::Arc;

impl Pane {
    pub(super) fn hear(&mut self, id: WorkloadId, news: LogNews) {
        let Some(source) = self.sources.iter().position(|source| source.id == id) else {
            return;
        };
        let source = source as u8;
        match news {
            LogNews::Begin => {
                self.counts_from = self.live.now().get_untracked();
                self.waiting.forget(source);
                self.store.forget(source);
                self.renumber();
                self.said.complaint = None;
                self.end(id, None);
            }
            LogNews::Lines(lines) => {
                self.said.complaint = None;
                self.said.has_begun = true;
                self.end(id, None);
                self.lines_this_second += count_since(&lines, self.counts_from);
                self.waiting.push(source, lines);
            }
            LogNews::Gap(missing) => self.waiting.push_gap(source, missing),
            LogNews::End(reason, message) => {
                self.said.has_begun = true;
                self.said.complaint = message;
                self.end(id, Some(reason));
            }
            LogNews::Refused(reason) => self.said.complaint = Some(reason),
        }
    }

    pub(super) fn end(&mut self, id: WorkloadId, reason: Option<LogEndReason>) {
        self.said.ended.retain(|(ended, _)| *ended != id);
        self.said.ended.extend(reason.map(|reason| (id, reason)));
    }

    pub(super) fn show_sources(&mut self, sources: Vec<LogSource>) {
        let same = |a: &LogSource, b: &LogSource| a.id == b.id;
        let place = |known: &LogSource| sources.iter().position(|source| same(source, known));
        let places: Vec<_> = self
            .sources
            .iter()
            .map(|known| place(known).map(|p| p as u8))
            .collect();
        let gone: Vec<_> = self
            .sources
            .iter()
            .filter(|known| place(known).is_none())
            .map(|known| known.id)
            .collect();
        let new: Vec<_> = sources
            .iter()
            .filter(|source| !self.sources.iter().any(|known| same(known, source)))
            .cloned()
            .collect();
        let moved = places
            .iter()
            .enumerate()
            .any(|(at, place)| place.map(usize::from) != Some(at));
        if moved {
            self.store.assign(&places);
            self.waiting.assign(&places);
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
        self.live.order_log(LogOrder::Follow(Following {
            viewer: self.viewer,
            request: LogRequest {
                id: source.id,
                tail: self.view.tail,
                since,
            },
            tell: Arc::new(move |id, news| drop(sender.unbounded_send(Input::News(id, news)))),
        }));
    }

    /// Puts marks where containers started and ended.
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
