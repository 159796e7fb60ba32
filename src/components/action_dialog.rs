//! User requests for actions: carried out at once, or after confirmation when work or data can be lost.

use crate::{
    client::{Live, use_live},
    i18n::{say, use_text},
    model::{Action, ActionOptions, WorkloadId, is_container_name},
};
use leptos::{html::Dialog, prelude::*};

/// A user's request for an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRequest {
    /// The action.
    pub action: Action,
    /// The containers.
    pub ids: Vec<WorkloadId>,
}

/// Accepts the action requests of components. A handle.
#[derive(Clone, Copy, Debug)]
pub struct ActionRequests {
    live: Live,
    asked: RwSignal<Option<ActionRequest>>,
}

impl ActionRequests {
    /// Carries out the action at once, or opens the dialog when it needs confirmation or input.
    pub fn request(self, action: Action, ids: Vec<WorkloadId>) {
        let asks = action.is_destructive() || action == Action::Rename;
        if asks && !ids.is_empty() {
            self.asked.set(Some(ActionRequest { action, ids }));
        } else {
            self.perform(action, &ids, &ActionOptions::default());
        }
    }

    /// Whether the dialog is open.
    pub fn is_asking(self) -> bool {
        self.asked.read().is_some()
    }

    fn perform(self, action: Action, ids: &[WorkloadId], options: &ActionOptions) {
        for id in ids {
            self.live.act(*id, action, options.clone());
        }
    }
}

/// Provides the handle for [`use_action_requests`] below the calling component.
pub fn provide_action_requests(live: Live) {
    provide_context(ActionRequests {
        live,
        asked: RwSignal::new(None),
    });
}

/// The handle with which components request actions.
pub fn use_action_requests() -> ActionRequests {
    expect_context::<ActionRequests>()
}

/// The dialog that confirms an action, with the names of the containers.
#[component]
pub fn ActionDialog() -> impl IntoView {
    let requests = use_action_requests();
    let text = use_text();
    let node = NodeRef::<Dialog>::new();
    let options = RwSignal::new(ActionOptions::default());
    Effect::new(move || {
        let is_asked = requests.asked.read().is_some();
        let Some(dialog) = node.get() else { return };
        if is_asked && !dialog.open() {
            options.set(ActionOptions::default());
            let _ = dialog.show_modal();
        } else if !is_asked {
            dialog.close();
        }
    });
    let action = move || requests.asked.read().as_ref().map(|request| request.action);
    let title = move || action().map(|action| text.get().containers().action(action));
    let is_valid = move || action().is_none_or(|action| options.read().validate(action).is_ok());
    let can_act = move || {
        let asked = requests.asked.read();
        let mut ids = asked.iter().map(|request| &request.ids);
        ids.any(|ids| requests.live.can_act_on(ids))
    };
    let confirm = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(request) = requests.asked.get_untracked().filter(|_| is_valid()) {
            requests.perform(request.action, &request.ids, &options.get_untracked());
            requests.asked.set(None);
        }
    };
    view! {
        <dialog class="dialog" node_ref=node aria-labelledby="action-title" on:close=move |_| requests.asked.set(None)>
            <form on:submit=confirm>
                <h2 id="action-title">{title}</h2>
                <AffectedContainers requests />
                <Options action=Signal::derive(action) options />
                <div class="row end">
                    <button type="button" class="button" on:click=move |_| requests.asked.set(None)>
                        {say(text, |text| text.containers().cancel)}
                    </button>
                    <button class="button danger" disabled=move || !is_valid() || !can_act() data-testid="confirm">
                        {title}
                    </button>
                </div>
            </form>
        </dialog>
    }
}

#[component]
fn AffectedContainers(
    /// The handle with the open request.
    requests: ActionRequests,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let names = move || {
        let asked = requests.asked.read();
        let ids = asked.iter().flat_map(|request| &request.ids);
        let rows = ids.filter_map(|id| live.row(*id));
        rows.map(
            |row| view! { <li class="mono">{row.workload.with_untracked(|workload| workload.name().to_owned())}</li> },
        )
        .collect_view()
    };
    view! {
        <p>{say(text, |text| text.containers().confirm)}</p>
        <ul class="affected">{names}</ul>
    }
}

#[component]
fn Options(
    /// The action.
    #[prop(into)]
    action: Signal<Option<Action>>,
    /// The options of the action.
    options: RwSignal<ActionOptions>,
) -> impl IntoView {
    let text = use_text();
    let is = move |wanted| move || action.get() == Some(wanted);
    let waits = move || matches!(action.get(), Some(Action::Stop | Action::Restart));
    let is_bad_name = move || {
        options.with(|options| {
            options
                .name
                .as_deref()
                .is_some_and(|name| !is_container_name(name))
        })
    };
    view! {
        <Show when=is(Action::Remove)>
            <label class="check">
                <input type="checkbox" on:change=move |event| options.update(|options| options.force = Some(event_target_checked(&event))) />
                {say(text, |text| text.containers().force)}
            </label>
            <label class="check">
                <input type="checkbox" on:change=move |event| options.update(|options| options.volumes = Some(event_target_checked(&event))) />
                {say(text, |text| text.containers().volumes)}
            </label>
        </Show>
        <Show when=waits>
            <label class="field">
                {say(text, |text| text.containers().grace)}
                <input type="number" min="0" max=ActionOptions::MAX_GRACE_SECONDS.to_string() step="1" placeholder="10" data-testid="grace"
                    on:input=move |event| options.update(|options| options.grace_seconds = event_target_value(&event).parse().ok()) />
            </label>
        </Show>
        <Show when=is(Action::Kill)>
            <label class="field">
                {say(text, |text| text.containers().signal)}
                <select on:change=move |event| options.update(|options| options.signal = Some(event_target_value(&event)))>
                    {["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"]
                        .map(|signal| view! { <option value=signal>{signal}</option> })
                        .collect_view()}
                </select>
            </label>
        </Show>
        <Show when=is(Action::Rename)>
            <label class="field">
                {say(text, |text| text.containers().new_name)}
                <input type="text" autocomplete="off" spellcheck="false" data-testid="new-name"
                    on:input=move |event| options.update(|options| options.name = Some(event_target_value(&event))) />
            </label>
            <p class="hint" role="status">{move || is_bad_name().then(|| text.get().containers().bad_name)}</p>
        </Show>
    }
}
