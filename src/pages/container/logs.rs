//! What a container says.

use crate::{
    client::{LogSource, RowSignals},
    model::{ContainerId, Page, Tab},
    pages::logs::{LogViewer, use_set_view, use_view},
};
use leptos::prelude::*;

/// A container's log.
#[component]
pub(super) fn Logs(
    /// Whose.
    id: ContainerId,
    /// Its signals.
    row: RowSignals,
) -> impl IntoView {
    let view = use_view();
    let page = Page::tab(id, Tab::Logs);
    let set_view = use_set_view(move |view| page.href_with(&view.to_url()));
    let (host, container) = (row.host, row.container);
    let sources = Memo::new(move |_| {
        vec![LogSource {
            id,
            host: Some(host.clone()),
            name: container.read().name.clone(),
        }]
    });
    view! { <LogViewer view set_view sources /> }
}
