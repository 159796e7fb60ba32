//! The smallest page that Leptos hydrates: a button that counts. `scripts/bench first` measures beside it
//! how long a page of Deckwatch takes to react.
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

/// Takes over the HTML in the browser.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_body(Page);
}
