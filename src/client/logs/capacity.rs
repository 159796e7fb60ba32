//! Capacity of collections with up to a hundred thousand elements.

use std::collections::VecDeque;

/// Up to this length collections grow by their default strategy.
const FEW: usize = 16_384;
/// Elements that may briefly exceed the limit.
const SLACK: usize = 4_096;

/// Reserves capacity for `more` elements in a collection that is limited to `most`. Beyond [`FEW`] it
/// reserves all of the capacity at once: memory that stepwise growth frees is too fragmented for the next
/// step, and the memory of a page never shrinks.
pub(super) fn reserve<T>(deque: &mut VecDeque<T>, more: usize, most: usize) {
    let needed = deque.len() + more;
    if needed > deque.capacity() && needed > FEW {
        deque.reserve_exact((most + SLACK).max(needed) - deque.len());
    }
}
