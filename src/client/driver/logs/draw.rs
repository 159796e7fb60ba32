//! Draws the rows of a viewer: only those in view and a few around them, in reused elements.

use super::{
    Input,
    columns::Columns,
    row::{Row, element},
    seek::Seeker,
};
use crate::{
    client::{
        LogLooks, LogSource,
        logs::{Rows, Store},
    },
    model::{LogTimes, Timestamp},
};
use futures::channel::mpsc::UnboundedSender;
use std::{collections::VecDeque, ops::Range};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, Event, HtmlDivElement, HtmlElement, ResizeObserver};

/// Height of a line of text in pixels, as in the style sheet.
const LINE: f64 = 20.0;
/// Lines that are drawn beyond each edge of the view.
const OVERSCAN: f64 = 20.0;
/// Approximate width of the columns before the text, in pixels.
const BEFORE_TEXT: f64 = 230.0;
/// Most further passes per frame when rows turn out to have another height.
const MEASURES: usize = 2;

/// The element in which rows are drawn.
pub(super) struct Canvas {
    node: HtmlDivElement,
    /// As high as all rows together.
    sizer: HtmlElement,
    /// Contains the drawn rows, positioned inside the sizer.
    window: HtmlElement,
    drawn: VecDeque<Row>,
    spare: Vec<Row>,
    /// Index of the first drawn row.
    first: usize,
    next_id: u32,
    /// Incremented when all rows must be redrawn.
    version: u32,
    is_attached: bool,
    /// The entry at the upper edge of the view, and the pixels of it above the edge.
    anchor: (u64, f64),
    /// The last scroll position.
    top: i32,
    observer: Option<ResizeObserver>,
    _closures: [Closure<dyn FnMut(Event)>; 2],
    _on_resize: Closure<dyn FnMut()>,
}

impl Canvas {
    pub(super) fn new(node: HtmlDivElement, sender: &UnboundedSender<Input>) -> Option<Self> {
        let scrolls = sender.clone();
        let on_scroll = Closure::<dyn FnMut(_)>::new(move |_: Event| {
            drop(scrolls.unbounded_send(Input::Scrolled))
        });
        let clicks = sender.clone();
        let on_click = Closure::<dyn FnMut(_)>::new(move |event: Event| {
            let target = event
                .target()
                .and_then(|target| target.dyn_into::<Element>().ok());
            let button = target.and_then(|target| target.closest("[data-row]").ok().flatten());
            let row = button.and_then(|button| button.get_attribute("data-row")?.parse().ok());
            if let Some(row) = row {
                let _ = clicks.unbounded_send(Input::Toggle(row));
            }
        });
        let resizes = sender.clone();
        let on_resize =
            Closure::<dyn FnMut()>::new(move || drop(resizes.unbounded_send(Input::Resized)));
        let observer = ResizeObserver::new(on_resize.as_ref().unchecked_ref()).ok();
        if let Some(observer) = &observer {
            observer.observe(&node);
        }
        node.add_event_listener_with_callback("scroll", on_scroll.as_ref().unchecked_ref())
            .ok()?;
        node.add_event_listener_with_callback("click", on_click.as_ref().unchecked_ref())
            .ok()?;
        node.set_scroll_top(node.scroll_height());
        let (sizer, window) = (element("div", "sizer")?, element("div", "window")?);
        sizer.append_child(&window).ok()?;
        Some(Self {
            node,
            sizer,
            window,
            drawn: VecDeque::new(),
            spare: Vec::new(),
            first: 0,
            next_id: 0,
            version: 0,
            is_attached: false,
            anchor: (0, 0.0),
            top: 0,
            observer,
            _closures: [on_scroll, on_click],
            _on_resize: on_resize,
        })
    }

    /// Redraws all rows with the next frame.
    pub(super) fn redraw(&mut self) {
        self.version = self.version.wrapping_add(1);
    }

    /// Resets all entry numbers, after they have changed.
    pub(super) fn renumber(&mut self) {
        self.anchor = (0, 0.0);
        self.redraw();
    }

    /// Redraws the rows with the next frame if any of these entries is drawn.
    pub(super) fn on_change(&mut self, changed: Range<u64>) {
        if self.drawn().any(|number| changed.contains(&number)) {
            self.redraw();
        }
    }

    /// The parameters from which heights are estimated.
    pub(super) fn columns(&self, wrap: bool) -> Columns {
        let measured = self
            .drawn
            .front()
            .map(Row::text_width)
            .filter(|width| *width > 0.0);
        let width = measured.unwrap_or_else(|| f64::from(self.node.client_width()) - BEFORE_TEXT);
        Columns::new(width, wrap)
    }

    /// The number of the entry in the drawn row with the id `drawn`.
    pub(super) fn number(&self, drawn: u32) -> Option<u64> {
        self.drawn.iter().find(|row| row.id() == drawn)?.number()
    }

    /// The numbers of the drawn entries.
    pub(super) fn drawn(&self) -> impl Iterator<Item = u64> {
        self.drawn.iter().filter_map(Row::number)
    }

    /// The first row in view.
    pub(super) fn first_in_view(&self, rows: &Rows) -> usize {
        rows.at_line((f64::from(self.top) / LINE) as u64).0
    }

    /// The entry that keeps its position, unless the view follows the end.
    pub(super) const fn anchor(&self) -> u64 {
        self.anchor.0
    }

    /// Handles a change of the scroll position; returns whether the view follows the end from now on.
    pub(super) fn on_scroll(&mut self, rows: &Rows, follows: bool) -> bool {
        let top = self.node.scroll_top();
        let before = std::mem::replace(&mut self.top, top);
        if top == before {
            return follows;
        }
        self.keep_position(rows);
        let below = self.node.scroll_height() - top - self.node.client_height();
        if f64::from(below) <= LINE {
            return true;
        }
        follows && top > before
    }

    /// Anchors the view to its current position.
    pub(super) fn keep_position(&mut self, rows: &Rows) {
        let (row, top) = rows.at_line((f64::from(self.top) / LINE) as u64);
        if let Some(number) = rows.number(row) {
            self.anchor = (number, f64::from(self.top) - top as f64 * LINE);
        }
    }

    /// Scrolls an entry to the middle of the view.
    pub(super) fn show(&mut self, number: u64, rows: &Rows) {
        let half = f64::from(self.node.client_height()) / 2.0 / LINE;
        let line = rows.top_of(rows.row_of(number)).saturating_sub(half as u64);
        let (row, top) = rows.at_line(line);
        self.anchor = (
            rows.number(row).unwrap_or(number),
            (line - top) as f64 * LINE,
        );
        self.redraw();
    }

    /// Replaces the lines of the server-rendered page, to which filters do not apply.
    pub(super) fn attach(&mut self) {
        if !self.is_attached {
            self.node.set_text_content(None);
            self.is_attached = self.node.append_child(&self.sizer).is_ok();
        }
    }

    /// Draws the rows in view.
    #[expect(clippy::too_many_arguments, reason = "all that a row is made of")]
    pub(super) fn draw(
        &mut self,
        rows: &mut Rows,
        store: &Store,
        sources: &[LogSource],
        looks: LogLooks,
        seeker: &Seeker,
        now: Timestamp,
        follows: bool,
    ) {
        if !rows.is_empty() {
            self.attach();
        }
        if !self.is_attached {
            return;
        }
        let view = f64::from(self.node.client_height());
        for _ in 0..=MEASURES {
            let height = rows.height() as f64 * LINE;
            let anchored = || rows.top_of(rows.row_of(self.anchor.0)) as f64 * LINE + self.anchor.1;
            let end = (height - view).max(0.0);
            let top = if follows { end } else { anchored().min(end) };
            let above = (top / LINE - OVERSCAN).max(0.0) as u64;
            let (first, first_line) = rows.at_line(above);
            let below = top + view + OVERSCAN * LINE;
            let last = rows.at_line((below / LINE) as u64).0;
            self.provide_rows(first, last.saturating_add(1).min(rows.len()));
            for (at, row) in self.drawn.iter_mut().enumerate() {
                if let Some(number) = rows.number(first + at) {
                    row.draw(number, store, sources, looks, seeker, now, self.version);
                }
            }
            set_pixels(&self.sizer, "height", height);
            set_pixels(&self.window, "top", first_line as f64 * LINE);
            if !self.measure(rows) {
                self.scroll_to(top, follows);
                return;
            }
        }
    }

    fn scroll_to(&mut self, top: f64, follows: bool) {
        // While the user scrolls, the position must not be changed.
        if follows || f64::from(self.top) != top.floor() {
            self.node.set_scroll_top(top as i32);
            self.top = self.node.scroll_top();
        }
    }

    /// Provides elements for the rows from `first` up to `last`, keeping those that stay.
    fn provide_rows(&mut self, first: usize, last: usize) {
        let end = self.first + self.drawn.len();
        if first >= end || last <= self.first {
            self.spare.extend(self.drawn.drain(..));
            self.first = first;
        }
        while self.first < first {
            self.spare.extend(self.drawn.pop_front());
            self.first += 1;
        }
        while self.first + self.drawn.len() > last {
            self.spare.extend(self.drawn.pop_back());
        }
        while self.first > first {
            let Some(row) = self.row() else { return };
            let before = self.window.first_child();
            let _ = self.window.insert_before(row.node(), before.as_ref());
            self.drawn.push_front(row);
            self.first -= 1;
        }
        while self.first + self.drawn.len() < last {
            let Some(row) = self.row() else { return };
            let _ = self.window.append_child(row.node());
            self.drawn.push_back(row);
        }
        for row in &self.spare {
            row.node().remove();
        }
    }

    fn row(&mut self) -> Option<Row> {
        self.spare.pop().or_else(|| {
            self.next_id += 1;
            Row::new(self.next_id)
        })
    }

    /// Measures the drawn rows; returns whether any height has changed.
    fn measure(&self, rows: &mut Rows) -> bool {
        let mut has_changed = false;
        for (at, row) in self
            .drawn
            .iter()
            .enumerate()
            .filter(|(_, row)| row.may_be_high())
        {
            let lines = (f64::from(row.node().offset_height()) / LINE)
                .round()
                .max(1.0);
            has_changed |= rows.measure(self.first + at, lines as u16);
        }
        has_changed
    }

    /// Redraws relative times.
    pub(super) fn redraw_ages(&mut self, looks: Option<LogLooks>) {
        if looks.is_some_and(|looks| looks.times == LogTimes::Relative) {
            self.redraw();
        }
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        let [on_scroll, on_click] = &self._closures;
        for (name, closure) in [("scroll", on_scroll), ("click", on_click)] {
            let _ = self
                .node
                .remove_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        }
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
    }
}

fn set_pixels(element: &HtmlElement, name: &str, pixels: f64) {
    let mut value = (pixels as u64).to_string();
    value.push_str("px");
    let _ = element.style().set_property(name, &value);
}
