//! The loop that feeds [`Live`] in the browser.

use super::Live;

/// Begins to feed `live`; call once, in the browser.
pub fn start(_live: Live) {}
