//! The container page.

use leptos::prelude::*;

/// The container page.
#[component]
pub fn ContainerPage() -> impl IntoView {
    view! { <h1>"Container"</h1> }
}
