//! The document's title.

use super::{as_of::trouble, badge::state};
use crate::{client::use_live, i18n::use_text};
use leptos::prelude::*;
use leptos_meta::Title;

/// The document's title: `text` and the name of the program, preceded by a mark and the reason when the data
/// is not current.
///
/// The server renders the head last, when the page's signals may be disposed of, and then uses the value read
/// here.
#[component]
pub fn PageTitle(
    /// The content of the page.
    text: impl Fn() -> String + Send + Sync + 'static,
) -> impl IntoView {
    let (live, words) = (use_live(), use_text());
    let text = Signal::derive(move || {
        let words = words.get().frame;
        let title = format!("{} · Deckwatch", text());
        let why = trouble(live, words);
        if live.as_of().get().is_live() && why.is_none() {
            return title;
        }
        let why = why.unwrap_or_else(|| state(live.connection().get(), words).to_owned());
        format!("⚠ {why} · {title}")
    });
    let first = text.get_untracked();
    view! { <Title text=move || text.try_get().unwrap_or_else(|| first.clone()) /> }
}
