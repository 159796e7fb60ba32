//! The dialogs of every page. All are closed in the server's HTML and in the first view, so their code is a
//! separate part, which the browser loads as soon as the page is interactive.

use crate::{
    components::{ActionDialog, HelpDialog, Palette, use_action_requests},
    pages::view_of,
    part::in_part,
};
use leptos::{
    prelude::*, task::spawn_local_scoped_with_cancellation, wasm_split::SplitLoaderError,
};

/// The dialogs, once they are loaded. A dialog that is opened earlier appears then.
#[component]
pub(super) fn Dialogs(
    /// Whether the palette is open; set to open it.
    is_palette_open: RwSignal<bool>,
    /// Whether the keyboard help is open; set to open it.
    is_help_open: RwSignal<bool>,
) -> impl IntoView {
    let requests = use_action_requests();
    let is_loaded = RwSignal::new(false);
    let is_wanted = move || is_palette_open.get() || is_help_open.get() || requests.is_asking();
    // After a failure, opening the next dialog retries.
    Effect::new(move || {
        let is_wanted = is_wanted();
        if is_loaded.get_untracked() {
            return;
        }
        spawn_local_scoped_with_cancellation(async move {
            if load_dialogs().await.is_ok() {
                is_loaded.try_set(true);
            } else if is_wanted {
                // The server has been updated: a page of the new version has the dialog.
                let _ = window().location().reload();
            }
        });
    });
    move || {
        is_loaded
            .get()
            .then(|| view_of(dialogs(is_palette_open, is_help_open)))
    }
}

in_part! {
    dialogs, load_dialogs;
    fn dialogs(
        is_palette_open: RwSignal<bool>,
        is_help_open: RwSignal<bool>,
    ) -> Result<AnyView, SplitLoaderError> {
        Ok(view! {
            <Palette is_open=is_palette_open />
            <ActionDialog />
            <HelpDialog is_open=is_help_open />
        }
        .into_any())
    }
}
