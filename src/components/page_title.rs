//! The document's title.

use super::{as_of::trouble, badge::state};
use crate::{client::use_live, i18n::use_text};
use leptos::prelude::*;
use leptos_meta::Title;

/// The document's title: `text`, and who says it. What is not of the present is marked, and why.
///
/// The server writes the head last, and by then may have disposed of the page's signals: what is
/// read of them here is what it writes.
#[component]
pub fn PageTitle(
    /// What the page shows.
    text: impl Fn() -> String + Send + Sync + 'static,
) -> impl IntoView {
    let (live, words) = (use_live(), use_text());
    let text = Signal::derive(move || {
        let (as_of, connection, words) = (live.as_of().get(), live.connection().get(), words.get());
        let title = format!("{} · Deckwatch", text());
        if as_of.is_live() {
            return title;
        }
        let why = trouble(connection, as_of, words.frame);
        format!(
            "⚠ {} · {title}",
            why.unwrap_or(state(connection, words.frame))
        )
    });
    let first = text.get_untracked();
    view! { <Title text=move || text.try_get().unwrap_or_else(|| first.clone()) /> }
}
