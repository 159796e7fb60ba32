//! What a viewer of logs keeps and works out: plain data and pure functions, beside the browser.

pub mod ansi;
mod entry;
mod filter;
pub mod json;
mod level;
mod news;
mod place;
mod queue;
mod rows;
mod status;
mod store;
mod style;
mod texts;
mod view;

use std::collections::VecDeque;

pub use entry::{Entry, Head, Kind};
pub use filter::{Filter, Needle, Order, searched};
pub use level::Level;
pub use news::{Following, LogNews, LogOrder, LogRequest};
pub use place::Place;
pub use queue::{MAX_WAITING, Queue};
pub use rows::Rows;
pub use status::{Findings, LogCommand, LogStatus, Problem};
pub use store::{MAX_BYTES, MAX_ENTRIES, Store};
pub use view::{LevelFilter, LogView, MAX_CONTAINERS, Since, StreamFilter, TAILS};

/// As long as there are no more than these, collections grow as they do by themselves.
const FEW: usize = 16_384;
/// What collections may hold for a moment beyond what is kept.
const SLACK: usize = 4_096;

/// Makes room for `more` in what never keeps more than `most`. From [`FEW`] on for all of them at
/// once: memory that is given back by what grows step by step is in pieces too small for the next
/// step, and a page's memory never shrinks.
fn make_room<T>(deque: &mut VecDeque<T>, more: usize, most: usize) {
    let needed = deque.len() + more;
    if needed > deque.capacity() && needed > FEW {
        deque.reserve_exact((most + SLACK).max(needed) - deque.len());
    }
}
