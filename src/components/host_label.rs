//! The host of a container.

use crate::{client::use_live, model::HostId};
use leptos::prelude::*;

/// The name of a host, next to one of its containers; absent when there is only one host.
#[component]
pub fn HostLabel(
    /// The host.
    host: HostId,
) -> impl IntoView {
    let live = use_live();
    view! {
        <Show when=move || live.has_several_hosts()>
            <span class="host-label faint"><HostName host=host /></span>
        </Show>
    }
}

/// The host name that a host reports.
#[component]
pub fn HostName(
    /// The host.
    host: HostId,
) -> impl IntoView {
    let signals = use_live().host(&host);
    move || signals.name(&host)
}
