//! How old what is not live is.

use crate::{
    client::{Connection, Live, use_live},
    i18n::{FrameText, use_text},
    model::{AsOf, Freshness, HostId, Origin, format},
};
use leptos::prelude::*;

/// How long ago what it stands beside was last known to be so; empty while that is live.
#[component]
pub fn LastSeen(
    /// Of which moment it is.
    #[prop(into)]
    as_of: Signal<AsOf>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let words = move || {
        let age = as_of.get().last_seen?.age(live.now().get());
        Some((text.get().frame.last_seen)(&format::duration(age)))
    };
    view! { <span class="last-seen num" data-testid="last-seen">{words}</span> }
}

/// Why nothing can be done to containers that are known as of `as_of`; nothing while they are live.
pub(super) fn why_off(as_of: AsOf, text: &FrameText) -> Option<&'static str> {
    (!as_of.is_live()).then_some(match as_of.silent {
        Origin::Server => text.server_silent,
        Origin::Engine => text.engine_silent,
    })
}

/// What is wrong with what the page shows, beyond its connection, in a word or two. Follows it.
pub(super) fn trouble(live: Live, text: &FrameText) -> Option<String> {
    let away = live.away().get();
    let away: Vec<_> = away.iter().map(|host| live.host(host).name(host)).collect();
    word(live.connection().get(), live.as_of().get(), &away, text)
}

/// The same, of data known as of `as_of` with engines on the hosts `away` that do not answer.
pub(super) fn word(
    connection: Connection,
    as_of: AsOf,
    away: &[String],
    text: &FrameText,
) -> Option<String> {
    let word = match (as_of.freshness, as_of.silent, away) {
        (Freshness::Live, _, []) => return None,
        (Freshness::Live, _, [host]) => return Some((text.host_away)(host)),
        (Freshness::Live, _, hosts) => return Some((text.hosts_away)(hosts.len())),
        (Freshness::Late, Origin::Engine, _) => text.engine_late_word,
        (_, Origin::Engine, _) => text.engine_down_word,
        (_, Origin::Server, _) => connection.is_connected().then_some(text.no_data)?,
    };
    Some(word.to_owned())
}

/// How long ago the hosts were last seen whose engines do not answer, beside what is counted over all
/// hosts; empty while all of them do.
#[component]
pub fn AllLastSeen() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let away = move |host: HostId| {
        let signals = live.host(&host);
        let words = move || {
            let age = signals.as_of.get().last_seen?.age(live.now().get());
            let name = signals.name(&host);
            Some((text.get().frame.host_last_seen)(
                &name,
                &format::duration(age),
            ))
        };
        view! { <span class="last-seen num" data-testid="last-seen">{words}</span> }
    };
    view! {
        <LastSeen as_of=live.as_of() />
        <For each=move || live.away().get() key=HostId::clone children=away />
    }
}
