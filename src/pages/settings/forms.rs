//! Forms in dialogs: what they send, and what the server says about it.

use crate::{
    client::{Change, driver},
    i18n::{say, use_settings_text},
    model::PASSWORD_LENGTHS,
    protocol::{ApiError, ErrorCode, codec::Wire},
};
use leptos::{ev, html::Dialog, prelude::*};

/// Sends changes, one at a time. A handle.
#[derive(Clone, Copy)]
pub(super) struct Sending {
    wanted: RwSignal<Option<Change>>,
    is_busy: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
}

impl Sending {
    /// Calls `on_done` after each change that the server has accepted.
    pub(super) fn new(on_done: impl Fn() + Copy + 'static) -> Self {
        Self::with(move |sending, change| {
            driver::change(change, move |answer| {
                sending.answer(answer.map(|()| on_done()));
            });
        })
    }

    /// Calls `on_done` with the response to each change that the server has accepted.
    pub(super) fn for_answer<T: Wire + 'static>(on_done: impl Fn(T) + Copy + 'static) -> Self {
        Self::with(move |sending, change| {
            driver::change_for(change, move |answer| sending.answer(answer.map(on_done)));
        })
    }

    fn with(send: impl Fn(Self, Change) + 'static) -> Self {
        let sending = Self {
            wanted: RwSignal::new(None),
            is_busy: RwSignal::new(false),
            error: RwSignal::new(None),
        };
        // In an effect, so that leaving the page cancels what waits for the response.
        Effect::new(move || {
            sending.wanted.track();
            let wanted = sending.wanted.try_update_untracked(Option::take);
            if let Some(change) = wanted.flatten() {
                send(sending, change);
            }
        });
        sending
    }

    /// Sends `change`, unless another one is on its way.
    pub(super) fn send(self, change: Change) {
        if !self.is_busy.get_untracked() {
            self.is_busy.set(true);
            self.error.set(None);
            self.wanted.set(Some(change));
        }
    }

    /// Shows `message` like an error of the server.
    pub(super) fn refuse(self, message: String) {
        self.error
            .set(Some(ApiError::new(ErrorCode::Invalid, message)));
    }

    /// Forgets the last error.
    pub(super) fn forget(self) {
        self.error.set(None);
    }

    fn answer(self, answer: Result<(), ApiError>) {
        self.is_busy.try_set(false);
        self.error.try_set(answer.err());
    }

    /// What the server, or the form itself, says about the last change.
    pub(super) fn error(self) -> Signal<Option<ApiError>> {
        self.error.into()
    }

    /// Whether a change is on its way.
    pub(super) fn is_busy(self) -> Signal<bool> {
        self.is_busy.into()
    }
}

/// A dialog with the content that `form` has; closed while there is none.
#[component]
pub(super) fn Modal<T: Clone + Send + Sync + 'static>(
    /// What the dialog is about.
    form: RwSignal<Option<T>>,
    /// The content.
    content: Callback<T, AnyView>,
) -> impl IntoView {
    let node = NodeRef::<Dialog>::new();
    Effect::new(move || {
        let is_wanted = form.read().is_some();
        let Some(dialog) = node.get() else { return };
        if is_wanted && !dialog.open() {
            let _ = dialog.show_modal();
        } else if !is_wanted {
            dialog.close();
        }
    });
    view! {
        <dialog class="dialog" node_ref=node aria-labelledby="form-title" on:close=move |_| form.set(None)>
            {move || form.get().map(|form| content.run(form))}
        </dialog>
    }
}

/// A form in a [`Modal`]: title, fields, what the server says, and the buttons.
#[component]
pub(super) fn Form(
    /// The title.
    #[prop(into)]
    title: Signal<String>,
    /// The label of the button that sends.
    #[prop(into)]
    label: Signal<&'static str>,
    /// Whether something is lost by it.
    #[prop(optional)]
    is_danger: bool,
    /// Sends the changes.
    sending: Sending,
    /// Reads the fields and sends.
    on_submit: Callback<()>,
    /// Closes the dialog.
    on_cancel: Callback<()>,
    /// The fields.
    children: Children,
) -> impl IntoView {
    let text = use_settings_text();
    sending.forget();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        on_submit.run(());
    };
    view! {
        <form on:submit=submit>
            <h2 id="form-title">{title}</h2>
            <div class="fields">{children()}</div>
            <Said error=sending.error() />
            <div class="row end">
                <button type="button" class="button" on:click=move |_| on_cancel.run(())>{say(text, |text| text.cancel)}</button>
                <button type="submit" class="button" class:main=!is_danger class:danger=is_danger
                    disabled=move || sending.is_busy().get() data-testid="submit">
                    {label}
                </button>
            </div>
        </form>
    }
}

/// An error beside the form that it is about.
#[component]
pub(super) fn Said(
    /// The error.
    error: Signal<Option<ApiError>>,
) -> impl IntoView {
    let message = move || error.read().as_ref().map(|error| error.message.clone());
    view! { <p class="said bad-text" role="alert" data-testid="form-error">{message}</p> }
}

/// The field for a new password.
#[component]
pub(super) fn NewPassword(
    /// The password.
    value: RwSignal<String>,
    /// The label.
    #[prop(into)]
    label: Signal<&'static str>,
) -> impl IntoView {
    let text = use_settings_text();
    let (least, most) = (PASSWORD_LENGTHS.start(), PASSWORD_LENGTHS.end());
    view! {
        <label class="field">
            {label}
            <input type="password" autocomplete="new-password" required=true minlength=least.to_string() maxlength=most.to_string()
                prop:value=value on:input=move |event| value.set(event_target_value(&event)) data-testid="new-password" />
        </label>
        <p class="hint">{say(text, |text| text.password_rule)}</p>
    }
}

/// A field for a short text.
#[component]
pub(super) fn Line(
    /// The text.
    value: RwSignal<String>,
    /// The label.
    #[prop(into)]
    label: Signal<&'static str>,
    /// Most characters.
    max: usize,
    /// The characters that are allowed, as the browser checks them.
    #[prop(optional)]
    pattern: Option<&'static str>,
    /// The name for tests.
    name: &'static str,
) -> impl IntoView {
    view! {
        <label class="field">
            {label}
            <input type="text" required=true maxlength=max.to_string() pattern=pattern autocomplete="off" autocapitalize="none"
                spellcheck="false" prop:value=value on:input=move |event| value.set(event_target_value(&event)) data-testid=name />
        </label>
    }
}
