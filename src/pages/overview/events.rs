//! What happened lately.

use crate::{
    client::use_live,
    i18n::use_text,
    model::{Event, HostId},
};
use leptos::prelude::*;
use std::sync::Arc;

/// Events shown.
const SHOWN: usize = 12;

/// What happened lately in the engines, newest first.
#[component]
pub(super) fn RecentEvents() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let events = move || {
        live.events()
            .get()
            .into_iter()
            .take(SHOWN)
            .map(row)
            .collect_view()
    };
    view! {
        <section class="card">
            <h2>{move || text.get().frame.what_changed} <span class="faint">"UTC"</span></h2>
            <ul class="list" data-testid="events">{events}</ul>
            <Show when=move || live.events().read().is_empty()>
                <div class="empty">{move || text.get().frame.nothing_changed}</div>
            </Show>
        </section>
    }
}

fn row(event: Arc<Event>) -> impl IntoView {
    let (hour, minute, second) = event.timestamp.clock();
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    let host = (event.host != HostId::default()).then(|| event.host.to_string());
    view! {
        <li>
            <time class="num faint" datetime=event.timestamp.to_string()>{time}</time>
            <b class="name">{event.name.clone()}</b>
            <span class="muted what">{what(&event)}</span>
            <span class="space"></span>
            <span class="faint">{host}</span>
        </li>
    }
}

/// The engine's word, with what makes it telling.
fn what(event: &Event) -> String {
    let kind = if event.kind == "container" {
        ""
    } else {
        &event.kind
    };
    let detail = ["exitCode", "signal", "oldName"]
        .into_iter()
        .find_map(|name| {
            event
                .attributes
                .get(name)
                .map(|value| format!(" ({name} {value})"))
        });
    format!("{kind} {}{}", event.action, detail.unwrap_or_default())
        .trim_start()
        .to_owned()
}
