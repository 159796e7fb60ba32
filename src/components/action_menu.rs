//! The actions on one workload.

use super::{Glyph, Icon, Menu, as_of::why_off, use_action_requests};
use crate::{
    client::{ActionState, RowSignals, driver, use_live},
    i18n::{say, use_text},
    model::{Action, WorkloadId},
};
use leptos::{ev, prelude::*};

/// The actions that are possible now: the usual ones as buttons, the others in a menu. Replaced by a spinner
/// while an action is in progress.
#[component]
pub fn ActionButtons(
    /// The container.
    id: WorkloadId,
    /// Its signals.
    row: RowSignals,
) -> impl IntoView {
    let state = Memo::new({
        let workload = row.workload.clone();
        move |_| workload.with(|workload| (workload.state(), workload.is_protected()))
    });
    let action = row.action.clone();
    let live = use_live();
    let text = use_text();
    let as_of = row.as_of.clone();
    let off = Signal::derive(move || why_off(as_of.get(), text.get().frame));
    let may_act = Memo::new(move |_| live.may_act(id));
    let allowed = move |action: Action| {
        let (state, protected) = state.get();
        may_act.get() && !protected && action.allowed(state)
    };
    let usual = move || {
        let usual = [
            Action::Start,
            Action::Unpause,
            Action::Restart,
            Action::Stop,
        ];
        usual
            .into_iter()
            .filter(|action| allowed(*action))
            .map(|action| view! { <ActionButton id action off /> })
            .collect_view()
    };
    let name = move || row.name();
    view! {
        // The style sheet hides the menu of a container on which the principal may not act.
        <div class="actions" class:refused=move || !may_act.get()>
            {move || match action.get() {
                Some(ActionState::Running(action)) => view! { <Busy action /> }.into_any(),
                _ => view! { {usual} }.into_any(),
            }}
            <MoreMenu id allowed=Callback::new(allowed) name=Signal::derive(name) off />
        </div>
    }
}

#[component]
fn ActionButton(
    /// The container.
    id: WorkloadId,
    /// The action.
    action: Action,
    /// Why the action is not possible now; `None` when it is.
    off: Signal<Option<&'static str>>,
) -> impl IntoView {
    let requests = use_action_requests();
    let text = use_text();
    let glyph = match action {
        Action::Start | Action::Unpause => Glyph::Play,
        Action::Restart => Glyph::Restart,
        Action::Pause => Glyph::Pause,
        Action::Remove => Glyph::Trash,
        _ => Glyph::Stop,
    };
    let label = move || text.get().containers().action(action);
    view! {
        <button class="button icon" aria-label=label title=move || off.get().unwrap_or(label())
            disabled=move || off.get().is_some() aria-description=off data-action=action.as_str()
            on:click=move |_| requests.request(action, vec![id])>
            <Icon glyph />
        </button>
    }
}

#[component]
fn Busy(
    /// The action in progress.
    action: Action,
) -> impl IntoView {
    let text = use_text();
    view! {
        <span class="busy" role="status">
            <span class="spinner" aria-hidden="true"></span>
            {move || text.get().containers().doing(action)}
        </span>
    }
}

/// The last failed action on a container and its error, until it is dismissed.
#[component]
pub fn ActionFailure(
    /// The container.
    id: WorkloadId,
    /// Its signals.
    row: RowSignals,
) -> impl IntoView {
    move || match row.action.get() {
        Some(ActionState::Failed { action, error }) => {
            Some(view! { <Failure id action message=error.message /> })
        }
        _ => None,
    }
}

#[component]
fn Failure(
    /// The container.
    id: WorkloadId,
    /// The failed action.
    action: Action,
    /// The error.
    message: String,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let what = Signal::derive(move || {
        let text = text.get().containers();
        format!("{} {}: {message}", text.action(action), text.failed)
    });
    view! {
        <div class="failure" role="alert" data-testid="action-error">
            <span title=what>{what}</span>
            <button class="button icon" aria-label=say(text, |text| text.containers().dismiss) on:click=move |_| live.dismiss(id)>
                <Icon glyph=Glyph::Close />
            </button>
        </div>
    }
}

#[component]
fn MoreMenu(
    /// The container.
    id: WorkloadId,
    /// Whether an action is possible in the current state.
    allowed: Callback<Action, bool>,
    /// The name, which distinguishes the menus.
    #[prop(into)]
    name: Signal<String>,
    /// Why no action is possible now; `None` when some are.
    off: Signal<Option<&'static str>>,
) -> impl IntoView {
    let requests = use_action_requests();
    let text = use_text();
    let is_open = RwSignal::new(false);
    // The actions of an open menu stay until it closes, so that nothing moves under the pointer. Those that
    // are no longer possible become disabled.
    let offered = Memo::new(move |before: Option<&Vec<Action>>| {
        let kept = before.filter(|before| !before.is_empty());
        match (is_open.get(), kept) {
            (false, _) => Vec::new(),
            (true, Some(kept)) => kept.clone(),
            (true, None) => {
                let all = Action::ALL.into_iter();
                all.filter(|action| allowed.run(*action)).collect()
            }
        }
    });
    let item = move |action: Action| {
        let choose = move |event: ev::MouseEvent| {
            // First, so that a dialog that opens returns the focus to the menu's button.
            driver::close_menu(&event);
            requests.request(action, vec![id]);
        };
        view! {
            <li>
                <button type="button" class:danger=action.is_destructive() data-action=action.as_str()
                    title=off disabled=move || off.get().is_some() || !allowed.run(action) on:click=choose>
                    {move || text.get().containers().action(action)}
                </button>
            </li>
        }
    };
    let items = move || offered.get().into_iter().map(item).collect_view();
    let label = move || format!("{}: {}", text.get().containers().more, name.get());
    view! {
        <Menu id=format!("actions-{}-{}", id.scope, id.key) button="button icon" label=Signal::derive(label) face=|| view! { <Icon glyph=Glyph::More /> } is_open>
            <ul>{items}</ul>
        </Menu>
    }
}
