//! The sparklines in lists. All are drawn with each new set of figures, but only those in the document.
//!
//! Their history is requested from the server, in one request for all lines that have come into view: built
//! only from new figures, a line would be incomplete for five minutes. Afterwards the page continues them
//! itself, also those that have left the view, so that they are not requested again.

use super::{browser, http};
use crate::{
    client::Live,
    model::{
        Dashboard, SLOT_MS, Sparkline, Sparklines, Timestamp, WorkloadId, WorkloadKey,
        is_gap_between,
    },
    plot::Spark,
    protocol::MAX_SPARKLINES,
};
use leptos::{prelude::*, svg::Svg};
use std::{cell::RefCell, collections::BTreeMap, time::Duration};
use web_sys::{Element, SvgElement};

#[derive(Default)]
struct Board {
    lines: BTreeMap<WorkloadId, Known>,
    /// The lines in the document by a unique number: one container may have several.
    shown: BTreeMap<u32, Shown>,
    /// Whether a request to the server is pending.
    asking: bool,
    /// The interval of figures.
    interval: Duration,
    next_number: u32,
}

struct Shown {
    id: WorkloadId,
    area: Element,
    line: Element,
    /// The drawn shapes.
    drawn: Spark,
}

struct Known {
    line: Sparkline,
    /// When the newest figure was read that arrived since the history was requested.
    at: Option<Timestamp>,
}

thread_local! {
    static BOARD: RefCell<Board> = RefCell::default();
}

/// Draws the sparkline of `id` with the two paths in `node`, for as long as the calling component exists.
pub fn show_sparkline(live: Live, id: WorkloadId, node: NodeRef<Svg>) {
    let number = BOARD.with_borrow_mut(|board| {
        board.next_number = board.next_number.wrapping_add(1);
        board.next_number
    });
    Effect::new(move || {
        if let Some(shown) = node.get().and_then(|node| Shown::new(id, &node)) {
            BOARD.with_borrow_mut(|board| board.show(live, number, shown));
        }
    });
    on_cleanup(move || {
        BOARD.with_borrow_mut(|board| drop(board.shown.remove(&number)));
    });
}

/// Updates all lines and draws those in the document, for as long as the page exists.
pub(super) fn feed(live: Live) {
    let slot = Memo::new(move |_| live.now().get().as_millis() / SLOT_MS);
    Effect::new(move || {
        live.track_stats();
        // Without new figures the lines still move to the left.
        slot.track();
        let now = live.now().get_untracked();
        let has_gap = live
            .with_dashboard(|dashboard| BOARD.with_borrow_mut(|board| board.tick(dashboard, now)));
        if has_gap {
            // The server may have the missing figures.
            BOARD.with_borrow_mut(|board| {
                board.lines.clear();
                board.ask(live);
            });
        }
    });
}

impl Board {
    fn show(&mut self, live: Live, number: u32, mut shown: Shown) {
        match self.lines.get(&shown.id) {
            Some(known) => shown.draw(known, live.now().get_untracked()),
            None => self.ask(live),
        }
        self.shown.insert(number, shown);
    }

    /// Adds the newest figures and draws; returns whether the page has missed some. If only some of the
    /// containers have a gap, they did not run.
    fn tick(&mut self, dashboard: &Dashboard, now: Timestamp) -> bool {
        self.lines.retain(|id, _| dashboard.workload(*id).is_some());
        let (mut read, mut late) = (0, 0);
        for (id, known) in &mut self.lines {
            let Some(figures) = dashboard.figures(*id) else {
                continue;
            };
            let at = figures.timestamp();
            if known.at >= Some(at) {
                continue;
            }
            // The server's last figure may be older: unwatched figures are read at a longer interval.
            let before = known.at.replace(at);
            let missing = before.is_some_and(|before| is_gap_between(before, at, self.interval));
            read += 1;
            late += usize::from(missing);
            known.line.push(at, figures.cpu_percent(), missing);
        }
        self.draw(now);
        late > 0 && late == read
    }

    fn draw(&mut self, now: Timestamp) {
        if browser::is_hidden() {
            return;
        }
        for shown in self.shown.values_mut() {
            if let Some(known) = self.lines.get(&shown.id) {
                shown.draw(known, now);
            }
        }
    }

    /// Requests the missing lines in the document with the next frame, because more may come into view until
    /// then.
    fn ask(&mut self, live: Live) {
        if !std::mem::replace(&mut self.asking, true) {
            #[expect(
                clippy::disallowed_methods,
                reason = "nothing owns a frame; the task ends with its one request"
            )]
            request_animation_frame(move || leptos::task::spawn_local(fetch(live)));
        }
    }

    fn wanted(&mut self) -> Vec<WorkloadId> {
        self.asking = false;
        let ids = self.shown.values().map(|shown| shown.id);
        ids.filter(|id| !self.lines.contains_key(id))
            .take(MAX_SPARKLINES)
            .collect()
    }

    fn receive(&mut self, wanted: Vec<WorkloadId>, answer: Sparklines, now: Timestamp) {
        self.interval = Duration::from_millis(answer.interval_ms.into());
        // A container that never ran has no line yet.
        let empty = wanted.into_iter().map(Sparkline::new);
        for line in empty.chain(answer.lines) {
            self.lines.insert(line.id, Known { line, at: None });
        }
        self.draw(now);
    }
}

async fn fetch(live: Live) {
    let wanted = BOARD.with_borrow_mut(Board::wanted);
    let ids: Vec<_> = wanted.iter().map(|id| short(*id)).collect();
    if ids.is_empty() {
        return;
    }
    let url = format!("/api/stats/sparklines?ids={}", ids.join(","));
    let Ok(answer) = http::get(&url, None).await else {
        return;
    };
    if let Some(lines) = http::value::<Sparklines>(&answer).await {
        let now = live.now().get_untracked();
        BOARD.with_borrow_mut(|board| board.receive(wanted, lines, now));
    }
}

/// The reference to `id` in a request: twelve digits are unambiguous on one host.
fn short(id: WorkloadId) -> String {
    let WorkloadKey::Container(key) = id.key;
    format!("{}/{}", id.scope, key.short())
}

impl Shown {
    fn new(id: WorkloadId, node: &SvgElement) -> Option<Self> {
        Some(Self {
            id,
            area: node.first_element_child()?,
            line: node.last_element_child()?,
            drawn: Spark::default(),
        })
    }

    /// Draws the line if it has changed: it shows only the highest figure of each slot, which most figures
    /// are not.
    fn draw(&mut self, known: &Known, now: Timestamp) {
        let spark = Spark::of_cpu(&known.line, now);
        if spark != self.drawn {
            let _ = self.area.set_attribute("d", &spark.area);
            let _ = self.line.set_attribute("d", &spark.line);
            self.drawn = spark;
        }
    }
}
