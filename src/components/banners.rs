//! Messages about problems, shown on every page.

use crate::{
    client::{Connection, use_live, use_zone},
    i18n::{say, use_text},
    model::{HostId, SourceKind, SourceState, SourceStatus, format},
};
use leptos::prelude::*;

/// The messages about all current problems.
#[component]
pub fn Banners() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let is_open_to_all = live
        .initial()
        .with_value(|initial| initial.open_warning)
        .then(|| view! { <div class="banner bad" data-testid="open-banner">{say(text, |text| text.frame.open_banner)}</div> });
    let has_demo = Memo::new(move |_| live.hosts().read().iter().any(HostId::is_demo));
    let age = move || {
        let newest = live.newest().get()?;
        let age = format::age(newest.age(live.now().get()));
        Some((text.get().frame.data_age)(&age))
    };
    view! {
        <NoScript />
        {is_open_to_all}
        <Show when=move || has_demo.get()>
            <div class="banner info" data-testid="demo-banner">{say(text, |text| text.frame.demo_banner)}</div>
        </Show>
        <Show when=move || live.connection().get() == Connection::Polling>
            <div class="banner" role="status">{say(text, |text| text.frame.polling_banner)}</div>
        </Show>
        <Show when=move || live.connection().get() == Connection::Outdated>
            <div class="banner" role="status" data-testid="outdated-banner">{say(text, |text| text.frame.outdated_banner)}</div>
        </Show>
        <Show when=move || live.connection().get() == Connection::SignedOut>
            <div class="banner bad" data-testid="signed-out-banner">
                <b role="alert">{say(text, |text| text.frame.signed_out_banner)}</b>
                <SignIn />
                <span class="muted num">{age}</span>
            </div>
        </Show>
        <Show when=move || live.connection().get() == Connection::Offline>
            <div class="banner bad" data-testid="offline-banner">
                <b role="alert">{say(text, |text| text.frame.offline_banner)}</b>
                <span class="muted num">{age}</span>
            </div>
        </Show>
        <For each=move || live.hosts().get() key=HostId::clone let(host)>
            <EngineBanner host />
        </For>
    }
}

/// Reloads this page without the router, so that the server or a proxy can request a sign-in.
#[component]
fn SignIn() -> impl IntoView {
    let text = use_text();
    view! {
        <a class="button" href="" rel="external" data-testid="reload">{say(text, |text| text.frame.sign_in)}</a>
    }
}

/// Shows the time of the page when scripts are disabled.
#[component]
fn NoScript() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    // Without scripts the user's time zone is unknown.
    let time = live.now().get_untracked().at_offset(0);
    let time = format!("{} {}", time.clock(), time.zone());
    let words = (text.get_untracked().frame.no_script)(&time);
    // As raw HTML: with scripts enabled, the browser keeps the content of `noscript` as text, and hydration
    // would not find the expected element.
    view! { <noscript inner_html=format!("<div class=\"banner\">{words}</div>")></noscript> }
}

/// The message about a problem with a host's engine: the state, the reason and what to do.
#[component]
fn EngineBanner(
    /// The host.
    host: HostId,
) -> impl IntoView {
    let (live, zone) = (use_live(), use_zone());
    let text = use_text();
    let signals = live.host(&host);
    let sources = signals.sources.clone();
    let wrong = Memo::new(move |_| {
        let sources = sources.read();
        sources
            .get(&SourceKind::Docker)
            .filter(|status| status.state != SourceState::Live || status.message.is_some())
            .cloned()
    });
    let name = Memo::new(move |_| signals.name(&host));
    let banner = move |status: SourceStatus| {
        let (is_down, is_live) = (
            status.state == SourceState::Down,
            status.state == SourceState::Live,
        );
        let title = move || {
            let text = text.get().frame;
            let title = match status.state {
                SourceState::Live => text.engine_limited,
                SourceState::Late | SourceState::Stale => text.engine_late,
                SourceState::Down => text.engine_down,
            };
            title(&name.read())
        };
        let endpoint = endpoint(&status);
        let since = move || zone.clock(status.since);
        let age = move || format::age(status.since.age(live.now().get()));
        view! {
            <div class="banner" class:bad=is_down class:info=is_live data-testid="engine-banner">
                <span role="alert"><b>{title}</b> " " {status.message}</span>
                <span class="muted mono">{endpoint}</span>
                <span class="muted num">{say(text, |text| text.frame.since)} " " {since} " · " {age}</span>
            </div>
        }
    };
    move || wrong.get().map(banner)
}

/// The address of the engine, unless the message contains it.
fn endpoint(status: &SourceStatus) -> Option<String> {
    let endpoint = status.endpoint.clone()?;
    let is_said = status
        .message
        .as_ref()
        .is_some_and(|message| message.contains(&endpoint));
    (!is_said).then_some(endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn status(message: Option<&str>) -> SourceStatus {
        SourceStatus {
            host: HostId::default(),
            source: SourceKind::Docker,
            state: SourceState::Down,
            since: Timestamp::default(),
            last_seen: None,
            message: message.map(str::to_owned),
            endpoint: Some("unix:///run/docker.sock".into()),
            version: None,
            machine: None,
        }
    }

    #[test]
    fn the_address_of_an_engine_is_said_once() {
        let address = Some("unix:///run/docker.sock".to_owned());
        assert_eq!(endpoint(&status(None)), address);
        assert_eq!(endpoint(&status(Some("ping timed out"))), address);
        assert_eq!(
            endpoint(&status(Some("No engine at unix:///run/docker.sock"))),
            None
        );
    }
}
