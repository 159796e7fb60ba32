//! What is searched for, and what of it is found.

use super::{
    Input,
    search::{Found, MARKS, Purpose, Searcher},
};
use crate::client::logs::{Findings, Head, LogView, Needle, Order, Problem, Rows, Store, searched};
use futures::channel::mpsc::UnboundedSender;
use std::{collections::BTreeMap, ops::Range};
use wasm_bindgen::JsValue;

/// Entries, and bytes of them, between two looks at the clock: a line may have 64 KiB.
const STEPS: usize = 100;
const STEP_BYTES: usize = 128 * 1024;
/// Lines, and bytes of them, that are given to the thread at once: work of some milliseconds.
const PARCEL_LINES: usize = 2_000;
const PARCEL_BYTES: usize = 256 * 1024;
/// Lines whose matches are remembered, more than fit on any screen.
const MARKED_LINES: usize = 1_000;

/// What is searched for, and what of it is found.
pub(super) struct Seeker {
    sender: UnboundedSender<Input>,
    what: What,
    invert: bool,
    /// Up to which number entries were looked at.
    searched: u64,
    /// The match one has gone to.
    current: Option<u64>,
    problem: Option<Problem>,
    /// Numbers of the entries whose lines the thread has.
    asked: Vec<u64>,
    /// Where in which lines the expression is, in UTF-16 units.
    marks: BTreeMap<u64, Vec<[u32; 2]>>,
}

enum What {
    Nothing,
    Text(Needle),
    /// The thread is absent when it cannot be searched for.
    Expression(Option<Searcher>),
}

impl Seeker {
    pub(super) const fn new(sender: UnboundedSender<Input>) -> Self {
        Self {
            sender,
            what: What::Nothing,
            invert: false,
            searched: 0,
            current: None,
            problem: None,
            asked: Vec::new(),
            marks: BTreeMap::new(),
        }
    }

    /// Searches for what `view` says from now on.
    pub(super) fn seek(&mut self, view: &LogView, store: &mut Store) {
        store.forget_matches();
        self.renumber();
        self.problem = None;
        self.invert = view.invert;
        self.what = match (view.is_search(), view.regex) {
            (false, _) => What::Nothing,
            (true, false) => What::Text(Needle::new(&view.text)),
            (true, true) => What::Expression(Searcher::start(&view.text, &self.sender)),
        };
    }

    /// Numbers of entries mean something else than before.
    pub(super) fn renumber(&mut self) {
        self.searched = 0;
        self.current = None;
        self.asked.clear();
        self.marks.clear();
    }

    /// Entries from `from` on are new or have moved.
    pub(super) fn on_insert(&mut self, from: u64) {
        self.searched = self.searched.min(from);
        self.current = self.current.filter(|current| *current < from);
        if self.asked.last().is_some_and(|last| *last >= from) {
            self.asked.clear();
        }
        self.marks.split_off(&from);
    }

    /// Looks at entries while there is time. Whether there are more to be looked at at once.
    pub(super) fn go_on(&mut self, store: &mut Store, has_time: impl Fn() -> bool) -> bool {
        self.searched = self.searched.max(store.first());
        match &mut self.what {
            What::Nothing => false,
            What::Text(needle) => {
                while self.searched < store.end() && has_time() {
                    let mut bytes = 0;
                    for number in (self.searched..store.end()).take(STEPS) {
                        let unseen = store.head(number).filter(|head| head.is_match.is_none());
                        if let Some(head) = unseen {
                            let has_it = store.with_text(number, |text| needle.is_in(text));
                            let is_match = has_it.is_some_and(|has_it| has_it != self.invert);
                            store.judge(number, head.is_line() && is_match);
                        }
                        self.searched = number + 1;
                        bytes += store.length(number).unwrap_or(0);
                        if bytes > STEP_BYTES {
                            break;
                        }
                    }
                }
                self.searched < store.end()
            }
            What::Expression(Some(searcher)) if searcher.is_idle() => {
                let (mut lines, mut numbers) = (String::new(), Vec::new());
                for (number, head) in store.from(self.searched) {
                    if numbers.len() == PARCEL_LINES || lines.len() > PARCEL_BYTES {
                        break;
                    }
                    numbers.push(number);
                    if head.is_line() {
                        store.with_text(number, |text| lines.push_str(&searched(text)));
                    }
                    lines.push('\n');
                }
                if !numbers.is_empty() {
                    searcher.ask(lines.trim_end_matches('\n'), Purpose::Judge);
                    self.asked = numbers;
                }
                false
            }
            What::Expression(_) => false,
        }
    }

    /// Whether entries from `number` on wait for the thread.
    pub(super) fn is_stuck_at(&self, number: u64, store: &Store) -> bool {
        matches!(self.what, What::Expression(_))
            && store
                .head(number)
                .is_some_and(|head| head.is_match.is_none())
    }

    /// Takes in what the thread has found. Whether what is drawn changes by it.
    pub(super) fn hear(&mut self, message: &JsValue, store: &mut Store) -> bool {
        let What::Expression(Some(searcher)) = &mut self.what else {
            return false;
        };
        let Some((purpose, found)) = searcher.hear(message) else {
            return false;
        };
        self.take(purpose, found, store);
        true
    }

    fn take(&mut self, purpose: Purpose, found: Found, store: &mut Store) {
        let found = match found {
            Ok(found) => found,
            Err(problem) => return self.fail(problem, store),
        };
        let asked = std::mem::take(&mut self.asked);
        match purpose {
            Purpose::Judge => {
                let mut found = found.iter().map(|[line, ..]| *line as usize).peekable();
                for (line, number) in asked.into_iter().enumerate() {
                    let has_it = found.next_if_eq(&line).is_some();
                    let is_line = store.head(number).is_some_and(Head::is_line);
                    store.judge(number, is_line && has_it != self.invert);
                    self.searched = number + 1;
                }
            }
            Purpose::Mark => {
                if self.marks.len() > MARKED_LINES {
                    self.marks.clear();
                }
                for number in &asked {
                    self.marks.insert(*number, Vec::new());
                }
                for [line, start, end] in found {
                    let number = asked.get(line as usize);
                    if let Some(marks) = number.and_then(|number| self.marks.get_mut(number)) {
                        marks.push([start, end]);
                    }
                }
            }
        }
    }

    /// The thread has not answered: it is stopped.
    pub(super) fn give_up(&mut self, store: &mut Store) {
        self.fail(Problem::TooSlow, store);
    }

    fn fail(&mut self, problem: Problem, store: &mut Store) {
        store.forget_matches();
        self.renumber();
        self.problem = Some(problem);
        self.what = What::Expression(None);
    }

    /// Whether it cannot be searched for.
    pub(super) const fn has_failed(&self) -> bool {
        self.problem.is_some()
    }

    /// Has the drawn matches marked, when the thread has nothing else to do.
    pub(super) fn mark(&mut self, drawn: impl Iterator<Item = u64>, store: &Store) {
        let What::Expression(Some(searcher)) = &mut self.what else {
            return;
        };
        if self.invert || !searcher.is_idle() || !self.asked.is_empty() {
            return;
        }
        let (mut lines, mut numbers) = (String::new(), Vec::new());
        for number in drawn.filter(|number| !self.marks.contains_key(number)) {
            if is_match(store, number) {
                numbers.push(number);
                store.with_text(number, |text| lines.push_str(&searched(text)));
                lines.push('\n');
            }
        }
        if !numbers.is_empty() {
            searcher.ask(lines.trim_end_matches('\n'), Purpose::Mark);
            self.asked = numbers;
        }
    }

    /// Where in `text`, which is all of the entry `number` without its styles, what is searched for
    /// is; in order.
    pub(super) fn ranges(&self, number: u64, text: &str) -> Vec<Range<usize>> {
        match &self.what {
            _ if self.invert => Vec::new(),
            What::Text(needle) => needle.ranges(text, MARKS as usize),
            What::Expression(Some(_)) => {
                let marks = self.marks.get(&number).into_iter().flatten();
                let ranges = marks
                    .filter_map(|[start, end]| Some(byte_at(text, *start)?..byte_at(text, *end)?));
                ranges.filter(|range| !range.is_empty()).collect()
            }
            What::Nothing | What::Expression(None) => Vec::new(),
        }
    }

    /// Whether an entry is the match one has gone to.
    pub(super) fn is_current(&self, number: u64) -> bool {
        self.current == Some(number)
    }

    /// Goes to another match among the rows, from the one before or from what is in view.
    pub(super) fn go(
        &mut self,
        order: Order,
        store: &Store,
        rows: &Rows,
        first_in_view: usize,
    ) -> Option<u64> {
        let len = rows.len();
        let from = match self.current {
            Some(current) => rows.row_of(current),
            None => first_in_view.saturating_sub(usize::from(order == Order::Next)),
        };
        let includes_first =
            usize::from(self.current.is_none() && from == 0 && order == Order::Next);
        let steps = 1 - includes_first..=len;
        let row_after = |step: usize| match order {
            Order::Next => (from + step) % len,
            Order::Previous => (from + len - step % len) % len,
        };
        let found = steps
            .filter(|_| len > 0)
            .filter_map(|step| rows.number(row_after(step)))
            .find(|number| is_match(store, *number));
        self.current = found.or(self.current);
        found
    }

    /// What is found.
    pub(super) fn findings(&self, store: &Store) -> Findings {
        let rank = |current: u64| {
            let before = store
                .from(store.first())
                .take_while(|(number, _)| *number <= current);
            before
                .filter(|(_, head)| head.is_match == Some(true))
                .count() as u64
        };
        Findings {
            total: store.matches(),
            current: self
                .current
                .filter(|current| store.head(*current).is_some())
                .map(rank),
            is_searching: match self.what {
                What::Nothing | What::Expression(None) => false,
                _ => self.searched < store.end(),
            },
            problem: self.problem.clone(),
        }
    }
}

fn is_match(store: &Store, number: u64) -> bool {
    let head = store.head(number);
    head.is_some_and(|head| head.is_match == Some(true))
}

/// The byte at a UTF-16 unit.
fn byte_at(text: &str, unit: u32) -> Option<usize> {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        if units >= unit {
            return Some(at);
        }
        units += c.len_utf16() as u32;
    }
    (units >= unit).then_some(text.len())
}
