//! Why there is no container to show.

use crate::{
    client::{Live, use_live},
    i18n::{say, use_text},
    model::{HostId, SourceKind, SourceState},
};
use leptos::prelude::*;

/// Why there is no container, and what to do.
#[component]
pub fn NoContainers() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    // An engine that cannot be reached has the containers; why it cannot says what to do.
    let reason = engine_failure(live);
    move || match reason.get() {
        Some(reason) => view! {
            <b data-testid="no-engine">{say(text, |text| text.frame.no_engine)}</b>
            <p>{reason}</p>
        }
        .into_any(),
        None => view! {
            <b>{say(text, |text| text.frame.no_containers)}</b>
            <p>{say(text, |text| text.frame.no_containers_hint)}</p>
            <code>"docker run -d --name hello nginx"</code>
        }
        .into_any(),
    }
}

/// Why an engine cannot be reached, while one cannot.
pub fn engine_failure(live: Live) -> Memo<Option<String>> {
    Memo::new(move |_| {
        let hosts = live.hosts();
        let hosts = hosts.read();
        hosts.iter().find_map(|host| failure_on(live, host))
    })
}

fn failure_on(live: Live, host: &HostId) -> Option<String> {
    let sources = live.host(host).sources;
    let sources = sources.read();
    let status = sources.get(&SourceKind::Docker)?;
    let is_down = status.state == SourceState::Down;
    is_down.then(|| status.message.clone().unwrap_or_default())
}
