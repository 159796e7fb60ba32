//! The time zone that times are shown in: UTC in the first HTML, as the server cannot know another,
//! and the browser's as soon as the page is interactive.

use super::driver;
use crate::model::{LocalTime, Timestamp};
use leptos::prelude::*;

/// The time zone that times are shown in. A handle; what reads it follows its change.
#[derive(Clone, Copy, Debug)]
pub struct Zone(RwSignal<Option<String>>);

/// Makes [`use_zone`] work below the calling component.
pub fn provide_zone() {
    let zone = RwSignal::new(None);
    Effect::new(move || zone.set(driver::zone_name()));
    provide_context(Zone(zone));
}

/// The time zone that times are shown in.
pub fn use_zone() -> Zone {
    expect_context::<Zone>()
}

impl Zone {
    /// `at` as this zone's clocks show it.
    pub fn local(self, at: Timestamp) -> LocalTime {
        if self.0.read().is_some() {
            driver::local(at)
        } else {
            at.at_offset(0)
        }
    }

    /// `01:18:05 UTC`, `10:18:05 UTC+09:00`.
    pub fn clock(self, at: Timestamp) -> String {
        let local = self.local(at);
        format!("{} {}", local.clock(), local.zone())
    }

    /// `2025-11-21 10:18:05 UTC+09:00`.
    pub fn moment(self, at: Timestamp) -> String {
        let local = self.local(at);
        format!("{} {}", local.moment(), local.zone())
    }

    /// What it is called: `UTC`, `Asia/Seoul`.
    pub fn name(self) -> String {
        self.0.get().unwrap_or_else(|| "UTC".to_owned())
    }
}
