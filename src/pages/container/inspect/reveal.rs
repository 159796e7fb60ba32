//! Reveals the masked values of a description, after a confirmation.

use crate::{
    client::{Change, driver, use_live},
    i18n::{say, use_text},
    model::{Right, WorkloadId},
    protocol::{ApiError, workload_path},
};
use leptos::prelude::*;

/// The button and its confirmation; nothing without the right. The description with its values is `revealed`
/// until it is hidden, or the tab is left.
#[component]
pub(super) fn Reveal(
    /// The container.
    id: WorkloadId,
    /// The description with its values; `None` while they are masked.
    revealed: RwSignal<Option<String>>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let may = Memo::new(move |_| live.may(Right::Reveal, id));
    let is_asking = RwSignal::new(false);
    let error = RwSignal::new(None::<ApiError>);
    let is_shown = Memo::new(move |_| revealed.read().is_some());
    let label = move || {
        let text = text.get().container();
        if is_shown.get() {
            text.hide
        } else {
            text.reveal
        }
    };
    let press = move |_| {
        error.set(None);
        if is_shown.get_untracked() {
            revealed.set(None);
        } else {
            is_asking.update(|is_asking| *is_asking = !*is_asking);
        }
    };
    let confirmed = Trigger::new();
    // In an effect, because the question, which is gone by then, would take the request with it.
    Effect::new(move |before: Option<()>| {
        confirmed.track();
        if before.is_none() {
            return;
        }
        let change = Change::plain_post(workload_path(id, "reveal"));
        driver::change_for_text(change, move |answer| match answer {
            Ok(json) => {
                revealed.try_set(Some(json));
            }
            Err(failure) => {
                error.try_set(Some(failure));
            }
        });
    });
    let confirm = move |_| {
        is_asking.set(false);
        confirmed.notify();
    };
    let message = move || error.read().as_ref().map(|error| error.message.clone());
    view! {
        <Show when=move || may.get()>
            <div class="toolbar">
                <button type="button" class="button" data-testid="reveal" on:click=press
                    aria-expanded=move || is_asking.get().to_string()>{label}</button>
                <Show when=move || is_asking.get()>
                    <span class="muted">{say(text, |text| text.container().reveal_note)}</span>
                    <button type="button" class="button danger" data-testid="reveal-confirm" on:click=confirm>
                        {say(text, |text| text.container().show)}
                    </button>
                </Show>
                <span class="bad-text" role="alert">{message}</span>
            </div>
        </Show>
    }
}
