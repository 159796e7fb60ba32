//! Times of the settings, relative to now.

use crate::{
    client::{use_live, use_zone},
    i18n::use_settings_text,
    model::{Timestamp, format},
};
use leptos::prelude::*;
use std::time::Duration;

/// The time below which something has happened just now.
const JUST_NOW: Duration = Duration::from_secs(60);
/// A week before a token ends there is still time to replace it.
const SOON: Duration = Duration::from_hours(7 * 24);

/// How long ago something was; `None` for never.
#[component]
pub(super) fn Ago(
    /// The time.
    at: Option<Timestamp>,
) -> impl IntoView {
    let (live, zone) = (use_live(), use_zone());
    let text = use_settings_text();
    let words = move || {
        let text = text.get();
        let Some(at) = at else {
            return text.never.to_owned();
        };
        let age = at.age(live.now().get());
        if age < JUST_NOW {
            return text.now.to_owned();
        }
        (text.ago)(&format::duration(age))
    };
    let moment = move || at.map(|at| zone.moment(at));
    view! { <span class="num" title=moment>{words}</span> }
}

/// When something ends; `None` for never.
#[component]
pub(super) fn Until(
    /// The time.
    at: Option<Timestamp>,
    /// The time before the end from which on it is pointed out.
    #[prop(default = SOON)]
    soon: Duration,
) -> impl IntoView {
    let (live, zone) = (use_live(), use_zone());
    let text = use_settings_text();
    let left = Memo::new(move |_| {
        let at = at?;
        let now = live.now().get();
        // Whole minutes, so that it does not change every second.
        Some((at > now).then(|| Duration::from_secs(now.age(at).as_secs() / 60 * 60)))
    });
    let words = move || {
        let text = text.get();
        match left.get() {
            None => text.never.to_owned(),
            Some(None) => text.expired.to_owned(),
            Some(Some(left)) => (text.in_time)(&format::duration(left)),
        }
    };
    let is_bad = move || left.get() == Some(None);
    let is_soon = move || matches!(left.get(), Some(Some(left)) if left < soon);
    let moment = move || at.map(|at| zone.moment(at));
    view! { <span class="num" class:bad-text=is_bad class:warn-text=is_soon title=moment>{words}</span> }
}
