//! Room for what there may be a hundred thousand of.

use std::collections::VecDeque;

/// As long as there are no more than these, collections grow as they do by themselves.
const FEW: usize = 16_384;
/// What collections may hold for a moment beyond what is kept.
const SLACK: usize = 4_096;

/// Makes room for `more` in what never keeps more than `most`. From [`FEW`] on for all of them at
/// once: memory that is given back by what grows step by step is in pieces too small for the next
/// step, and a page's memory never shrinks.
pub(super) fn make_room<T>(deque: &mut VecDeque<T>, more: usize, most: usize) {
    let needed = deque.len() + more;
    if needed > deque.capacity() && needed > FEW {
        deque.reserve_exact((most + SLACK).max(needed) - deque.len());
    }
}
