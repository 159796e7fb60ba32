//! The overview page.

use leptos::prelude::*;

/// The overview page.
#[component]
pub fn OverviewPage() -> impl IntoView {
    view! { <h1>"Overview"</h1> }
}
