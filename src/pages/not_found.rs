//! The page for an unknown URL.

use crate::{
    components::{A, PageTitle},
    i18n::{say, use_text},
};
use leptos::prelude::*;

/// The page for an unknown URL.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let text = use_text();
    view! {
        <PageTitle text=move || text.get().frame.not_found.to_owned() />
        <div class="card empty">
            <b>{say(text, |text| text.frame.not_found)}</b>
            <p>{say(text, |text| text.frame.not_found_hint)}</p>
            <A href="/" attr:class="button">{say(text, |text| text.frame.go_home)}</A>
        </div>
    }
}
