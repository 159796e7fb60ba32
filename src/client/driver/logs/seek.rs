//! The search of a log viewer: the pattern, and which entries match it.

use super::{
    Input,
    search::{Found, MARKS, Purpose, Searcher},
};
use crate::client::logs::{Findings, Head, LogView, Needle, Order, Problem, Rows, Store, searched};
use futures::channel::mpsc::UnboundedSender;
use std::{collections::BTreeMap, ops::Range};
use wasm_bindgen::JsValue;

/// Entries, and bytes of them, between two checks of the time budget; a line may have 64 KiB.
const STEPS: usize = 100;
const STEP_BYTES: usize = 128 * 1024;
/// Lines, and bytes of them, per batch for the worker: some milliseconds of work.
const BATCH_LINES: usize = 2_000;
const BATCH_BYTES: usize = 256 * 1024;
/// Most lines whose match positions are kept: more than fit on any screen.
const MARKED_LINES: usize = 1_000;

/// The search of a log viewer.
pub(super) struct Seeker {
    sender: UnboundedSender<Input>,
    pattern: Pattern,
    invert: bool,
    /// The number up to which entries were searched.
    searched: u64,
    /// The number of the current match.
    current: Option<u64>,
    problem: Option<Problem>,
    /// The numbers of the entries in the worker's current batch.
    batch: Vec<u64>,
    /// The match positions of the expression per entry, in UTF-16 units.
    marks: BTreeMap<u64, Vec<[u32; 2]>>,
}

enum Pattern {
    Nothing,
    Text(Needle),
    /// `None` when the search has failed.
    Expression(Option<Searcher>),
}

impl Seeker {
    pub(super) const fn new(sender: UnboundedSender<Input>) -> Self {
        Self {
            sender,
            pattern: Pattern::Nothing,
            invert: false,
            searched: 0,
            current: None,
            problem: None,
            batch: Vec::new(),
            marks: BTreeMap::new(),
        }
    }

    /// Starts the search of `view`.
    pub(super) fn start(&mut self, view: &LogView, store: &mut Store) {
        store.reset_matches();
        self.renumber();
        self.problem = None;
        self.invert = view.invert;
        self.pattern = match (view.is_search(), view.regex) {
            (false, _) => Pattern::Nothing,
            (true, false) => Pattern::Text(Needle::new(&view.text)),
            (true, true) => Pattern::Expression(Searcher::start(&view.text, &self.sender)),
        };
    }

    /// Resets all entry numbers, after they have changed.
    pub(super) fn renumber(&mut self) {
        self.searched = 0;
        self.current = None;
        self.batch.clear();
        self.marks.clear();
    }

    /// Handles that entries from `from` on are new or have moved.
    pub(super) fn on_insert(&mut self, from: u64) {
        self.searched = self.searched.min(from);
        self.current = self.current.filter(|current| *current < from);
        if self.batch.last().is_some_and(|last| *last >= from) {
            self.batch.clear();
        }
        self.marks.split_off(&from);
    }

    /// The number up to which entries were searched.
    pub(super) const fn searched_up_to(&self) -> u64 {
        self.searched
    }

    /// Searches entries while there is time; returns whether some are left that can be searched now.
    pub(super) fn continue_search(
        &mut self,
        store: &mut Store,
        has_time: impl Fn() -> bool,
    ) -> bool {
        self.searched = self.searched.max(store.first());
        match &mut self.pattern {
            Pattern::Nothing => false,
            Pattern::Text(needle) => {
                while self.searched < store.end() && has_time() {
                    let mut bytes = 0;
                    for number in (self.searched..store.end()).take(STEPS) {
                        let unsearched = store.head(number).filter(|head| head.is_match.is_none());
                        if let Some(head) = unsearched {
                            let is_found = store.with_text(number, |text| needle.is_in(text));
                            let is_match = is_found.is_some_and(|is_found| is_found != self.invert);
                            store.set_match(number, head.is_line() && is_match);
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
            Pattern::Expression(Some(searcher)) if searcher.is_idle() => {
                let (mut lines, mut numbers) = (String::new(), Vec::new());
                for (number, head) in store.from(self.searched) {
                    if numbers.len() == BATCH_LINES || lines.len() > BATCH_BYTES {
                        break;
                    }
                    numbers.push(number);
                    if head.is_line() {
                        store.with_text(number, |text| lines.push_str(&searched(text)));
                    }
                    lines.push('\n');
                }
                if !numbers.is_empty() {
                    searcher.post(lines.trim_end_matches('\n'), Purpose::Test);
                    self.batch = numbers;
                }
                false
            }
            Pattern::Expression(_) => false,
        }
    }

    /// Whether the entry `number` waits for the worker.
    pub(super) fn is_stuck_at(&self, number: u64, store: &Store) -> bool {
        matches!(self.pattern, Pattern::Expression(_))
            && store
                .head(number)
                .is_some_and(|head| head.is_match.is_none())
    }

    /// Handles an answer of the worker; returns whether the view must be redrawn.
    pub(super) fn receive(&mut self, message: &JsValue, store: &mut Store) -> bool {
        let Pattern::Expression(Some(searcher)) = &mut self.pattern else {
            return false;
        };
        let Some((purpose, found)) = searcher.receive(message) else {
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
        let batch = std::mem::take(&mut self.batch);
        match purpose {
            Purpose::Test => {
                let mut found = found.iter().map(|[line, ..]| *line as usize).peekable();
                for (line, number) in batch.into_iter().enumerate() {
                    let is_found = found.next_if_eq(&line).is_some();
                    let is_line = store.head(number).is_some_and(Head::is_line);
                    store.set_match(number, is_line && is_found != self.invert);
                    self.searched = number + 1;
                }
            }
            Purpose::Mark => {
                if self.marks.len() > MARKED_LINES {
                    self.marks.clear();
                }
                for number in &batch {
                    self.marks.insert(*number, Vec::new());
                }
                for [line, start, end] in found {
                    let number = batch.get(line as usize);
                    if let Some(marks) = number.and_then(|number| self.marks.get_mut(number)) {
                        marks.push([start, end]);
                    }
                }
            }
        }
    }

    /// Stops the worker, which has not answered in time.
    pub(super) fn time_out(&mut self, store: &mut Store) {
        self.fail(Problem::TooSlow, store);
    }

    fn fail(&mut self, problem: Problem, store: &mut Store) {
        store.reset_matches();
        self.renumber();
        self.problem = Some(problem);
        self.pattern = Pattern::Expression(None);
    }

    /// Whether the search cannot be run.
    pub(super) const fn has_failed(&self) -> bool {
        self.problem.is_some()
    }

    /// Requests the match positions of the drawn entries, if the worker is idle.
    pub(super) fn mark(&mut self, drawn: impl Iterator<Item = u64>, store: &Store) {
        let Pattern::Expression(Some(searcher)) = &mut self.pattern else {
            return;
        };
        if self.invert || !searcher.is_idle() || !self.batch.is_empty() {
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
            searcher.post(lines.trim_end_matches('\n'), Purpose::Mark);
            self.batch = numbers;
        }
    }

    /// The positions of the matches in `text`, the complete plain text of the entry `number`; in order.
    pub(super) fn ranges(&self, number: u64, text: &str) -> Vec<Range<usize>> {
        match &self.pattern {
            _ if self.invert => Vec::new(),
            Pattern::Text(needle) => needle.ranges(text, MARKS as usize),
            Pattern::Expression(Some(_)) => {
                let marks = self.marks.get(&number).into_iter().flatten();
                let ranges = marks
                    .filter_map(|[start, end]| Some(byte_at(text, *start)?..byte_at(text, *end)?));
                ranges.filter(|range| !range.is_empty()).collect()
            }
            Pattern::Nothing | Pattern::Expression(None) => Vec::new(),
        }
    }

    /// Whether an entry is the current match.
    pub(super) fn is_current(&self, number: u64) -> bool {
        self.current == Some(number)
    }

    /// Goes to another match in the rows, starting from the current one or from the view.
    pub(super) fn go_to(
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

    /// The result of the search.
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
            is_searching: match self.pattern {
                Pattern::Nothing | Pattern::Expression(None) => false,
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

/// The byte offset of a UTF-16 offset.
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
