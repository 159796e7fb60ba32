//! The time zone of the times beneath.

use crate::client::use_zone;
use leptos::prelude::*;

/// What the time zone is called that times are shown in.
#[component]
pub fn ZoneName() -> impl IntoView {
    let zone = use_zone();
    view! { <span class="faint zone">{move || zone.name()}</span> }
}
