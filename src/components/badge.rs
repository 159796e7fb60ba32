//! The state of the page's connection, which is always visible.

use super::{
    A,
    as_of::trouble,
    icon::{Glyph, Icon},
};
use crate::{
    client::{Connection, use_live},
    i18n::{FrameText, say, use_text},
    model::{Page, Timestamp, format},
};
use leptos::prelude::*;

/// Shows the state of the connection and the age of the newest figure; links to the realtime test.
///
/// Only the state itself is announced to screen readers: age and countdown change every second.
#[component]
pub fn ConnectionBadge() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let tries = move || tries(live.connection().get(), text.get().frame, live.now().get());
    let age = move || {
        let newest = live.newest().get()?;
        Some(format::age(newest.age(live.now().get())))
    };
    let is_all_live = move || live.as_of().get().is_live() && live.away().read().is_empty();
    let class = move || format!("badge {}", tone(live.connection().get(), is_all_live()));
    let hint = say(text, |text| text.frame.realtime_test);
    view! {
        <A href=Page::RealtimeTest.href() attr:class=class attr:title=hint attr:data-testid="connection">
            <Show
                when=move || live.connection().get() == Connection::SignedOut
                fallback=|| view! { <span class="dot" aria-hidden="true"></span> }
            >
                <Icon glyph=Glyph::Lock />
            </Show>
            <span role="status"><ConnectionState /></span>
            <span class="tries num">{tries}</span>
            <span class="age num">{age}</span>
        </A>
    }
}

/// A short description of the connection, and of any other reason why the data is not live.
#[component]
pub fn ConnectionState() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    Memo::new(move |_| {
        let (connection, text) = (live.connection().get(), text.get().frame);
        let state = state(connection, text);
        match trouble(live, text) {
            Some(trouble) => format!("{state} · {trouble}"),
            None => state.to_owned(),
        }
    })
}

const fn tone(connection: Connection, is_all_live: bool) -> &'static str {
    match connection {
        Connection::Live if is_all_live => "ok",
        Connection::Live => "warn",
        Connection::Connecting => "idle",
        Connection::Reconnecting { .. } | Connection::Polling | Connection::Outdated => "warn",
        Connection::Offline | Connection::SignedOut => "bad",
    }
}

pub(super) const fn state(connection: Connection, text: &FrameText) -> &'static str {
    match connection {
        Connection::Connecting => text.connecting,
        Connection::Live => text.live,
        Connection::Reconnecting { .. } => text.reconnecting,
        Connection::Polling => text.polling,
        Connection::Offline => text.offline,
        Connection::SignedOut => text.signed_out,
        Connection::Outdated => text.outdated,
    }
}

/// The number of reconnect attempts, and the time until the next one.
fn tries(connection: Connection, text: &FrameText, now: Timestamp) -> Option<String> {
    let Connection::Reconnecting { attempt, next_try } = connection else {
        return None;
    };
    let tries = format!("{} {attempt}", text.try_n);
    Some(match next_try {
        None => format!("({tries})"),
        Some(at) => format!("({tries}, {} {} s)", text.next_in, now.age(at).as_secs()),
    })
}

#[cfg(test)]
mod tests {
    use super::{super::as_of::word, *};
    use crate::{
        i18n::text,
        model::{AsOf, Freshness, Language, Origin},
    };

    #[test]
    fn a_live_connection_to_a_server_whose_engine_is_lost_is_not_well() {
        let text = text(Language::English).frame;
        let lost = |freshness, silent| AsOf {
            freshness,
            last_seen: None,
            silent,
        };
        let engine = lost(Freshness::Stale, Origin::Engine);
        let said = |as_of| word(Connection::Live, as_of, &[], text);
        assert_eq!(said(AsOf::default()), None);
        assert_eq!(said(engine), Some("engine down".to_owned()));
        assert_eq!(
            said(lost(Freshness::Late, Origin::Engine)),
            Some("engine late".to_owned())
        );
        assert_eq!(
            said(lost(Freshness::Late, Origin::Server)),
            Some("no data".to_owned())
        );
        assert_eq!(tone(Connection::Live, true), "ok");
        assert_eq!(tone(Connection::Live, false), "warn");
        let away = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            word(Connection::Live, AsOf::default(), &names, text)
        };
        assert_eq!(away(&["nas"]), Some("nas down".to_owned()));
        assert_eq!(away(&["nas", "pi"]), Some("2 engines down".to_owned()));
        let offline = lost(Freshness::Stale, Origin::Server);
        assert_eq!(
            word(Connection::Offline, offline, &[], text),
            None,
            "it says so itself"
        );
    }

    #[test]
    fn reconnecting_says_which_try_and_when_the_next_one_comes() {
        let text = text(Language::English).frame;
        let now = Timestamp::from_millis(10_000);
        let reconnecting = |next_try| Connection::Reconnecting {
            attempt: 3,
            next_try,
        };
        let soon = Some(Timestamp::from_millis(14_500));
        assert_eq!(
            tries(reconnecting(soon), text, now).as_deref(),
            Some("(try 3, next in 4 s)")
        );
        assert_eq!(
            tries(reconnecting(None), text, now).as_deref(),
            Some("(try 3)")
        );
        assert_eq!(tries(Connection::Live, text, now), None);
    }
}
