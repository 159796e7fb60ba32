//! The state inside the first HTML.

use crate::{
    model::{Preferences, Timestamp, Totals},
    protocol::Snapshot,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the server renders from and the browser begins with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Initial {
    /// The messages a client would have got by now.
    pub snapshot: Snapshot,
    /// Counts over all containers, also those that are left out.
    pub totals: Totals,
    /// Whether containers are left out because the page does not show them.
    pub partial: bool,
    /// The server's clock.
    pub now: Timestamp,
    /// How the person likes to see things.
    pub preferences: Preferences,
}

impl Default for Initial {
    /// Nothing known: what a page without a server shows.
    fn default() -> Self {
        Self {
            snapshot: Snapshot {
                epoch: String::new(),
                messages: Vec::new(),
            },
            totals: Totals::default(),
            partial: true,
            now: Timestamp::default(),
            preferences: Preferences::default(),
        }
    }
}

/// The state to render a page from: a context value that only the server provides, made for the
/// request that is being answered.
#[derive(Clone, Debug)]
pub struct InitialState(pub Arc<Initial>);
