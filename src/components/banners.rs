//! What is wrong, said on every page.

use crate::{
    client::{Connection, use_live},
    i18n::use_text,
    model::{HostId, SourceKind, SourceState, SourceStatus, format},
};
use leptos::prelude::*;

/// Everything that is wrong with what the page shows.
#[component]
pub fn Banners() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let has_demo = Memo::new(move |_| live.hosts().read().iter().any(HostId::is_demo));
    view! {
        <noscript>
            <div class="banner">{move || text.get().frame.no_script}</div>
        </noscript>
        <Show when=move || has_demo.get()>
            <div class="banner info" data-testid="demo-banner">{move || text.get().frame.demo_banner}</div>
        </Show>
        <Show when=move || live.connection().get() == Connection::Polling>
            <div class="banner" role="status">{move || text.get().frame.polling_banner}</div>
        </Show>
        <Show when=move || live.connection().get() == Connection::Offline>
            <div class="banner bad" role="alert">{move || text.get().frame.offline_banner}</div>
        </Show>
        <For each=move || live.hosts().get() key=HostId::clone let(host)>
            <EngineBanner host />
        </For>
    }
}

/// Says that a host's engine does not answer, why, and what to do.
#[component]
fn EngineBanner(
    /// Whose engine.
    host: HostId,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let sources = live.host(&host).sources;
    let wrong = Memo::new(move |_| {
        let sources = sources.read();
        sources
            .get(&SourceKind::Docker)
            .filter(|status| status.state != SourceState::Live)
            .cloned()
    });
    let since = move |status: &SourceStatus| {
        let (hour, minute, second) = status.since.clock();
        let age = format::age(status.since.age(live.now().get()));
        format!(
            "{} {hour:02}:{minute:02}:{second:02} UTC · {age}",
            text.get().frame.since
        )
    };
    move || {
        wrong.get().map(|status| {
            let since = since(&status);
            view! {
                <div class="banner bad" role="alert" data-testid="engine-banner">
                    <b>{text.get().frame.engine_down}</b>
                    <span>{status.message}</span>
                    <span class="muted num">{since}</span>
                </div>
            }
        })
    }
}
