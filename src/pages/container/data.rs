//! What tabs show beside the live state: asked for by each tab, begun with what the HTML has.

use crate::{
    client::{ContainerPageData, Live},
    model::WorkloadId,
    protocol::ApiError,
};
use leptos::prelude::*;

/// Something asked for: the last answer, and why there is no newer one.
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
    /// Begins with what the HTML has of `id`. It is taken out: a later visit asks anew.
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

    /// Whether nothing has come yet.
    pub(super) fn is_missing(self) -> bool {
        self.value.with_untracked(Option::is_none)
    }

    /// Takes an answer. A failure leaves what was known.
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
