//! The texts of the interface, in every language.
//!
//! Each area has a struct of texts and one constant per language, so that a missing translation is a compile
//! error.

mod container;
mod containers;
mod events;
mod frame;
mod logs;
mod realtime;
mod stats;

pub use container::ContainerText;
pub use containers::ContainersText;
pub use events::EventsText;
pub use frame::FrameText;
pub use logs::LogsText;
pub use realtime::RealtimeText;
pub use stats::StatsText;

use crate::model::{Language, Preferences};
use leptos::prelude::*;

/// Every text of one language.
#[derive(Debug)]
pub struct Text {
    /// Navigation, header, overview and messages of the whole page.
    pub frame: &'static FrameText,
    /// The containers page.
    pub containers: &'static ContainersText,
    /// A container's own page.
    pub container: &'static ContainerText,
    /// The log viewer.
    pub logs: &'static LogsText,
    /// Events of engines.
    pub events: &'static EventsText,
    /// A container's charts.
    pub stats: &'static StatsText,
    /// The realtime test.
    pub realtime: &'static RealtimeText,
}

const ENGLISH: Text = Text {
    frame: &frame::ENGLISH,
    containers: &containers::ENGLISH,
    container: &container::ENGLISH,
    logs: &logs::ENGLISH,
    events: &events::ENGLISH,
    stats: &stats::ENGLISH,
    realtime: &realtime::ENGLISH,
};
const KOREAN: Text = Text {
    frame: &frame::KOREAN,
    containers: &containers::KOREAN,
    container: &container::KOREAN,
    logs: &logs::KOREAN,
    events: &events::KOREAN,
    stats: &stats::KOREAN,
    realtime: &realtime::KOREAN,
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
pub fn say(
    text: Signal<&'static Text>,
    pick: fn(&'static Text) -> &'static str,
) -> impl Fn() -> &'static str + Copy + Send + Sync + 'static {
    move || pick(text.get())
}
