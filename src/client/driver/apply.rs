//! Applies received messages with the next animation frame.

use super::browser;
use crate::client::{Live, inbox::Batch};
use leptos::prelude::*;
use std::time::Duration;

/// A hidden tab has no animation frames.
const HIDDEN_DELAY: Duration = Duration::from_millis(500);

/// Applies `batch` to `live` with the next animation frame.
pub(super) fn apply_soon(live: Live, batch: Batch) {
    let apply = move || live.apply(batch.take());
    if browser::is_hidden() {
        set_timeout(apply, HIDDEN_DELAY);
    } else {
        request_animation_frame(apply);
    }
}
