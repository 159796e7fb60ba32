//! The state of a workload, as a colour, a shape and a word.

use crate::{
    i18n::use_text,
    model::{ContainerState, StatusWord, Tone, Workload},
};
use leptos::prelude::*;

/// The state of a workload.
#[component]
pub fn StatusPill(
    /// The workload.
    #[prop(into)]
    workload: Signal<Workload>,
) -> impl IntoView {
    let text = use_text();
    let status = Memo::new(move |_| workload.with(Workload::status));
    let class = move || match status.get().tone {
        Tone::Ok => "pill ok",
        Tone::Warn => "pill warn",
        Tone::Bad => "pill bad",
        Tone::Idle => "pill idle",
    };
    let word = move || {
        let text = text.get().containers();
        match status.get().word {
            StatusWord::State(state) => text.state(state).to_owned(),
            StatusWord::Health(health) => text.health(health).to_owned(),
            StatusWord::Ended(code) => format!("{} ({code})", text.state(ContainerState::Exited)),
        }
    };
    view! {
        <span class=class>
            <span class="dot" aria-hidden="true"></span>
            {word}
        </span>
    }
}
