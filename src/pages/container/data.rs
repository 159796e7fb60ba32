//! Data that tabs need in addition to the live state: initially from the HTML, then requested by each tab.

use crate::{
    client::{ContainerPageData, Live},
    model::WorkloadId,
    protocol::ApiError,
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

impl<T: PartialEq + Send + Sync + 'static> Asked<T> {
    /// Begins with the data of `id` in the HTML, if any. It is removed there: a later visit requests it
    /// again.
    pub(super) fn beginning(
        live: Live,
        id: WorkloadId,
        take: impl FnOnce(&mut ContainerPageData) -> Option<T>,
    ) -> Self {
        let given = live.initial().try_update_value(|initial| {
            let data = initial.container.as_mut();
            data.filter(|data| data.id.matches(id))
                .and_then(|data| take(data))
        });
        Self {
            value: RwSignal::new(given.flatten()),
            error: RwSignal::new(None),
        }
    }

    /// Whether there is no result yet.
    pub(super) fn is_missing(self) -> bool {
        self.value.with_untracked(Option::is_none)
    }

    /// Stores the result of a request. An error keeps the last result.
    pub(super) fn answer(self, answer: Result<T, ApiError>) {
        match answer {
            Ok(value) => {
                if self
                    .value
                    .with_untracked(|known| known.as_ref() != Some(&value))
                {
                    self.value.set(Some(value));
                }
                if self.error.with_untracked(Option::is_some) {
                    self.error.set(None);
                }
            }
            Err(error) => self.error.set(Some(error)),
        }
    }
}
