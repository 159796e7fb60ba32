//! The forms about one token.

use super::TokenForm;
use crate::{
    client::{Change, use_live},
    i18n::{say, use_settings_text},
    model::{Grant, Role, ScopePattern, percent_encoded},
    pages::settings::{
        forms::{Form, Line, Sending},
        grants::{Drafts, Editor},
    },
    protocol::{NewToken, Token, TokenKind},
};
use leptos::prelude::*;
use std::time::Duration;

/// Longest name of a token in characters, so that it fits into the table.
const MAX_NAME: usize = 64;
/// The offered times until the end of a token, in days.
const DAYS: [u16; 4] = [7, 30, 90, 365];
/// The chosen one at first.
const FIRST_DAYS: u16 = 90;

/// The form `which`.
pub(super) fn content(
    which: TokenForm,
    form: RwSignal<Option<TokenForm>>,
    creating: Sending,
    revoking: Sending,
) -> AnyView {
    let on_cancel = Callback::new(move |()| form.set(None));
    match which {
        TokenForm::New(kind) => view! { <New kind sending=creating on_cancel /> }.into_any(),
        TokenForm::Revoke(token) => {
            view! { <Revoke token sending=revoking on_cancel /> }.into_any()
        }
    }
}

/// Creates a token or a kiosk link.
#[component]
fn New(
    /// The purpose.
    kind: TokenKind,
    /// Sends the changes.
    sending: Sending,
    /// Closes the dialog.
    on_cancel: Callback<()>,
) -> impl IntoView {
    let live = use_live();
    let text = use_settings_text();
    let is_kiosk = kind == TokenKind::Kiosk;
    let name = RwSignal::new(String::new());
    let days = RwSignal::new(Some(FIRST_DAYS));
    let drafts = Drafts::of(&[Grant::new(Role::Viewer, ScopePattern::Everything)]);
    let on_submit = Callback::new(move |()| match drafts.grants() {
        Ok(grants) => {
            let now = live.now().get_untracked();
            let left = |days: u16| Duration::from_hours(24 * u64::from(days));
            let token = NewToken {
                name: name.get_untracked().trim().to_owned(),
                grants,
                expires_at: days.get_untracked().map(|days| now.plus(left(days))),
                kind,
            };
            sending.send(Change::post("/api/tokens", &token));
        }
        Err(scope) => sending.refuse((text.get_untracked().bad_scope)(&scope)),
    });
    let what = move || {
        let text = text.get();
        if is_kiosk {
            text.kiosk_link
        } else {
            text.new_token
        }
    };
    let hint = is_kiosk.then(|| view! { <p class="hint">{say(text, |text| text.kiosk_hint)}</p> });
    view! {
        <Form title=Signal::derive(move || what().to_owned()) label=Signal::derive(say(text, |text| text.create)) sending on_submit on_cancel>
            {hint}
            <Line value=name label=Signal::derive(say(text, |text| text.name)) max=MAX_NAME name="token-name" />
            <Expiry days may_be_never=!is_kiosk />
            <Editor drafts only_viewers=is_kiosk />
        </Form>
    }
}

/// The time until the end of a token.
#[component]
fn Expiry(
    /// The days; `None` for never.
    days: RwSignal<Option<u16>>,
    /// Whether it may never end.
    may_be_never: bool,
) -> impl IntoView {
    let text = use_settings_text();
    let option = move |choice: u16| {
        view! { <option value=choice.to_string() selected=choice == FIRST_DAYS>{move || (text.get().expiry)(choice)}</option> }
    };
    let never = may_be_never
        .then(|| view! { <option value="">{say(text, |text| text.no_expiry)}</option> });
    view! {
        <label class="field">
            {say(text, |text| text.expires)}
            <select on:change=move |event| days.set(event_target_value(&event).parse().ok()) data-testid="expiry">
                {DAYS.map(option).collect_view()}
                {never}
            </select>
        </label>
    }
}

/// Revokes a token.
#[component]
fn Revoke(
    /// The token.
    token: Token,
    /// Sends the changes.
    sending: Sending,
    /// Closes the dialog.
    on_cancel: Callback<()>,
) -> impl IntoView {
    let text = use_settings_text();
    let Token { id, name, .. } = token;
    let path = format!("/api/tokens/{}", percent_encoded(&id));
    let on_submit = Callback::new(move |()| sending.send(Change::delete(path.clone())));
    let title = Signal::derive(move || (text.get().revoke_token)(&name));
    view! {
        <Form title label=Signal::derive(say(text, |text| text.revoke)) is_danger=true sending on_submit on_cancel>
            <p>{say(text, |text| text.revoke_hint)}</p>
        </Form>
    }
}
