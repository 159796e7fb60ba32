//! Data that a page requests in addition to the live state.

use super::live::set_if_changed;
use crate::protocol::ApiError;
use leptos::prelude::*;

/// Requested data: the last result, and the error of a later request. A handle: copies share both.
#[derive(Debug)]
pub struct Asked<T: Send + Sync + 'static> {
    /// The last result; `None` before the first.
    pub value: RwSignal<Option<T>>,
    /// The error of the last request; `None` if it succeeded.
    pub error: RwSignal<Option<ApiError>>,
}

impl<T: Send + Sync + 'static> Clone for Asked<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Asked<T> {}

impl<T: PartialEq + Send + Sync + 'static> Asked<T> {
    /// Begins with what the first HTML contains.
    pub fn new(value: Option<T>, error: Option<ApiError>) -> Self {
        Self {
            value: RwSignal::new(value),
            error: RwSignal::new(error),
        }
    }

    /// Whether nothing is known yet: neither a result nor an error.
    pub fn is_missing(self) -> bool {
        let is_none = self.value.with_untracked(Option::is_none);
        is_none && self.error.with_untracked(Option::is_none)
    }

    /// Stores the result of a request. An error keeps the last result.
    pub fn answer(self, answer: Result<T, ApiError>) {
        let error = match answer {
            Ok(value) => {
                set_if_changed(self.value, Some(value));
                None
            }
            Err(error) => Some(error),
        };
        set_if_changed(self.error, error);
    }
}
