//! The principal itself: who it is, what it may do, its password and its sessions; and the preferences.

use super::{
    forms::{NewPassword, Said, Sending},
    grants::Tags,
    times::Until,
};
use crate::{
    client::{Change, use_live},
    i18n::{say, use_settings_text},
    model::{AuthMode, Grant, Language, Me, Preferences, PrincipalKind, Theme},
    protocol::{PasswordChange, Secret},
};
use leptos::{ev, prelude::*};
use std::time::Duration;

/// The principal itself.
#[component]
pub(super) fn Profile() -> impl IntoView {
    let me = use_live().me();
    let is_known = me
        .as_ref()
        .is_some_and(|me| me.kind != PrincipalKind::Anyone);
    let user = me.clone().filter(|me| me.kind == PrincipalKind::User);
    let is_user = user.is_some();
    let password = user.filter(|me| me.modes.contains(&AuthMode::Password));
    view! {
        {me.map(|me| view! { <Identity me /> })}
        {is_known.then(|| view! { <Sessions is_user /> })}
        {password.map(|me| view! { <Password name=me.username /> })}
        <Looks />
    }
}

/// Who the principal is, and its grants in words.
#[component]
fn Identity(
    /// The principal.
    me: Me,
) -> impl IntoView {
    let text = use_settings_text();
    let is_anyone = me.kind == PrincipalKind::Anyone;
    let (kind, modes) = (me.kind, me.modes);
    let modes = move || {
        let text = text.get();
        let modes = modes.iter().map(|mode| text.mode(*mode));
        modes.collect::<Vec<_>>().join(", ")
    };
    let name = match me.username {
        name if name.is_empty() => None,
        name => Some(view! { <b data-testid="me">{name}</b> " " }),
    };
    let is_empty = me.grants.is_empty() && !is_anyone;
    let grants = me
        .grants
        .into_iter()
        .map(|grant| view! { <GrantInWords grant /> });
    view! {
        <section class="card" aria-labelledby="me-title" data-testid="identity">
            <div class="card-head"><h2 id="me-title">{say(text, |text| text.who_am_i)}</h2></div>
            {is_anyone.then(|| view! { <p class="none">{say(text, |text| text.anyone)}</p> })}
            <dl class="facts">
                <dt>{say(text, |text| text.name)}</dt>
                <dd>{name} <span class="muted">{move || text.get().kind(kind)}</span></dd>
                <dt>{say(text, |text| text.signs_in_by)}</dt>
                <dd>{modes}</dd>
                {me.expires_at.map(|at| view! {
                    <dt>{say(text, |text| text.session_ends)}</dt>
                    // Nothing has to be done before it.
                    <dd><Until at=Some(at) soon=Duration::ZERO /></dd>
                })}
                <dt>{say(text, |text| text.what_i_may)}</dt>
                <dd>
                    <ul class="values">{grants.collect_view()}</ul>
                    {is_empty.then(|| say(text, |text| text.no_grants))}
                </dd>
            </dl>
        </section>
    }
}

/// A grant as a tag, and in words.
#[component]
fn GrantInWords(
    /// The grant.
    grant: Grant,
) -> impl IntoView {
    let text = use_settings_text();
    let shown = vec![grant.clone()];
    let words = move || {
        let text = text.get();
        format!("{} {}", text.role(grant.role), (text.scope)(&grant.scope))
    };
    view! { <li class="row"><Tags grants=shown /><span class="muted">{words}</span></li> }
}

/// The forms that end sessions; they work without scripts.
#[component]
fn Sessions(
    /// Whether it is a user, who may have other sessions.
    is_user: bool,
) -> impl IntoView {
    let live = use_live();
    let text = use_settings_text();
    let action = live.href("/api/sign-out");
    let everywhere = is_user.then({
        let action = action.clone();
        move || {
            view! {
                <form method="post" action=action>
                    <input type="hidden" name="everywhere" value="true" />
                    <button type="submit" class="button danger" data-testid="sign-out-everywhere">
                        {say(text, |text| text.sign_out_everywhere)}
                    </button>
                </form>
                <span class="muted">{say(text, |text| text.everywhere_hint)}</span>
            }
        }
    });
    view! {
        <section class="card" aria-labelledby="session-title">
            <div class="card-head"><h2 id="session-title">{say(text, |text| text.session)}</h2></div>
            <div class="row session">
                <form method="post" action=action>
                    <button type="submit" class="button" data-testid="sign-out">{say(text, |text| text.sign_out)}</button>
                </form>
                {everywhere}
            </div>
        </section>
    }
}

/// The form that changes the principal's password.
#[component]
fn Password(
    /// The name of the user.
    name: String,
) -> impl IntoView {
    let text = use_settings_text();
    let (current, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let is_changed = RwSignal::new(false);
    let sending = Sending::new(move || {
        is_changed.try_set(true);
        current.try_set(String::new());
        new.try_set(String::new());
    });
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        is_changed.set(false);
        let change = PasswordChange {
            current: Secret(current.get_untracked()),
            new: Secret(new.get_untracked()),
        };
        sending.send(Change::post("/api/me/password", &change));
    };
    view! {
        <section class="card with-scripts" aria-labelledby="password-title" data-testid="password">
            <div class="card-head"><h2 id="password-title">{say(text, |text| text.password)}</h2></div>
            <form class="fields" on:submit=submit>
                // For password managers, which store the new password under this name.
                <input type="text" autocomplete="username" value=name readonly=true hidden=true />
                <label class="field">
                    {say(text, |text| text.current_password)}
                    <input type="password" autocomplete="current-password" required=true prop:value=current
                        on:input=move |event| current.set(event_target_value(&event)) data-testid="current-password" />
                </label>
                <NewPassword value=new label=Signal::derive(say(text, |text| text.new_password)) />
                <Said error=sending.error() />
                <div class="row">
                    <button type="submit" class="button main" disabled=move || sending.is_busy().get() data-testid="change-password">
                        {say(text, |text| text.change_password)}
                    </button>
                    <span class="muted" role="status">{move || is_changed.get().then(|| text.get().password_changed)}</span>
                </div>
            </form>
        </section>
    }
}

/// Language and theme.
#[component]
fn Looks() -> impl IntoView {
    let text = use_settings_text();
    let preferences = expect_context::<RwSignal<Preferences>>();
    let language = move |(i, language): (usize, Language)| {
        let pressed = move || (preferences.read().language == language).to_string();
        let choose = move |_| preferences.update(|preferences| preferences.language = language);
        let name = move || text.get().languages.get(i).copied();
        view! { <button type="button" aria-pressed=pressed lang=language.as_str() on:click=choose>{name}</button> }
    };
    let theme = move |(i, theme): (usize, Theme)| {
        let pressed = move || (preferences.read().theme == theme).to_string();
        let choose = move |_| preferences.update(|preferences| preferences.theme = theme);
        let name = move || text.get().themes.get(i).copied();
        view! { <button type="button" aria-pressed=pressed on:click=choose>{name}</button> }
    };
    let languages = Language::ALL.iter().copied().enumerate().map(language);
    let themes = Theme::ALL.iter().copied().enumerate().map(theme);
    view! {
        <section class="card with-scripts" aria-labelledby="looks-title">
            <div class="card-head"><h2 id="looks-title">{say(text, |text| text.preferences)}</h2></div>
            <dl class="facts">
                <dt>{say(text, |text| text.language)}</dt>
                <dd><span class="segments">{languages.collect_view()}</span></dd>
                <dt>{say(text, |text| text.theme)}</dt>
                <dd><span class="segments">{themes.collect_view()}</span></dd>
            </dl>
        </section>
    }
}
