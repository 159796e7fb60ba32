//! Data of a section: initially from the HTML, then requested.

use crate::{
    client::{Live, SettingsData, driver},
    protocol::{ApiError, codec::Wire},
};
use leptos::prelude::*;

/// Requested data: the last result, and the error of a later request.
#[derive(Debug)]
pub(super) struct Asked<T: Send + Sync + 'static> {
    pub(super) value: RwSignal<Option<T>>,
    pub(super) error: RwSignal<Option<ApiError>>,
}

impl<T: Send + Sync + 'static> Clone for Asked<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Asked<T> {}

impl<T: Wire + Send + Sync + 'static> Asked<T> {
    /// Begins with the data in the HTML, if `pick` finds it there. It is removed there: a later visit requests
    /// it again.
    pub(super) fn beginning(live: Live, pick: impl FnOnce(SettingsData) -> Option<T>) -> Self {
        let given = live
            .initial()
            .try_update_value(|initial| initial.settings.take());
        let given = given.flatten().and_then(|frame| frame.data());
        let (value, error) = match given {
            Some(SettingsData::Refused(error)) => (None, Some(error)),
            Some(data) => (pick(data), None),
            None => (None, None),
        };
        Self {
            value: RwSignal::new(value),
            error: RwSignal::new(error),
        }
    }

    /// Whether nothing is known yet: neither a result nor an error.
    pub(super) fn is_missing(self) -> bool {
        let is_none = self.value.with_untracked(Option::is_none);
        is_none && self.error.with_untracked(Option::is_none)
    }

    /// Requests the data at `url`.
    pub(super) fn ask(self, url: String) {
        driver::ask(url, move |answer| self.answer(answer));
    }

    /// Stores the result of a request. An error keeps the last result.
    pub(super) fn answer(self, answer: Result<T, ApiError>) {
        let error = match answer {
            Ok(value) => {
                self.value.try_set(Some(value));
                None
            }
            Err(error) => Some(error),
        };
        self.error.try_set(error);
    }
}

/// Data that is requested when it is missing, and again whenever the returned trigger is notified.
pub(super) fn use_asked<T: Wire + Send + Sync + 'static>(
    live: Live,
    url: &'static str,
    pick: impl FnOnce(SettingsData) -> Option<T>,
) -> (Asked<T>, Trigger) {
    let asked = Asked::beginning(live, pick);
    let again = Trigger::new();
    Effect::new(move |is_again: Option<bool>| {
        again.track();
        if is_again.unwrap_or_else(|| asked.is_missing()) {
            asked.ask(url.to_owned());
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
