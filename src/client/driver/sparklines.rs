//! The small lines in lists: painted beside the document, all of them together with each new set of
//! figures, and only those that are in it.
//!
//! What came before the page is asked for once for all lines that have come into view, in one request:
//! built up from what comes, a line would be empty at first and not show the last minutes for as many
//! minutes. Afterwards the page goes on by itself, also for lines that have left the view, so that
//! they need not be asked for again.

use super::{
    browser,
    canvas::{Palette, paint_on},
    http,
};
use crate::{
    client::Live,
    model::{ContainerId, Dashboard, SLOT_MS, Sparkline, Sparklines, Timestamp, is_gap_between},
    plot::{self, Ink, Scene},
};
use leptos::{html, prelude::*};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};
use web_sys::HtmlCanvasElement;

/// Width and height of a line, in CSS pixels, as the style sheet has them.
const SIZE: (f32, f32) = (56.0, 20.0);
/// A line that never got higher than this, in percent, stays low: noise is not to look like load.
const LEAST_TOP: f32 = 5.0;
/// As many as the server answers at once.
const AT_ONCE: usize = 250;

#[derive(Default)]
struct Board {
    lines: BTreeMap<ContainerId, Known>,
    /// The lines in the document, by a number of their own: one container may be there twice.
    shown: BTreeMap<u32, Shown>,
    /// Whether the server is about to be asked.
    asking: bool,
    /// Between two sets of figures.
    interval: Duration,
    next_number: u32,
}

struct Shown {
    id: ContainerId,
    canvas: HtmlCanvasElement,
    /// What was painted last, and with what.
    painted: Option<(Scene, Rc<Palette>)>,
}

struct Known {
    line: Sparkline,
    /// When the newest figure that came since it was asked for was read.
    at: Option<Timestamp>,
}

thread_local! {
    static BOARD: RefCell<Board> = RefCell::default();
}

/// Paints the line of `id` on the canvas of `node` for as long as the calling component lives.
pub fn show_sparkline(live: Live, id: ContainerId, node: NodeRef<html::Canvas>) {
    let number = BOARD.with_borrow_mut(|board| {
        board.next_number = board.next_number.wrapping_add(1);
        board.next_number
    });
    Effect::new(move || {
        if let Some(canvas) = node.get() {
            BOARD.with_borrow_mut(|board| board.show(live, number, id, canvas));
        }
    });
    on_cleanup(move || {
        BOARD.with_borrow_mut(|board| drop(board.shown.remove(&number)));
    });
}

/// Feeds all lines and paints those in the document, for as long as the page lives.
pub(super) fn feed(live: Live) {
    let looks = super::use_looks();
    let slot = Memo::new(move |_| live.now().get().as_millis() / SLOT_MS);
    Effect::new(move || {
        live.track_stats();
        looks.track();
        // Without new figures the lines move to the left.
        slot.track();
        let now = live.now().get_untracked();
        let has_gap = live
            .with_dashboard(|dashboard| BOARD.with_borrow_mut(|board| board.tick(dashboard, now)));
        if has_gap {
            // The server may know what this page has missed.
            BOARD.with_borrow_mut(|board| {
                board.lines.clear();
                board.ask(live);
            });
        }
    });
}

impl Board {
    fn show(&mut self, live: Live, number: u32, id: ContainerId, canvas: HtmlCanvasElement) {
        let now = live.now().get_untracked();
        let mut shown = Shown {
            id,
            canvas,
            painted: None,
        };
        match (self.lines.get(&id), Palette::current()) {
            (Some(known), Some(palette)) => shown.paint(known, now, &palette),
            (None, _) => self.ask(live),
            _ => {}
        }
        self.shown.insert(number, shown);
    }

    /// Adds the newest figures and paints. Whether the page has missed some: those of a container
    /// alone are missing because it did not run.
    fn tick(&mut self, dashboard: &Dashboard, now: Timestamp) -> bool {
        self.lines.retain(|id, _| {
            let mut hosts = dashboard.hosts.values();
            hosts.any(|host| host.containers.contains_key(id))
        });
        let (mut read, mut late) = (0, 0);
        for host in dashboard.hosts.values() {
            for (id, stats) in &host.stats {
                let Some(known) = self
                    .lines
                    .get_mut(id)
                    .filter(|known| known.at < Some(stats.timestamp))
                else {
                    continue;
                };
                // The server's last figure may be older: while nobody watches they come less often.
                let before = known.at.replace(stats.timestamp);
                let missing = before
                    .is_some_and(|before| is_gap_between(before, stats.timestamp, self.interval));
                read += 1;
                late += usize::from(missing);
                known.line.push(stats.timestamp, stats.cpu_percent, missing);
            }
        }
        self.paint(now);
        late > 0 && late == read
    }

    fn paint(&mut self, now: Timestamp) {
        if browser::is_hidden() || self.shown.is_empty() {
            return;
        }
        let Some(palette) = Palette::current() else {
            return;
        };
        for shown in self.shown.values_mut() {
            if let Some(known) = self.lines.get(&shown.id) {
                shown.paint(known, now, &palette);
            }
        }
    }

    /// Asks for the lines in the document that are not there, with the next frame: until then more
    /// of them come into view.
    fn ask(&mut self, live: Live) {
        if !std::mem::replace(&mut self.asking, true) {
            request_animation_frame(move || leptos::task::spawn_local(fetch(live)));
        }
    }

    fn wanted(&mut self) -> Vec<ContainerId> {
        self.asking = false;
        let ids = self.shown.values().map(|shown| shown.id);
        ids.filter(|id| !self.lines.contains_key(id))
            .take(AT_ONCE)
            .collect()
    }

    fn receive(&mut self, wanted: Vec<ContainerId>, answer: Sparklines, now: Timestamp) {
        self.interval = Duration::from_millis(answer.interval_ms.into());
        // Who never ran has no line yet.
        let empty = wanted.into_iter().map(Sparkline::new);
        for line in empty.chain(answer.lines) {
            let id = line.container_id;
            self.lines.insert(id, Known { line, at: None });
        }
        self.paint(now);
    }
}

async fn fetch(live: Live) {
    let wanted = BOARD.with_borrow_mut(Board::wanted);
    let ids: Vec<_> = wanted.iter().map(ContainerId::short).collect();
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

impl Shown {
    /// Paints, unless that would change nothing: a line shows the highest figure of each of its
    /// slots, and most figures are not.
    fn paint(&mut self, known: &Known, now: Timestamp, palette: &Rc<Palette>) {
        let values = known.line.values.iter().flatten();
        let top = values.copied().fold(LEAST_TOP, f32::max);
        let scene = plot::sparkline(known.line.points(now), top, SIZE, Ink::Cpu);
        let is_painted =
            |(painted, with): &(Scene, Rc<Palette>)| *painted == scene && Rc::ptr_eq(with, palette);
        if !self.painted.as_ref().is_some_and(is_painted) {
            paint_on(&self.canvas, SIZE, &scene, palette);
            self.painted = Some((scene, Rc::clone(palette)));
        }
    }
}
