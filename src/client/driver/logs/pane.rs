//! The state of a log viewer: entries, rows and the scroll position.

mod frame;
mod report;
mod update;

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

/// Time budget per frame besides drawing, in milliseconds: half of a frame.
const BUDGET_MS: f64 = 8.0;
/// Steps between two checks of the time budget.
const STEPS: usize = 200;
/// Most rows copied to the clipboard; the whole log can be downloaded.
const COPIED_ROWS: usize = 10_000;
/// Shortest interval between two updates of mere counts.
const COUNTS_MS: f64 = 250.0;
/// Seconds for which the result of copying is shown.
const COPIED_SECONDS: u32 = 5;
/// Most recent events that are remembered, to show none twice.
const KNOWN_EVENTS: usize = 256;

/// A log viewer.
pub(super) struct Pane {
    sender: UnboundedSender<Input>,
    live: Live,
    status: RwSignal<LogStatus>,
    reported: LogStatus,
    reported_at: f64,
    viewer: u64,
    opened: Timestamp,
    canvas: Canvas,
    sources: Vec<LogSource>,
    view: LogView,
    looks: Option<LogLooks>,
    filter: Filter,
    store: Store,
    rows: Rows,
    /// The number up to which entries have rows.
    listed: u64,
    waiting: Queue,
    marks: Vec<Entry>,
    known_events: VecDeque<(WorkloadId, Timestamp, String)>,
    seeker: Seeker,
    follows: bool,
    is_paused: bool,
    /// The number after the last entry at the time when the view stopped following.
    seen: u64,
    lines_this_second: u32,
    /// When the shown logs were opened last; lines written before do not count for the rate.
    counts_from: Timestamp,
    /// Seconds since the last copy command.
    copied_for: u32,
    is_frame_scheduled: bool,
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
            reported: LogStatus::default(),
            reported_at: 0.0,
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
            is_frame_scheduled: false,
        })
    }

    /// Handles an input; drawing waits for the next frame.
    pub(super) fn handle(&mut self, input: Input) {
        match input {
            Input::Update(id, update) => self.on_update(id, update),
            Input::Command(command) => self.on_command(command),
            Input::Sources(sources) => self.show_sources(sources),
            Input::View(view) => self.show_view(view),
            Input::Looks(looks) => {
                self.looks = Some(looks);
                self.canvas.redraw();
                self.relist();
            }
            Input::Events(events) => self.mark(&events),
            Input::Toggle(drawn) => {
                if let Some(number) = self.canvas.number(drawn) {
                    self.toggle(number);
                }
            }
            Input::Scrolled => self.follows = self.canvas.on_scroll(&self.rows, self.follows),
            Input::Resized => self.relist(),
            Input::Frame => return self.frame(),
            Input::Searched(message) => {
                if self.seeker.receive(&message, &mut self.store) {
                    self.on_found();
                }
            }
            Input::SearchTimedOut => {
                self.seeker.time_out(&mut self.store);
                self.on_found();
            }
            Input::Copied(lines) => {
                self.reported.copied = Some(lines);
                self.copied_for = 0;
            }
            Input::Second => {
                self.reported.rate = std::mem::take(&mut self.lines_this_second);
                self.reported_at = 0.0;
                self.expire_copied();
                self.canvas.redraw_ages(self.looks);
            }
        }
        self.schedule_frame();
    }

    fn schedule_frame(&mut self) {
        if !std::mem::replace(&mut self.is_frame_scheduled, true) {
            request_frame(&self.sender);
        }
    }

    fn on_command(&mut self, command: LogCommand) {
        match command {
            LogCommand::Follow(follows) => {
                self.follows = follows;
                if !follows {
                    self.canvas.keep_position(&self.rows);
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
                if let Some(number) = self.seeker.go_to(order, &self.store, &self.rows, view) {
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
        // The expanded entry must keep its position.
        self.follows = false;
        self.canvas.keep_position(&self.rows);
        self.canvas.redraw();
    }

    fn on_found(&mut self) {
        self.canvas.redraw();
        if self.seeker.has_failed() && self.filter.only_matches {
            self.filter.only_matches = false;
            self.relist();
        }
    }

    fn show_view(&mut self, view: LogView) {
        let before = std::mem::replace(&mut self.view, view);
        let view = &self.view;
        if (&before.text, before.regex, before.invert) != (&view.text, view.regex, view.invert) {
            self.seeker.start(view, &mut self.store);
            self.canvas.redraw();
            if self.filter.only_matches {
                // Earlier matches are invalid.
                self.listed = self.store.first();
                self.rows.clear();
            }
        }
        let begins_anew = (before.tail, before.since) != (view.tail, view.since);
        let filter = Filter::of(view);
        if filter != self.filter {
            self.filter = filter;
            self.relist();
        }
        if begins_anew {
            self.counts_from = self.live.now().get_untracked();
            for source in &self.sources {
                self.follow(source);
            }
        }
    }

    /// Resets all entry numbers, after they have changed.
    fn renumber(&mut self) {
        self.seeker.renumber();
        self.canvas.renumber();
        self.seen = self.store.end();
        self.relist();
    }

    /// Rebuilds the rows: which entries are shown, and their heights.
    fn relist(&mut self) {
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

/// The current time in milliseconds, for time budgets.
fn now() -> f64 {
    window()
        .performance()
        .map_or_else(super::super::browser::now_ms, |clock| clock.now())
}
