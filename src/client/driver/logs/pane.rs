//! What a viewer has: lines, rows, and where it stands over them.

mod frame;
mod news;
mod report;

use super::{Input, draw::Canvas, request_frame, seek::Seeker};
use crate::{
    client::{
        Live, LogLooks, LogSource,
        logs::{Entry, Filter, LogCommand, LogOrder, LogStatus, LogView, Queue, Rows, Store},
    },
    model::{Timestamp, WorkloadId},
};
use futures::channel::mpsc::UnboundedSender;
use leptos::prelude::*;
use std::collections::VecDeque;
use web_sys::HtmlDivElement;

/// What may be done before a frame beside drawing it, in milliseconds: half of a frame.
const BUDGET_MS: f64 = 8.0;
/// Steps between two looks at the clock.
const STEPS: usize = 200;
/// Rows copied at most: a clipboard is no archive, the log can be downloaded.
const COPIED_ROWS: usize = 10_000;
/// Between two changes of the mere counts that are shown.
const COUNTS_MS: f64 = 250.0;
/// Seconds for which it is said that something was copied.
const COPIED_SECONDS: u32 = 5;
/// Events whose marks are remembered, so that none comes twice.
const KNOWN_EVENTS: usize = 256;

/// A viewer.
pub(super) struct Pane {
    sender: UnboundedSender<Input>,
    live: Live,
    status: RwSignal<LogStatus>,
    said: LogStatus,
    said_at: f64,
    viewer: u64,
    opened: Timestamp,
    canvas: Canvas,
    sources: Vec<LogSource>,
    view: LogView,
    looks: Option<LogLooks>,
    filter: Filter,
    store: Store,
    rows: Rows,
    /// Up to which number entries have their rows.
    listed: u64,
    waiting: Queue,
    marks: Vec<Entry>,
    known_events: VecDeque<(WorkloadId, Timestamp, String)>,
    seeker: Seeker,
    follows: bool,
    is_paused: bool,
    /// Number after the last entry when it ceased to follow.
    seen: u64,
    lines_this_second: u32,
    /// When the logs shown were opened last: lines written before do not count as coming now.
    counts_from: Timestamp,
    /// Seconds since something was copied.
    copied_for: u32,
    is_frame_asked_for: bool,
}

impl Pane {
    /// A viewer that draws in `node`.
    pub(super) fn new(
        node: HtmlDivElement,
        live: Live,
        status: RwSignal<LogStatus>,
        sender: UnboundedSender<Input>,
    ) -> Option<Self> {
        Some(Self {
            canvas: Canvas::new(node, &sender)?,
            seeker: Seeker::new(sender.clone()),
            sender,
            live,
            status,
            said: LogStatus::default(),
            said_at: 0.0,
            viewer: (super::super::browser::random() * 9e15) as u64,
            opened: live.now().get_untracked(),
            sources: Vec::new(),
            view: LogView::default(),
            looks: None,
            filter: Filter::default(),
            store: Store::default(),
            rows: Rows::default(),
            listed: 0,
            waiting: Queue::default(),
            marks: Vec::new(),
            known_events: VecDeque::new(),
            follows: true,
            is_paused: false,
            seen: 0,
            lines_this_second: 0,
            counts_from: live.now().get_untracked(),
            copied_for: 0,
            is_frame_asked_for: false,
        })
    }

    /// Does what an input asks for; what is drawn waits for the next frame.
    pub(super) fn heed(&mut self, input: Input) {
        match input {
            Input::News(id, news) => self.hear(id, news),
            Input::Command(command) => self.obey(command),
            Input::Sources(sources) => self.show_sources(sources),
            Input::View(view) => self.show_view(view),
            Input::Looks(looks) => {
                self.looks = Some(looks);
                self.canvas.redraw();
                self.list_anew();
            }
            Input::Events(events) => self.mark(&events),
            Input::Toggle(drawn) => {
                if let Some(number) = self.canvas.number(drawn) {
                    self.toggle(number);
                }
            }
            Input::Scrolled => self.follows = self.canvas.on_scroll(&self.rows, self.follows),
            Input::Resized => self.list_anew(),
            Input::Frame => return self.frame(),
            Input::Searched(message) => {
                if self.seeker.hear(&message, &mut self.store) {
                    self.on_found();
                }
            }
            Input::SearchTimedOut => {
                self.seeker.give_up(&mut self.store);
                self.on_found();
            }
            Input::Copied(lines) => {
                self.said.copied = Some(lines);
                self.copied_for = 0;
            }
            Input::Second => {
                self.said.rate = std::mem::take(&mut self.lines_this_second);
                self.said_at = 0.0;
                self.forget_copying();
                self.canvas.tell_time(self.looks);
            }
        }
        self.ask_for_frame();
    }

    fn ask_for_frame(&mut self) {
        if !std::mem::replace(&mut self.is_frame_asked_for, true) {
            request_frame(&self.sender);
        }
    }

    fn obey(&mut self, command: LogCommand) {
        match command {
            LogCommand::Follow(follows) => {
                self.follows = follows;
                if !follows {
                    self.canvas.stay(&self.rows);
                }
            }
            LogCommand::Pause(is_paused) => self.is_paused = is_paused,
            LogCommand::Clear => {
                self.waiting.clear();
                self.store.clear();
                self.follows = true;
                self.renumber();
            }
            LogCommand::Copy => self.copy(),
            LogCommand::Go(order) => {
                let view = self.canvas.first_in_view(&self.rows);
                if let Some(number) = self.seeker.go(order, &self.store, &self.rows, view) {
                    self.follows = false;
                    self.canvas.show(number, &self.rows);
                }
            }
        }
    }

    fn toggle(&mut self, number: u64) {
        self.store.toggle(number);
        let columns = self
            .canvas
            .columns(self.looks.is_some_and(|looks| looks.wrap));
        let height = columns.height(&self.store, number);
        self.rows.measure(self.rows.row_of(number), height);
        // What somebody wants to read stays where it is.
        self.follows = false;
        self.canvas.stay(&self.rows);
        self.canvas.redraw();
    }

    fn on_found(&mut self) {
        self.canvas.redraw();
        if self.seeker.has_failed() && self.filter.only_matches {
            self.filter.only_matches = false;
            self.list_anew();
        }
    }

    fn show_view(&mut self, view: LogView) {
        let before = std::mem::replace(&mut self.view, view);
        let view = &self.view;
        if (&before.text, before.regex, before.invert) != (&view.text, view.regex, view.invert) {
            self.seeker.seek(view, &mut self.store);
            self.canvas.redraw();
            if self.filter.only_matches {
                // What was found before is not what is found now.
                self.listed = self.store.first();
                self.rows.clear();
            }
        }
        let begins_anew = (before.tail, before.since) != (view.tail, view.since);
        let filter = Filter::of(view);
        if filter != self.filter {
            self.filter = filter;
            self.list_anew();
        }
        if begins_anew {
            self.counts_from = self.live.now().get_untracked();
            for source in &self.sources {
                self.follow(source);
            }
        }
    }

    /// Numbers of entries mean something else than before.
    fn renumber(&mut self) {
        self.seeker.renumber();
        self.canvas.renumber();
        self.seen = self.store.end();
        self.list_anew();
    }

    /// Finds anew which entries are shown, and how high they are.
    fn list_anew(&mut self) {
        self.listed = self.store.first();
        self.rows.clear();
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        for source in &self.sources {
            self.live.order_log(LogOrder::Leave(self.viewer, source.id));
        }
    }
}

/// Milliseconds, for budgets.
fn now() -> f64 {
    window()
        .performance()
        .map_or_else(super::super::browser::now_ms, |clock| clock.now())
}
