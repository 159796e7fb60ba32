//! The smallest page that Leptos hydrates: a button that counts. `scripts/bench first` compares the time
//! until a page of Deckwatch is interactive with the time of this page.
#![cfg_attr(target_family = "wasm", no_main)]

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
    hydrate_body(Page);
}
