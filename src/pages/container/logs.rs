//! The log of a container.

use crate::{
    client::{LogSource, RowSignals},
    model::{Page, Tab, WorkloadId},
    pages::logs::{LogViewer, use_set_view, use_view},
};
use leptos::prelude::*;

/// A container's log.
#[component]
pub(super) fn Logs(
    /// The container.
    id: WorkloadId,
    /// Its signals.
    row: RowSignals,
) -> impl IntoView {
    let view = use_view();
    let page = Page::tab(id, Tab::Logs);
    let set_view = use_set_view(move |view| page.href_with(&view.to_url()));
    let sources = Memo::new(move |_| {
        let name = row.name();
        vec![LogSource { id, name }]
    });
    view! { <LogViewer view set_view sources /> }
}
