//! The document's title.

use leptos::prelude::*;
use leptos_meta::Title;

/// The document's title: `text`, and who says it.
///
/// The server writes the head last, and by then may have disposed of the page's signals: what is
/// read of them here is what it writes.
#[component]
pub fn PageTitle(
    /// What the page shows.
    text: impl Fn() -> String + Send + Sync + 'static,
) -> impl IntoView {
    let text = Signal::derive(move || format!("{} · Deckwatch", text()));
    let first = text.get_untracked();
    view! { <Title text=move || text.try_get().unwrap_or_else(|| first.clone()) /> }
}
