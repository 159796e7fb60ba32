//! The tokens of programs, and kiosk links.

mod dialogs;

use super::{
    data::{Failure, use_asked},
    forms::{Modal, Sending},
    grants::Tags,
    times::{Ago, Until},
};
use crate::{
    client::{SettingsData, use_live},
    components::{CopyButton, Glyph, Icon},
    i18n::{say, use_settings_text},
    model::Page,
    protocol::{CreatedToken, Token, TokenKind},
};
use dialogs::content;
use leptos::{ev, prelude::*};

/// What the dialog of the page is about.
#[derive(Clone, Debug)]
enum TokenForm {
    /// A new token or kiosk link.
    New(TokenKind),
    /// The removal of a token.
    Revoke(Token),
}

/// The tokens.
#[component]
pub(super) fn Tokens() -> impl IntoView {
    let live = use_live();
    let text = use_settings_text();
    let (asked, again) = use_asked(live, "/api/tokens", |data| match data {
        SettingsData::Tokens(tokens) => Some(tokens),
        _ => None,
    });
    let form = RwSignal::new(None::<TokenForm>);
    let created = RwSignal::new(None::<CreatedToken>);
    let creating = Sending::for_answer(move |answer: CreatedToken| {
        created.try_set(Some(answer));
        form.try_set(None);
        again.notify();
    });
    let revoking = Sending::new(move || {
        form.try_set(None);
        again.notify();
    });
    let rows = move || {
        let tokens = asked.value.get()?;
        let row = |token| view! { <Row token form /> };
        Some(tokens.tokens.into_iter().map(row).collect_view())
    };
    let is_empty = move || matches!(&*asked.value.read(), Some(known) if known.tokens.is_empty());
    let is_waiting = move || asked.value.read().is_none() && asked.error.read().is_none();
    let new = move |kind| move |_: ev::MouseEvent| form.set(Some(TokenForm::New(kind)));
    view! {
        <section class="card" aria-labelledby="tokens-title" data-testid="tokens">
            <div class="card-head">
                <h2 id="tokens-title">{say(text, |text| text.sections[2])}</h2>
                <span class="faint optional">{say(text, |text| text.tokens_hint)}</span>
                <span class="space"></span>
                <button type="button" class="button small" on:click=new(TokenKind::Kiosk) data-testid="new-kiosk">
                    {say(text, |text| text.kiosk_link)}
                </button>
                <button type="button" class="button small" on:click=new(TokenKind::Api) data-testid="new-token">
                    {say(text, |text| text.new_token)}
                </button>
            </div>
            <Failure error=asked.error />
            {move || created.get().map(|token| view! { <Once token on_close=Callback::new(move |()| created.set(None)) /> })}
            <table class="plain accounts tokens">
                <colgroup><col class="col-name" /><col /><col class="col-ends" /><col class="col-seen" /><col class="col-revoke" /></colgroup>
                <thead>
                    <tr>
                        <th scope="col">{say(text, |text| text.name)}</th>
                        <th scope="col">{say(text, |text| text.grants)}</th>
                        <th scope="col">{say(text, |text| text.expires)}</th>
                        <th scope="col">{say(text, |text| text.last_used)}</th>
                        <th scope="col"><span class="hidden">{say(text, |text| text.actions)}</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <Show when=is_empty><p class="none">{say(text, |text| text.no_tokens)}</p></Show>
            <Show when=is_waiting><p class="none">{say(text, |text| text.loading)}</p></Show>
        </section>
        <Modal form content=Callback::new(move |which| content(which, form, creating, revoking)) />
    }
}

/// One token.
#[component]
fn Row(
    /// The token.
    token: Token,
    /// Opens the dialog.
    form: RwSignal<Option<TokenForm>>,
) -> impl IntoView {
    let text = use_settings_text();
    let by = token.created_by.clone();
    let note = move || (text.get().created_by)(&by);
    let is_kiosk = token.kind == TokenKind::Kiosk;
    let kind = move || is_kiosk.then(|| format!(" · {}", text.get().kiosk));
    let from = token.used_from.clone().map(|from| format!(" · {from}"));
    let revoked = token.clone();
    let revoke = move |_| form.set(Some(TokenForm::Revoke(revoked.clone())));
    view! {
        <tr data-token=token.id>
            <td>
                <b>{token.name.clone()}</b>
                <span class="sub"><span class="mono">{format!("{}…", token.start)}</span> " · " {note} {kind}</span>
            </td>
            <td class="what"><Tags grants=token.grants.clone() /></td>
            <td class="ends" data-label=say(text, |text| text.expires)><Until at=token.expires_at /></td>
            <td class="seen" data-label=say(text, |text| text.last_used)><Ago at=token.used /> {from}</td>
            <td class="more">
                <button type="button" class="button small" on:click=revoke data-action="revoke">{say(text, |text| text.revoke)}</button>
            </td>
        </tr>
    }
}

/// A token that was just created: the only time that it is shown.
#[component]
fn Once(
    /// The token.
    token: CreatedToken,
    /// Removes it from the page.
    on_close: Callback<()>,
) -> impl IntoView {
    let live = use_live();
    let text = use_settings_text();
    let is_kiosk = token.created.kind == TokenKind::Kiosk;
    let secret = if is_kiosk {
        let origin = window().location().origin().unwrap_or_default();
        let login = live.href(&Page::Login.href());
        format!("{origin}{login}#kiosk={}", token.token.0)
    } else {
        token.token.0
    };
    let name = token.created.name;
    let of = move || {
        let text = text.get();
        if is_kiosk { text.link } else { text.token }.to_owned()
    };
    let copied = Signal::stored(secret.clone());
    view! {
        <div class="told ok once" role="status" data-testid="once">
            <Icon glyph=Glyph::Lock />
            <div class="said">
                <b>{move || (text.get().created)(&name)}</b> " "
                <span class="muted">{say(text, |text| text.once)}</span>
                <div class="secret">
                    <code data-testid="secret">{secret}</code>
                    <CopyButton copied of=Signal::derive(of) />
                    <button type="button" class="button icon" aria-label=say(text, |text| text.dismiss)
                        title=say(text, |text| text.dismiss) on:click=move |_| on_close.run(())>
                        <Icon glyph=Glyph::Close />
                    </button>
                </div>
            </div>
        </div>
    }
}
