//! The time zone of shown times: UTC in the first HTML, because the server does not know the user's, and the
//! browser's once the page is interactive.

use super::driver;
use crate::model::{LocalTime, Timestamp};
use leptos::prelude::*;

/// The time zone of shown times. A handle; readers track its change.
#[derive(Clone, Copy, Debug)]
pub struct Zone {
    is_local: RwSignal<bool>,
    /// `None` until it is known.
    name: RwSignal<Option<String>>,
}

/// Provides the time zone for [`use_zone`] below the calling component.
pub fn provide_zone() {
    let (is_local, name) = (RwSignal::new(false), RwSignal::new(None));
    Effect::new(move || {
        is_local.set(true);
        // Browsers take tens of milliseconds for the first name: after hydration.
        driver::later(move || _ = name.try_set(driver::zone_name()));
    });
    provide_context(Zone { is_local, name });
}

/// The time zone of shown times.
pub fn use_zone() -> Zone {
    expect_context::<Zone>()
}

impl Zone {
    /// `at` in this time zone.
    pub fn local(self, at: Timestamp) -> LocalTime {
        if self.is_local.get() {
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

    /// The name: `UTC`, `Asia/Seoul`.
    pub fn name(self) -> String {
        self.name.get().unwrap_or_else(|| "UTC".to_owned())
    }
}
