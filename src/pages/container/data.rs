//! Data that tabs need in addition to the live state: initially from the HTML, then requested by each tab.

use crate::{
    client::{Asked, ContainerPageData, Live},
    model::WorkloadId,
};
use leptos::prelude::*;

/// Begins with the data of `id` in the HTML, if any. It is removed there: a later visit requests it again.
pub(super) fn asked<T: PartialEq + Send + Sync + 'static>(
    live: Live,
    id: WorkloadId,
    take: impl FnOnce(&mut ContainerPageData) -> Option<T>,
) -> Asked<T> {
    let given = live.initial().try_update_value(|initial| {
        let data = initial.container.as_mut();
        data.filter(|data| data.id.matches(id))
            .and_then(|data| take(data))
    });
    Asked::new(given.flatten(), None)
}
