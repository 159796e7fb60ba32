//! Where a container runs.

use crate::{client::use_live, model::HostId};
use leptos::prelude::*;

/// The name of a host, beside one of its containers; absent where there is only one host.
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

/// What a host calls itself.
#[component]
pub fn HostName(
    /// The host.
    host: HostId,
) -> impl IntoView {
    let signals = use_live().host(&host);
    move || signals.name(&host)
}
