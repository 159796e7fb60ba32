//! How old what is not live is.

use crate::{
    client::{Connection, use_live},
    i18n::{FrameText, use_text},
    model::{AsOf, Freshness, Origin, format},
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

/// What is wrong with what the page shows, beyond its connection, in a word or two.
pub(super) fn trouble(
    connection: Connection,
    as_of: AsOf,
    text: &FrameText,
) -> Option<&'static str> {
    match (as_of.freshness, as_of.silent) {
        (Freshness::Live, _) => None,
        (Freshness::Late, Origin::Engine) => Some(text.engine_late_word),
        (_, Origin::Engine) => Some(text.engine_down_word),
        (_, Origin::Server) => connection.is_connected().then_some(text.no_data),
    }
}
