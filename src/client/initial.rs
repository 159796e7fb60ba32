//! The state inside the first HTML.

use super::ContainerPageData;
use crate::{
    model::{Intervals, Preferences, StatsHistory, Timestamp, Totals},
    protocol::{
        Snapshot,
        codec::{self, DecodeError, Reader, Wire, Writer},
    },
};
use leptos::server::codee::{Decoder, Encoder};
use std::{convert::Infallible, sync::Arc};

/// What the server renders from and the browser begins with.
#[derive(Clone, Debug)]
pub struct Initial {
    /// The messages a client would have got by now.
    pub snapshot: Snapshot,
    /// Counts over all containers, also those that are left out.
    pub totals: Totals,
    /// Whether containers are left out because the page does not show them.
    pub partial: bool,
    /// The server's clock.
    pub now: Timestamp,
    /// How often figures come.
    pub intervals: Intervals,
    /// How the person likes to see things.
    pub preferences: Preferences,
    /// The last minutes of the container whose charts the page shows.
    pub stats_history: Option<StatsHistory>,
    /// What every path begins with: nothing, or names that each follow a slash.
    pub base: String,
    /// What the page of one container shows beside that.
    pub container: Option<Box<ContainerPageData>>,
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
            intervals: Intervals::default(),
            preferences: Preferences::default(),
            stats_history: None,
            base: String::new(),
            container: None,
        }
    }
}

/// The state to render a page from: a context value that only the server provides, made for the
/// request that is being answered.
#[derive(Clone, Debug)]
pub struct InitialState(pub Arc<Initial>);

/// The last lines of the logs that a page shows, as HTML: a context value that only the server
/// provides, for people who see the page before, or without, its scripts.
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
        }
    }
}

/// The binary form as text, for values inside the HTML.
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
