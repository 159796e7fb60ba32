//! The forms about one user.

use super::{UserForm, path_of};
use crate::{
    client::Change,
    i18n::{say, use_settings_text},
    model::{Grant, MAX_USER_NAME, Role, ScopePattern},
    pages::settings::{
        forms::{Form, Line, NewPassword, Sending},
        grants::{Drafts, Editor},
    },
    protocol::{NewUser, Secret, User, UserChange},
};
use leptos::prelude::*;

/// The characters of a user name, as the browser checks them: see [`is_user_name`](crate::model::is_user_name).
const NAME_PATTERN: &str = "[A-Za-z0-9._@\\-]+";

/// The form `which`.
pub(super) fn content(
    which: UserForm,
    form: RwSignal<Option<UserForm>>,
    sending: Sending,
) -> AnyView {
    let on_cancel = Callback::new(move |()| form.set(None));
    match which {
        UserForm::Add => view! { <Add sending on_cancel /> }.into_any(),
        UserForm::Grants(user) => view! { <Grants user sending on_cancel /> }.into_any(),
        UserForm::Password(name) => view! { <Password name sending on_cancel /> }.into_any(),
        UserForm::Delete(name) => view! { <Delete name sending on_cancel /> }.into_any(),
    }
}

/// Creates a user.
#[component]
fn Add(
    /// Sends the changes.
    sending: Sending,
    /// Closes the dialog.
    on_cancel: Callback<()>,
) -> impl IntoView {
    let text = use_settings_text();
    let (name, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let drafts = Drafts::of(&[Grant::new(Role::Viewer, ScopePattern::Everything)]);
    let on_submit = Callback::new(move |()| match drafts.grants() {
        Ok(grants) => {
            let user = NewUser {
                username: name.get_untracked().trim().to_owned(),
                password: Secret(password.get_untracked()),
                grants,
            };
            sending.send(Change::post("/api/users", &user));
        }
        Err(scope) => sending.refuse((text.get_untracked().bad_scope)(&scope)),
    });
    let title = Signal::derive(move || text.get().add_user.to_owned());
    view! {
        <Form title label=Signal::derive(say(text, |text| text.add_user)) sending on_submit on_cancel>
            <Line value=name label=Signal::derive(say(text, |text| text.user_name)) max=MAX_USER_NAME pattern=NAME_PATTERN name="user-name" />
            <p class="hint">{say(text, |text| text.name_rule)}</p>
            <NewPassword value=password label=Signal::derive(say(text, |text| text.password)) />
            <Editor drafts />
        </Form>
    }
}

/// Changes the grants of a user.
#[component]
fn Grants(
    /// The user.
    user: User,
    /// Sends the changes.
    sending: Sending,
    /// Closes the dialog.
    on_cancel: Callback<()>,
) -> impl IntoView {
    let text = use_settings_text();
    let drafts = Drafts::of(&user.grants);
    let (path, name) = (path_of(&user.username), user.username);
    let on_submit = Callback::new(move |()| match drafts.grants() {
        Ok(grants) => {
            let change = UserChange {
                grants: Some(grants),
                ..UserChange::default()
            };
            sending.send(Change::patch(path.clone(), &change));
        }
        Err(scope) => sending.refuse((text.get_untracked().bad_scope)(&scope)),
    });
    let title = Signal::derive(move || (text.get().grants_of)(&name));
    view! {
        <Form title label=Signal::derive(say(text, |text| text.save)) sending on_submit on_cancel>
            <Editor drafts />
        </Form>
    }
}

/// Sets the password of a user.
#[component]
fn Password(
    /// The name of the user.
    name: String,
    /// Sends the changes.
    sending: Sending,
    /// Closes the dialog.
    on_cancel: Callback<()>,
) -> impl IntoView {
    let text = use_settings_text();
    let password = RwSignal::new(String::new());
    let path = path_of(&name);
    let on_submit = Callback::new(move |()| {
        let change = UserChange {
            password: Some(Secret(password.get_untracked())),
            ..UserChange::default()
        };
        sending.send(Change::patch(path.clone(), &change));
    });
    let title = Signal::derive(move || (text.get().password_of)(&name));
    view! {
        <Form title label=Signal::derive(say(text, |text| text.save)) sending on_submit on_cancel>
            <NewPassword value=password label=Signal::derive(say(text, |text| text.new_password)) />
            <p class="hint">{say(text, |text| text.password_hint)}</p>
        </Form>
    }
}

/// Deletes a user.
#[component]
fn Delete(
    /// The name of the user.
    name: String,
    /// Sends the changes.
    sending: Sending,
    /// Closes the dialog.
    on_cancel: Callback<()>,
) -> impl IntoView {
    let text = use_settings_text();
    let path = path_of(&name);
    let on_submit = Callback::new(move |()| sending.send(Change::delete(path.clone())));
    let title = Signal::derive(move || (text.get().delete_user)(&name));
    let label = Signal::derive(move || text.get().delete.trim_end_matches('…'));
    view! {
        <Form title label is_danger=true sending on_submit on_cancel>
            <p>{say(text, |text| text.delete_user_hint)}</p>
        </Form>
    }
}
