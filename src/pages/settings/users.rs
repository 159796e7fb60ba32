//! The users, and the forms that change them.

mod dialogs;

use super::{
    data::{Failure, use_asked},
    forms::{Modal, Said, Sending},
    grants::Tags,
    times::Ago,
};
use crate::{
    client::{Change, SettingsData, driver, use_live},
    components::{Glyph, Icon, Menu},
    i18n::{say, use_settings_text},
    model::{AuthMode, Me, percent_encoded},
    protocol::{User, UserChange},
};
use dialogs::content;
use leptos::{ev, prelude::*};

/// What the dialog of the page is about.
#[derive(Clone, Debug)]
enum UserForm {
    /// A new user.
    Add,
    /// The grants of a user.
    Grants(User),
    /// The password of a user.
    Password(String),
    /// The removal of a user.
    Delete(String),
}

/// The path of a user, below the base path.
fn path_of(name: &str) -> String {
    format!("/api/users/{}", percent_encoded(name))
}

/// The users.
#[component]
pub(super) fn Users() -> impl IntoView {
    let live = use_live();
    let text = use_settings_text();
    let (asked, again) = use_asked(live, "/api/users", |data| match data {
        SettingsData::Users(users) => Some(users),
        _ => None,
    });
    let form = RwSignal::new(None::<UserForm>);
    let sending = Sending::new(move || {
        form.try_set(None);
        again.notify();
    });
    // Beside the table rather than in a dialog: it has no form.
    let switching = Sending::new(move || again.notify());
    let rows = move || {
        let users = asked.value.get()?;
        let row = |user| view! { <Row user form switching /> };
        Some(users.users.into_iter().map(row).collect_view())
    };
    let is_waiting = move || asked.value.read().is_none() && asked.error.read().is_none();
    view! {
        <section class="card" aria-labelledby="users-title" data-testid="users">
            <div class="card-head">
                <h2 id="users-title">{say(text, |text| text.sections[1])}</h2>
                <span class="faint optional">{say(text, |text| text.users_hint)}</span>
                <span class="space"></span>
                <button type="button" class="button small" on:click=move |_| form.set(Some(UserForm::Add)) data-testid="add-user">
                    {say(text, |text| text.add_user)}
                </button>
            </div>
            <Failure error=asked.error />
            <Said error=switching.error() />
            <table class="plain accounts users">
                <colgroup><col class="col-name" /><col class="col-how" /><col /><col class="col-seen" /><col class="col-more" /></colgroup>
                <thead>
                    <tr>
                        <th scope="col">{say(text, |text| text.name)}</th>
                        <th scope="col">{say(text, |text| text.signs_in_by)}</th>
                        <th scope="col">{say(text, |text| text.grants)}</th>
                        <th scope="col">{say(text, |text| text.seen)}</th>
                        <th scope="col"><span class="hidden">{say(text, |text| text.actions)}</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <Show when=is_waiting><p class="none">{say(text, |text| text.loading)}</p></Show>
        </section>
        <Modal form content=Callback::new(move |which| content(which, form, sending)) />
    }
}

/// One user.
#[component]
fn Row(
    /// The user.
    user: User,
    /// Opens the dialog.
    form: RwSignal<Option<UserForm>>,
    /// Disables and enables.
    switching: Sending,
) -> impl IntoView {
    let live = use_live();
    let text = use_settings_text();
    let is_me = {
        let name = user.username.clone();
        let is_same = move |me: &Me| me.username.eq_ignore_ascii_case(&name);
        live.me().is_some_and(|me| is_same(&me))
    };
    let is_disabled = user.disabled;
    let note = move || {
        let text = text.get();
        match (is_me, is_disabled) {
            (_, true) => text.disabled,
            (true, false) => text.you,
            (false, false) => "",
        }
    };
    let (source, sessions, seen) = (user.source, user.sessions, user.seen);
    let sessions =
        move || (sessions > 0).then(|| format!(" · {}", (text.get().sessions)(sessions)));
    let name = user.username.clone();
    let (id, title) = (name.clone(), name.clone());
    view! {
        <tr class:off=is_disabled data-user=id>
            <td><b title=title>{name}</b> <span class="sub">{note}</span></td>
            <td class="how muted">{move || text.get().mode(source)}</td>
            <td class="what"><Tags grants=user.grants.clone() /></td>
            <td class="seen" data-label=say(text, |text| text.seen)><Ago at=seen /> {sessions}</td>
            <td class="more"><More user form switching /></td>
        </tr>
    }
}

/// The menu of one user.
#[component]
fn More(
    /// The user.
    user: User,
    /// Opens the dialog.
    form: RwSignal<Option<UserForm>>,
    /// Disables and enables.
    switching: Sending,
) -> impl IntoView {
    let text = use_settings_text();
    let name = user.username.clone();
    let label = {
        let name = name.clone();
        move || (text.get().more_for)(&name)
    };
    let (is_disabled, has_password) = (user.disabled, user.source == AuthMode::Password);
    let open = move |event: &ev::MouseEvent, which: UserForm| {
        // First, so that the dialog returns the focus to the menu's button.
        driver::close_menu(event);
        form.set(Some(which));
    };
    let (path, password_of, deleted) = (path_of(&name), name.clone(), name.clone());
    let switch = move |event: ev::MouseEvent| {
        driver::close_menu(&event);
        let change = UserChange {
            disabled: Some(!is_disabled),
            ..UserChange::default()
        };
        switching.send(Change::patch(path.clone(), &change));
    };
    let switch_label = move || {
        let text = text.get();
        if is_disabled {
            text.enable
        } else {
            text.disable
        }
    };
    let set = move |event: ev::MouseEvent| open(&event, UserForm::Password(password_of.clone()));
    let edit = move |event: ev::MouseEvent| open(&event, UserForm::Grants(user.clone()));
    let delete = move |event: ev::MouseEvent| open(&event, UserForm::Delete(deleted.clone()));
    view! {
        <Menu id=format!("user-{name}") button="button icon" label=Signal::derive(label) face=|| view! { <Icon glyph=Glyph::More /> }>
            <ul>
                <li><button type="button" on:click=edit data-action="grants">{say(text, |text| text.edit_grants)}</button></li>
                {has_password.then(|| view! { <li><button type="button" on:click=set data-action="password">{say(text, |text| text.set_password)}</button></li> })}
                <li><button type="button" on:click=switch data-action="switch">{switch_label}</button></li>
                <li><button type="button" class="danger" on:click=delete data-action="delete">{say(text, |text| text.delete)}</button></li>
            </ul>
        </Menu>
    }
}
