//! Recent events of a container.

use super::data::asked;
use crate::{
    client::{driver, use_live, use_zone},
    components::ZoneName,
    i18n::{ContainerText, say, use_text},
    model::{ContainerEvents, Event, WorkloadId, format, signal},
    protocol::workload_path,
};
use leptos::prelude::*;
use std::sync::Arc;

/// Recent events of a container: those kept by the server, and those that arrive while the page is open.
#[component]
pub(super) fn Events(
    /// The container.
    id: WorkloadId,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let asked = asked(live, id, |given| given.events.take());
    Effect::new(move || {
        if asked.is_missing() {
            let url = workload_path(id, "events");
            driver::ask(url, move |answer: Result<ContainerEvents, _>| {
                asked.answer(answer.map(|told| told.events));
            });
        }
    });
    // All events that arrive are kept here: the live list contains only the newest ones of all objects.
    let heard = Memo::new(move |before: Option<&Vec<Arc<Event>>>| {
        let events = live.events();
        let new = events.with(|events| {
            let own = events.iter().filter(|event| event.workload() == Some(id));
            own.cloned().collect::<Vec<_>>()
        });
        merged(&new, before.map_or(&[], Vec::as_slice))
    });
    let events = Signal::derive(move || {
        let known = asked.value.read();
        merged(&heard.read(), known.as_deref().unwrap_or_default())
    });
    let is_empty = move || events.read().is_empty();
    view! {
        <section class="card" data-testid="container-events">
            <h2>{say(text, |text| text.container().events)} <ZoneName /></h2>
            <EventList events />
            <Show when=is_empty>
                <div class="empty">{say(text, |text| text.container().no_events)}</div>
            </Show>
        </section>
    }
}

/// Both lists, newest first, without duplicates.
fn merged(some: &[Arc<Event>], more: &[Arc<Event>]) -> Vec<Arc<Event>> {
    let mut all = some.to_vec();
    let new = more.iter().filter(|event| !some.contains(event));
    all.extend(new.cloned());
    all.sort_by_key(|event| std::cmp::Reverse(event.timestamp));
    all
}

/// Events as text, each with its time.
#[component]
pub(super) fn EventList(
    /// The events, newest first.
    events: Signal<Vec<Arc<Event>>>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let zone = use_zone();
    let line = move |event: Arc<Event>| {
        let at = event.timestamp;
        let ago = move || (text.get().container().ago)(&format::duration(at.age(live.now().get())));
        view! {
            <li>
                <time class="num faint" datetime=at.to_string()>{move || zone.local(at).moment()}</time>
                <span class="what"><bdi>{words(&event, text.get().container())}</bdi></span>
                <span class="space"></span>
                <span class="num faint">{ago}</span>
            </li>
        }
    };
    view! {
        <ul class="list events">{move || events.get().into_iter().map(line).collect_view()}</ul>
    }
}

/// The words for an event; the engine's own for an unknown event.
fn words(event: &Event, text: &ContainerText) -> String {
    let attribute = |name: &str| event.attributes.get(name).map(String::as_str);
    let health = event.action.strip_prefix("health_status");
    let what = match health {
        Some(rest) => format!("{} {}", text.health, rest.trim_start_matches([':', ' '])),
        None => text
            .event(&event.action)
            .unwrap_or(&event.action)
            .to_owned(),
    };
    let detail = match event.action.as_str() {
        "die" | "died" => attribute("exitCode").map(|code| match code.parse() {
            Ok(number) => format!("{code}, {}", text.exit(number)),
            Err(_) => code.to_owned(),
        }),
        "kill" => attribute("signal").map(|sent| {
            let name = sent.parse().ok().and_then(signal);
            name.unwrap_or(sent).to_owned()
        }),
        "rename" => attribute("oldName").map(|old| {
            let old = old.trim_start_matches('/');
            format!("{old} → {}", event.name)
        }),
        "create" => attribute("image").map(str::to_owned),
        _ => None,
    };
    let said = match detail {
        Some(detail) => format!("{what} ({detail})"),
        None => what,
    };
    format::visible(&said).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        i18n,
        model::{HostId, Language, Timestamp},
    };

    fn event(action: &str, at: i64, attributes: &[(&str, &str)]) -> Event {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Event {
            host: HostId::default(),
            timestamp: Timestamp::from_millis(at),
            kind: "container".into(),
            action: action.into(),
            id: "4e7d".into(),
            name: "web".into(),
            attributes: attributes.iter().map(owned).collect(),
            ..Event::default()
        }
    }

    #[test]
    fn events_are_told_in_words() {
        let english = i18n::text(Language::English).container();
        for (event, told) in [
            (
                event("die", 1, &[("exitCode", "137")]),
                "exited (137, killed (SIGKILL))",
            ),
            (
                event("kill", 1, &[("signal", "15")]),
                "signal sent (SIGTERM)",
            ),
            (
                event("kill", 1, &[("signal", "SIGHUP")]),
                "signal sent (SIGHUP)",
            ),
            (
                event("rename", 1, &[("oldName", "/old")]),
                "renamed (old → web)",
            ),
            (
                event("health_status: unhealthy", 1, &[]),
                "health: unhealthy",
            ),
            (event("something-new", 1, &[]), "something-new"),
            (
                event("create", 1, &[("image", "a\u{202e}b")]),
                "created (a⟨202E⟩b)",
            ),
        ] {
            assert_eq!(words(&event, english), told);
        }
    }

    #[test]
    fn what_is_told_twice_is_shown_once_and_the_newest_first() {
        let [a, b, c] = [1, 2, 3].map(|at| Arc::new(event("start", at, &[])));
        let both = merged(
            &[Arc::clone(&b)],
            &[Arc::clone(&a), Arc::clone(&c), Arc::clone(&b)],
        );
        let times: Vec<_> = both
            .iter()
            .map(|event| event.timestamp.as_millis())
            .collect();
        assert_eq!(times, [3, 2, 1]);
    }
}
