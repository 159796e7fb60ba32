//! The containers page.

use leptos::prelude::*;

/// The containers page.
#[component]
pub fn ContainersPage() -> impl IntoView {
    view! { <h1>"Containers"</h1> }
}
