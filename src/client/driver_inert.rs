//! The server's side of the driver: the state in the HTML is all there is.

use super::Live;

/// Does nothing: only a browser is fed.
pub fn start(_live: Live) {}
