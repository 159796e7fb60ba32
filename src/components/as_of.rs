//! The age of data that is not live.

use crate::{
    client::{Connection, Live, use_live},
    i18n::{FrameText, use_text},
    model::{AsOf, Freshness, HostId, Origin, format},
};
use leptos::prelude::*;

/// The time since the data was last known to be correct; empty while it is live.
#[component]
pub fn LastSeen(
    /// The freshness of the data.
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

/// Why no actions are possible on containers with this freshness; `None` while they are live.
pub(super) fn why_off(as_of: AsOf, text: &FrameText) -> Option<&'static str> {
    (!as_of.is_live()).then_some(match as_of.silent {
        Origin::Server => text.server_silent,
        Origin::Engine => text.engine_silent,
    })
}

/// A short description of why the page's data is not current, except for the connection. Tracks it.
pub(super) fn trouble(live: Live, text: &FrameText) -> Option<String> {
    let away = live.away().get();
    let away: Vec<_> = away.iter().map(|host| live.host(host).name(host)).collect();
    word(live.connection().get(), live.as_of().get(), &away, text)
}

/// The same for data with this freshness, and engines on the hosts `away` that do not answer.
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

/// The time since the hosts were last seen whose engines do not answer, for counts over all hosts; empty
/// while all engines answer.
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
