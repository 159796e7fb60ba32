//! Data of a section: initially from the HTML, then requested.

use crate::{
    client::{Asked, Live, SettingsData, driver},
    protocol::{ApiError, codec::Wire},
};
use leptos::prelude::*;

/// Begins with the data in the HTML, if `pick` finds it there. It is removed there: a later visit requests it
/// again.
pub(super) fn asked<T: PartialEq + Send + Sync + 'static>(
    live: Live,
    pick: impl FnOnce(SettingsData) -> Option<T>,
) -> Asked<T> {
    let given = live
        .initial()
        .try_update_value(|initial| initial.settings.take());
    let given = given.flatten().and_then(|frame| frame.data());
    match given {
        Some(SettingsData::Refused(error)) => Asked::new(None, Some(error)),
        Some(data) => Asked::new(pick(data), None),
        None => Asked::new(None, None),
    }
}

/// Requests the data at `url`.
pub(super) fn ask<T: Wire + PartialEq + Send + Sync + 'static>(asked: Asked<T>, url: String) {
    driver::ask(url, move |answer| asked.answer(answer));
}

/// Data that is requested when it is missing, and again whenever the returned trigger is notified.
pub(super) fn use_asked<T: Wire + PartialEq + Send + Sync + 'static>(
    live: Live,
    url: &'static str,
    pick: impl FnOnce(SettingsData) -> Option<T>,
) -> (Asked<T>, Trigger) {
    let asked = asked(live, pick);
    let again = Trigger::new();
    Effect::new(move |is_again: Option<bool>| {
        again.track();
        if is_again.unwrap_or_else(|| asked.is_missing()) {
            ask(asked, url.to_owned());
        }
        true
    });
    (asked, again)
}

/// Why the data of a section is not shown, or is old.
#[component]
pub(super) fn Failure(
    /// The error of the last request.
    error: RwSignal<Option<ApiError>>,
) -> impl IntoView {
    move || {
        let error = error.get()?;
        Some(
            view! { <p class="banner bad" role="alert" data-testid="settings-error">{error.message}</p> },
        )
    }
}
