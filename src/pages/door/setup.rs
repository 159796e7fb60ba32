//! The page on which the first user is created. Its link has a token behind the `#`, which the script takes
//! from there; without scripts it is typed.

use super::{Door, Reason, Told};
use crate::model::{MAX_USER_NAME, PASSWORD_LENGTHS};
use leptos::prelude::*;

/// Characters of a user name, for the browser's own check: as in [`is_user_name`](crate::model::is_user_name).
const NAME_PATTERN: &str = "[A-Za-z0-9._@\\-]+";

/// The form for the first user.
#[component]
pub(super) fn Setup(
    /// The facts.
    door: Door,
) -> impl IntoView {
    if door.is_set_up {
        return done(&door).into_any();
    }
    let text = door.text();
    let (least, most) = (PASSWORD_LENGTHS.start(), PASSWORD_LENGTHS.end());
    view! {
        <form class="card" method="post" action=format!("{}/api/setup", door.base) data-door="setup">
            <h2>{text.set_up}</h2>
            <p class="muted">{text.set_up_intro}</p>
            {told(&door)}
            <div class="field">
                <label for="token">{text.token}</label>
                <input id="token" name="token" autocomplete="off" spellcheck="false" required=true aria-describedby="token-hint" data-keep="" />
                <span class="hint" id="token-hint">{text.token_hint}</span>
            </div>
            <div class="field">
                <label for="username">{text.user_name}</label>
                <input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required=true
                    maxlength=MAX_USER_NAME.to_string() pattern=NAME_PATTERN title=text.name_rule aria-describedby="name-hint" data-keep="" />
                <span class="hint" id="name-hint">{text.name_rule}</span>
            </div>
            <div class="field">
                <label for="password">{text.password}</label>
                <span class="pass">
                    <input id="password" name="password" type="password" autocomplete="new-password" required=true
                        minlength=least.to_string() maxlength=most.to_string() aria-describedby="password-hint" />
                    <button class="button quiet" type="button" hidden=true data-show=text.show data-hide=text.hide>{text.show}</button>
                </span>
                <span class="hint" id="password-hint">{text.password_rule}</span>
            </div>
            <button class="button main" type="submit">{text.create}</button>
        </form>
        <p class="tip">{text.new_link}</p>
    }
    .into_any()
}

fn told(door: &Door) -> Option<AnyView> {
    let text = door.text();
    let said = match door.reason? {
        Reason::Wrong => text.bad_link,
        Reason::Later => text.later,
        Reason::Gone => text.gone,
        Reason::Busy => text.busy,
        Reason::Password => text.password_rule,
        Reason::Name => text.name_rule,
        Reason::Ended | Reason::Failed => text.failed,
    };
    Some(view! { <Told text=said is_bad=true /> }.into_any())
}

/// The page of a server that is set up.
fn done(door: &Door) -> impl IntoView + use<> {
    let text = door.text();
    view! {
        <div class="card once">
            <p>{text.gone}</p>
            <a class="button main" href=format!("{}/login", door.base)>{text.sign_in}</a>
        </div>
    }
}
