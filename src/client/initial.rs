//! The state in the first HTML.

use super::{ContainerPageData, SettingsFrame};
use crate::{
    model::{Intervals, Me, Preferences, StatsHistory, Timestamp, Totals},
    protocol::{
        Snapshot,
        codec::{self, DecodeError, Reader, Wire, Writer},
    },
};
use leptos::server::codee::{Decoder, Encoder};
use std::{convert::Infallible, sync::Arc};

/// The state from which the server renders, and with which the browser begins.
#[derive(Clone, Debug)]
pub struct Initial {
    /// The messages that a client would have received by now.
    pub snapshot: Snapshot,
    /// Counts of all containers, including omitted ones.
    pub totals: Totals,
    /// Whether containers are omitted because the page does not show them.
    pub partial: bool,
    /// The time of the server's clock.
    pub now: Timestamp,
    /// The intervals at which figures are read.
    pub intervals: Intervals,
    /// The user's preferences.
    pub preferences: Preferences,
    /// The history of the container whose charts the page shows.
    pub stats_history: Option<StatsHistory>,
    /// The base path: empty, or segments that each begin with a slash.
    pub base: String,
    /// Additional data for the page of a single container.
    pub container: Option<Box<ContainerPageData>>,
    /// The principal for which the page is rendered; `None` when the server knows none.
    pub me: Option<Me>,
    /// The digest of that principal and its grants.
    pub principal: String,
    /// Whether the server is reachable from other machines while sign-in is switched off.
    pub open_warning: bool,
    /// The data of the page of the settings, if it is one.
    pub settings: Option<SettingsFrame>,
}

impl Default for Initial {
    /// An empty state, which a page without a server shows.
    fn default() -> Self {
        Self {
            snapshot: Snapshot {
                epoch: String::new(),
                messages: Vec::new(),
            },
            totals: Totals::default(),
            partial: true,
            now: Timestamp::default(),
            intervals: Intervals::default(),
            preferences: Preferences::default(),
            stats_history: None,
            base: String::new(),
            container: None,
            me: None,
            principal: String::new(),
            open_warning: false,
            settings: None,
        }
    }
}

/// The state from which a page is rendered: a context value that only the server provides, created for each
/// request.
#[derive(Clone, Debug)]
pub struct InitialState(pub Arc<Initial>);

/// The last lines of the logs that a page shows, as HTML: a context value that only the server provides, for
/// users who see the page before its scripts have loaded, or without scripts.
#[derive(Clone, Debug)]
pub struct FirstLines(pub Arc<str>);

impl Wire for Initial {
    fn write(&self, to: &mut Writer) {
        let Self {
            snapshot,
            totals,
            partial,
            now,
            intervals,
            preferences,
            stats_history,
            base,
            container,
            me,
            principal,
            open_warning,
            settings,
        } = self;
        snapshot.write(to);
        totals.write(to);
        partial.write(to);
        now.write(to);
        intervals.write(to);
        preferences.write(to);
        stats_history.write(to);
        base.write(to);
        container.write(to);
        me.write(to);
        principal.write(to);
        open_warning.write(to);
        settings.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        Self {
            snapshot: Wire::read(from),
            totals: Wire::read(from),
            partial: Wire::read(from),
            now: Wire::read(from),
            intervals: Wire::read(from),
            preferences: Wire::read(from),
            stats_history: Wire::read(from),
            base: Wire::read(from),
            container: Wire::read(from),
            me: Wire::read(from),
            principal: Wire::read(from),
            open_warning: Wire::read(from),
            settings: Wire::read(from),
        }
    }
}

/// Encodes values in the HTML: the binary form as text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inline;

impl<T: Wire> Encoder<T> for Inline {
    type Error = Infallible;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Infallible> {
        Ok(codec::to_base64(&codec::encode(value)))
    }
}

impl<T: Wire> Decoder<T> for Inline {
    type Error = DecodeError;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, DecodeError> {
        codec::decode(&codec::from_base64(text).ok_or(DecodeError::Malformed)?)
    }
}
