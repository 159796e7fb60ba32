//! The engine's complete description of a container, with secrets masked unless the user reveals them.

mod reveal;

use super::data::asked;
use crate::{
    client::{driver, use_live},
    components::CopyButton,
    i18n::{say, use_text},
    model::{WorkloadId, format},
    protocol::workload_path,
};
use leptos::{html::Div, prelude::*};
use reveal::Reveal;

/// The description as a tree, which can be searched and copied; as text without JavaScript.
#[component]
pub(super) fn Inspect(
    /// The container.
    id: WorkloadId,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let asked = asked(live, id, |given| given.inspect.take());
    let url = workload_path(id, "");
    let href = live.href(&url);
    Effect::new(move || {
        if asked.is_missing() {
            driver::ask_text(url.clone(), move |answer| asked.answer(answer));
        }
    });
    let revealed = RwSignal::new(None::<String>);
    let shown = Signal::derive(move || revealed.get().or_else(|| asked.value.get()));
    let tree = NodeRef::<Div>::new();
    let query = RwSignal::new(String::new());
    let found = RwSignal::new(None::<u32>);
    Effect::new(move || {
        let (Some(node), Some(json)) = (tree.get(), shown.get()) else {
            return;
        };
        found.set(driver::show_json(&node, &json, query.read().trim()));
    });
    // The tree replaces the text as soon as it is built.
    let plain = move || {
        let json = shown.get().filter(|_| found.read().is_none())?;
        Some(
            view! { <pre class="json-text" tabindex="0">{format::visible(&json).into_owned()}</pre> },
        )
    };
    let failure = move || {
        let error = asked.error.get()?;
        Some(
            view! { <p class="banner" role="status">{text.get().container().not_read} " " {error.message}</p> },
        )
    };
    let count = move || {
        let n = found.get().filter(|_| !query.read().trim().is_empty())?;
        Some((text.get().container().matches)(n))
    };
    let copied = Signal::derive(move || shown.get().unwrap_or_default());
    view! {
        {failure}
        <div class="toolbar">
            <label class="search">
                <span class="hidden">{say(text, |text| text.container().search)}</span>
                <input type="search" placeholder=say(text, |text| text.container().search) data-testid="json-search"
                    prop:value=query on:input=move |event| query.set(event_target_value(&event)) />
            </label>
            <span class="muted num" role="status">{count}</span>
            <span class="space"></span>
            <CopyButton copied of="JSON" />
            <a class="button" href=href target="_blank" rel="noopener noreferrer">{say(text, |text| text.container().raw)}</a>
        </div>
        <Reveal id revealed />
        <div class="card json" data-testid="json">
            {plain}
            <div node_ref=tree on:click=move |event| driver::open_json(&event)></div>
        </div>
    }
}
