//! A button that copies something.

use crate::i18n::use_text;
use leptos::prelude::*;

/// A button that copies something, and says whether the browser allowed it.
#[component]
pub(super) fn CopyButton(
    /// What it says before.
    label: Signal<&'static str>,
    /// Copies; whether that was allowed.
    copy: Callback<(), bool>,
) -> impl IntoView {
    let text = use_text();
    let copied = RwSignal::new(None::<bool>);
    let said = move || match copied.get() {
        None => label.get(),
        Some(true) => text.get().realtime.copied,
        Some(false) => text.get().realtime.not_copied,
    };
    // What is to be copied may be another thing by now.
    let forget = move |_| copied.set(None);
    view! {
        <button class="button" on:click=move |_| copied.set(Some(copy.run(()))) on:blur=forget data-testid="copy">
            {said}
        </button>
    }
}
