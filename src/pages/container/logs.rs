//! What a container says: its last lines, asked for again and again.

use crate::{client::driver, i18n::use_text, model::ContainerId};
use leptos::{html::Pre, prelude::*};

/// The last lines of a container's log.
#[component]
pub(super) fn Logs(
    /// Whose.
    id: ContainerId,
) -> impl IntoView {
    let text = use_text();
    let node = NodeRef::<Pre>::new();
    let is_empty = RwSignal::new(false);
    Effect::new(move || driver::tail_log(id, node, is_empty));
    view! {
        <pre class="card log" node_ref=node tabindex="0" data-testid="log"></pre>
        <Show when=move || is_empty.get()>
            <p class="faint">{move || text.get().containers.no_logs}</p>
        </Show>
    }
}
