//! A button that copies a report or a configuration.

use crate::i18n::use_text;
use leptos::prelude::*;

/// A button that copies something, and shows whether the browser allowed it.
#[component]
pub(super) fn CopyButton(
    /// The label before a click.
    label: Signal<&'static str>,
    /// Copies; returns whether the browser allowed it.
    copy: Callback<(), bool>,
) -> impl IntoView {
    let text = use_text();
    let copied = RwSignal::new(None::<bool>);
    let said = move || match copied.get() {
        None => label.get(),
        Some(true) => text.get().realtime().copied,
        Some(false) => text.get().realtime().not_copied,
    };
    // Next time there may be other content to copy.
    let forget = move |_| copied.set(None);
    view! {
        <button class="button" on:click=move |_| copied.set(Some(copy.run(()))) on:blur=forget data-testid="copy">
            {said}
        </button>
    }
}
