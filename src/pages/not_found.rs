//! Where an address leads nowhere.

use crate::i18n::use_text;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

/// Where an address leads nowhere.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let text = use_text();
    view! {
        <Title text=move || format!("{} · Deckwatch", text.get().frame.not_found) />
        <div class="card empty">
            <b>{move || text.get().frame.not_found}</b>
            <p>{move || text.get().frame.not_found_hint}</p>
            <A href="/" attr:class="button">{move || text.get().frame.go_home}</A>
        </div>
    }
}
