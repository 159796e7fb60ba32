//! Actions on all selected workloads.

use super::Selection;
use crate::{
    client::{ActionState, use_live},
    components::use_action_requests,
    i18n::{say, use_text},
    model::Action,
};
use leptos::prelude::*;

/// The actions on all selected workloads, and their progress.
#[component]
pub fn BulkBar(
    /// The offered actions.
    actions: &'static [Action],
    /// The selected workloads.
    selection: Selection,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let requests = use_action_requests();
    let button = move |action: Action| {
        let run = move |_| {
            let ids = selection.get_untracked().into_iter();
            let allowed = ids.filter(|id| {
                live.can_act(*id)
                    && live.row(*id).is_some_and(|row| {
                        row.workload
                            .with_untracked(|it| !it.is_protected() && action.allowed(it.state()))
                    })
            });
            requests.request(action, allowed.collect());
        };
        view! {
            <button class="button" class:danger=action.is_destructive() on:click=run data-action=action.as_str()
                disabled=move || !live.can_act_on(&*selection.read())>
                {move || text.get().containers().action(action)}
            </button>
        }
    };
    let progress = move || {
        let selection = selection.read();
        let states = selection
            .iter()
            .filter_map(|id| live.row(*id))
            .filter_map(|row| row.action.get());
        let (running, failed) = states.fold((0, 0), |(running, failed), state| match state {
            ActionState::Running(_) => (running + 1, failed),
            ActionState::Failed { .. } => (running, failed + 1),
        });
        let text = text.get().containers();
        match (running, failed) {
            (0, 0) => String::new(),
            (0, failed) => format!("{failed} {}", text.failed),
            (running, 0) => format!("… {running}"),
            (running, failed) => format!("… {running} · {failed} {}", text.failed),
        }
    };
    let actions = actions.iter().copied();
    view! {
        <Show when=move || selection.read().iter().any(|id| live.may_act(*id))>
            <div class="bulk" role="toolbar" data-testid="bulk">
                <b class="num">{move || selection.read().len()}</b> " "
                {say(text, |text| text.containers().selected)}
                <span class="faint num" role="status">{progress}</span>
                {actions.clone().map(button).collect_view()}
                <button class="button" on:click=move |_| selection.set(Default::default())>
                    {say(text, |text| text.containers().clear)}
                </button>
            </div>
        </Show>
    }
}
