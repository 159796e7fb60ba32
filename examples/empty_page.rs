//! The smallest page that Leptos hydrates: a button with a counter. `scripts/bench first` compares the time
//! until a page of Deckwatch is hydrated with the time that this page takes.
#![cfg(target_family = "wasm")]

use leptos::prelude::*;

#[component]
fn Page() -> impl IntoView {
    let count = RwSignal::new(0_u32);
    Effect::new(|| {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-hydrated", "");
        }
    });
    view! { <button on:click=move |_| count.update(|count| *count += 1)>{count}</button> }
}

/// Hydrates the HTML in the browser. The page's script calls this once the module is loaded.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_body(Page);
}
