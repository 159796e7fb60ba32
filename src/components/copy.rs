//! A button that copies text to the clipboard.

use super::{Glyph, Icon};
use crate::{client::driver, i18n::use_text};
use leptos::prelude::*;
use std::time::Duration;

/// Duration for which the button shows that it has copied.
const SHOWN: Duration = Duration::from_millis(1_500);

/// A button that copies a text.
#[component]
pub fn CopyButton(
    /// The text to copy.
    #[prop(into)]
    copied: Signal<String>,
    /// The name of the text, for screen readers.
    #[prop(into)]
    of: Signal<String>,
) -> impl IntoView {
    let text = use_text();
    let is_copied = RwSignal::new(false);
    let copy = move |_| {
        is_copied.set(copied.with_untracked(|text| driver::copy(text)));
        let forget = move || {
            let _ = is_copied.try_set(false);
        };
        set_timeout(forget, SHOWN);
    };
    let label = move || {
        let text = text.get().container();
        if is_copied.get() {
            text.copied.to_owned()
        } else {
            format!("{}: {}", text.copy, of.get())
        }
    };
    let glyph = move || {
        let glyph = if is_copied.get() {
            Glyph::Check
        } else {
            Glyph::Copy
        };
        view! { <Icon glyph /> }
    };
    view! {
        <button class="button icon copy" type="button" aria-label=label title=label on:click=copy>{glyph}</button>
    }
}
