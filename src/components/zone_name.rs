//! The time zone of the times on a page.

use crate::client::use_zone;
use leptos::prelude::*;

/// The name of the time zone of the times shown below it.
#[component]
pub fn ZoneName() -> impl IntoView {
    let zone = use_zone();
    view! { <span class="faint zone">{move || zone.name()}</span> }
}
