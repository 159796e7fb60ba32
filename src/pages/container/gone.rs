//! The page of a container that does not exist.

use super::events::EventList;
use crate::{
    client::{driver, use_live},
    components::{A, PageTitle, ZoneName},
    i18n::{say, use_text},
    model::{ContainerEvents, Event, Page, WorkloadRef},
};
use leptos::prelude::*;
use std::sync::Arc;

/// The message that the container does not exist, with its last events if it was removed recently.
#[component]
pub(super) fn Gone(
    /// The requested container; `None` if the URL contains no valid id.
    asked: Signal<Option<WorkloadRef>>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let events = remembered(asked);
    // Before the first list it is unknown whether the container exists.
    let is_unknown = move || {
        live.track_list();
        let has_list = live.with_dashboard(|dashboard| {
            let mut hosts = dashboard.hosts.values();
            hosts.any(|host| host.containers_at.is_some())
        });
        asked.read().is_some() && (!has_list || live.is_partial().get())
    };
    let name = Memo::new(move |_| events.with(|events| Some(events.first()?.name.clone())));
    let words = move || {
        let text = text.get();
        if is_unknown() {
            return (text.frame.waiting.to_owned(), "");
        }
        let what = match name.get() {
            Some(name) => (text.container().was_removed)(&name),
            None => text.containers().gone.to_owned(),
        };
        let hint = if name.read().is_some() {
            ""
        } else {
            text.containers().gone_hint
        };
        (what, hint)
    };
    view! {
        <PageTitle text=move || words().0 />
        <div class="stack">
            <div class="card empty" data-testid="gone">
                <b>{move || words().0}</b>
                <p>{move || words().1}</p>
                <A href=Page::Containers.href() attr:class="button">{say(text, |text| text.containers().back)}</A>
            </div>
            <Show when=move || !events.read().is_empty()>
                <section class="card">
                    <h2>{say(text, |text| text.container().last_known)} <ZoneName /></h2>
                    <EventList events />
                </section>
            </Show>
        </div>
    }
}

/// The events of the container that the server still has, newest first.
fn remembered(asked: Signal<Option<WorkloadRef>>) -> Signal<Vec<Arc<Event>>> {
    let live = use_live();
    let given = live.initial().try_update_value(|initial| {
        let data = initial.container.as_mut();
        let same = data.filter(|data| asked.read_untracked().as_ref() == Some(&data.id));
        same.and_then(|data| data.events.take())
    });
    let given = given.flatten();
    let is_given = given.is_some();
    let events = RwSignal::new(given.unwrap_or_default());
    Effect::new(move |before: Option<()>| {
        if let Some(named) = asked.get().filter(|_| before.is_some() || !is_given) {
            let host = named.host.map(|host| format!("?host={host}"));
            let host = host.unwrap_or_default();
            let url = format!("/api/containers/{}/events{host}", named.id.as_str());
            driver::ask(url, move |answer: Result<ContainerEvents, _>| {
                if let Ok(told) = answer {
                    events.set(told.events);
                }
            });
        }
    });
    events.into()
}
