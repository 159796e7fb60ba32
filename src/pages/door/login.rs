//! The sign-in page.

use super::{Door, Reason, Told};
use crate::{
    i18n::DoorText,
    model::{AuthMode, MAX_USER_NAME, Page, percent_encoded},
};
use leptos::prelude::*;

/// The forms of the ways of signing in that the server offers.
#[component]
pub(super) fn Login(
    /// The facts.
    door: Door,
) -> impl IntoView {
    let text = door.text();
    let has_password = door.offers(AuthMode::Password);
    let oidc = door.provider.as_deref().map(|host| provider(&door, host));
    let is_empty = !has_password && oidc.is_none();
    let next = door.next.clone().unwrap_or_else(|| "/".into());
    let or = has_password && oidc.is_some();
    view! {
        <form class="card" method="post" action=format!("{}/api/sign-in", door.base) data-door="login">
            {told(&door)}
            {is_empty.then(|| nothing(&door))}
            {has_password.then(|| fields(text))}
            <input type="hidden" name=Page::NEXT value=next />
            {has_password.then(|| view! { <button class="button main" type="submit">{text.sign_in}</button> })}
            {or.then(|| view! { <span class="or">{text.or}</span> })}
            {oidc}
        </form>
        {has_password.then(|| view! { <p class="tip">{text.locked_out} " " <code>"deckwatch user passwd NAME"</code></p> })}
    }
}

fn fields(text: &'static DoorText) -> impl IntoView {
    view! {
        <div class="field">
            <label for="username">{text.user_name}</label>
            <input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false"
                required=true maxlength=MAX_USER_NAME.to_string() data-keep="" />
        </div>
        <div class="field">
            <label for="password">{text.password}</label>
            <span class="pass">
                <input id="password" name="password" type="password" autocomplete="current-password" required=true />
                <button class="button quiet" type="button" hidden=true data-show=text.show data-hide=text.hide>{text.show}</button>
            </span>
        </div>
    }
}

/// Leads to the `OpenID` Connect provider.
fn provider(door: &Door, host: &str) -> impl IntoView + use<> {
    let text = door.text();
    let next = door.next.as_deref().map(percent_encoded);
    let query = next.map(|next| format!("?{}={next}", Page::NEXT));
    let href = format!("{}/auth/oidc/start{}", door.base, query.unwrap_or_default());
    view! { <a class="button" href=href data-testid="oidc">{(text.sign_in_with)(host)}</a> }
}

fn told(door: &Door) -> Option<AnyView> {
    let text = door.text();
    let said = match door.reason {
        Some(Reason::Ended) => text.ended,
        Some(Reason::Wrong) => text.wrong,
        Some(Reason::Later) => text.later,
        Some(_) => text.failed,
        None => "",
    };
    let back = door.next.clone().filter(|next| next != "/");
    let back = back.map(|next| view! { <span class="muted">{text.back_at} " " <span class="mono">{next}</span></span> });
    let is_bad = !matches!(door.reason, None | Some(Reason::Ended));
    (door.reason.is_some() || back.is_some())
        .then(|| view! { <Told text=said is_bad>{back}</Told> }.into_any())
}

/// Where the server itself asks for no sign-in.
fn nothing(door: &Door) -> impl IntoView + use<> {
    let text = door.text();
    let is_by_proxy = door.offers(AuthMode::Proxy);
    let said = if is_by_proxy {
        text.by_proxy
    } else {
        text.switched_off
    };
    let home = format!("{}/", door.base);
    view! {
        <p>{said}</p>
        {(!is_by_proxy).then(|| view! { <a class="button main" href=home>{text.go_home}</a> })}
    }
}
