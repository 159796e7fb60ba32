//! The texts of the interface, in every language.
//!
//! Each area has a struct of texts and one constant per language, so that a missing translation is a compile
//! error.

mod container;
mod containers;
#[cfg(feature = "ssr")]
mod door;
mod events;
mod frame;
mod logs;
mod realtime;
mod settings;
mod stats;

pub use container::ContainerText;
pub use containers::ContainersText;
#[cfg(feature = "ssr")]
pub use door::{DoorText, door_text};
pub use events::EventsText;
pub use frame::FrameText;
pub use logs::LogsText;
pub use realtime::RealtimeText;
pub use settings::{RecentOfAll, SettingsText, use_settings_text};
pub use stats::StatsText;

use crate::model::{Language, Preferences};
use leptos::prelude::*;

/// Every text of one language.
///
/// Only the texts of the frame are a field: the others are functions, so that the code of each part has the
/// texts that it shows, and the first view has none of them.
#[derive(Debug)]
pub struct Text {
    language: Language,
    /// Navigation, header, overview and messages of the whole page.
    pub frame: &'static FrameText,
}

/// A function that returns the texts of one area.
macro_rules! area {
    ($(#[$doc:meta])* $name:ident: $type:ty) => {
        $(#[$doc])*
        pub const fn $name(&self) -> &'static $type {
            match self.language {
                Language::English => &$name::ENGLISH,
                Language::Korean => &$name::KOREAN,
            }
        }
    };
}

impl Text {
    area! {
        /// The containers page.
        containers: ContainersText
    }
    area! {
        /// A container's own page.
        container: ContainerText
    }
    area! {
        /// The log viewer.
        logs: LogsText
    }
    area! {
        /// Events of engines.
        events: EventsText
    }
    area! {
        /// A container's charts.
        stats: StatsText
    }
    area! {
        /// The realtime test.
        realtime: RealtimeText
    }
}

const ENGLISH: Text = Text {
    language: Language::English,
    frame: &frame::ENGLISH,
};
const KOREAN: Text = Text {
    language: Language::Korean,
    frame: &frame::KOREAN,
};

/// The texts of `language`.
pub const fn text(language: Language) -> &'static Text {
    match language {
        Language::English => &ENGLISH,
        Language::Korean => &KOREAN,
    }
}

/// The texts in the user's language. Tracks the language.
pub fn use_text() -> Signal<&'static Text> {
    let preferences = expect_context::<RwSignal<Preferences>>();
    Signal::derive(move || text(preferences.with(|preferences| preferences.language)))
}

/// One text in the user's language, which changes only with the language.
pub fn say<T: Sync + 'static>(
    text: Signal<&'static T>,
    pick: fn(&'static T) -> &'static str,
) -> impl Fn() -> &'static str + Copy + Send + Sync + 'static {
    move || pick(text.get())
}
