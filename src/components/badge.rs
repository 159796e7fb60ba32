//! How the page hears from the server, always in sight.

use crate::{
    client::{Connection, use_live},
    i18n::{FrameText, use_text},
    model::{Timestamp, format},
};
use leptos::prelude::*;

/// Says how the page hears from the server, and how old its newest figure is.
#[component]
pub fn ConnectionBadge() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let age = move || {
        let newest = live.newest().get()?;
        Some(format::age(newest.age(live.now().get())))
    };
    let words = move || words(live.connection().get(), text.get().frame, live.now().get());
    let class = move || format!("badge {}", tone(live.connection().get()));
    view! {
        <span class=class role="status" data-testid="connection">
            <span class="dot" aria-hidden="true"></span>
            <span>{words}</span>
            <span class="age num" aria-hidden="true">{age}</span>
        </span>
    }
}

const fn tone(connection: Connection) -> &'static str {
    match connection {
        Connection::Live => "ok",
        Connection::Connecting | Connection::SignedOut => "idle",
        Connection::Reconnecting { .. } | Connection::Polling => "warn",
        Connection::Offline => "bad",
    }
}

fn words(connection: Connection, text: &FrameText, now: Timestamp) -> String {
    match connection {
        Connection::Connecting => text.connecting.to_owned(),
        Connection::Live => text.live.to_owned(),
        Connection::Polling => text.polling.to_owned(),
        Connection::Offline => text.offline.to_owned(),
        Connection::SignedOut => text.signed_out.to_owned(),
        Connection::Reconnecting {
            attempt,
            next_try: None,
        } => {
            format!("{} ({} {attempt})", text.reconnecting, text.try_n)
        }
        Connection::Reconnecting {
            attempt,
            next_try: Some(at),
        } => {
            let wait = now.age(at).as_secs();
            format!(
                "{} ({} {attempt}, {} {wait} s)",
                text.reconnecting, text.try_n, text.next_in
            )
        }
    }
}
