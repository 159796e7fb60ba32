//! Recent events of all engines.

use crate::{
    client::{Live, use_live, use_zone},
    components::{A, Glyph, Icon, LastSeen},
    i18n::{EventsText, say, use_text},
    model::{Change, HostId, Page, format},
};
use leptos::prelude::*;

/// Most changes shown.
const SHOWN: usize = 12;

/// Recent changes in the engines, newest first.
#[component]
pub(super) fn RecentEvents() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let changes = Memo::new(move |_| Change::of(&live.events().read(), SHOWN));
    let rows = move || {
        // A name is a link while its container exists.
        live.track_list();
        let changes = changes.get().into_iter();
        changes
            .map(|change| view! { <ChangeRow live change /> })
            .collect_view()
    };
    view! {
        <section class="card" data-freshness=move || live.as_of().get().freshness.mark()>
            <h2>{say(text, |text| text.frame.what_changed)} <LastSeen as_of=live.as_of() /></h2>
            <ul class="list" data-testid="events">{rows}</ul>
            <Show when=move || changes.read().is_empty()>
                <div class="empty">{say(text, |text| text.frame.nothing_changed)}</div>
            </Show>
        </section>
    }
}

#[component]
fn ChangeRow(
    /// The live state.
    live: Live,
    /// The change.
    change: Change,
) -> impl IntoView {
    let text = use_text();
    let event = &change.event;
    let (glyph, tone) = picture(&change);
    let (zone, happened) = (use_zone(), event.timestamp);
    let clock = move || zone.moment(happened);
    let (at, datetime) = (change.at(), event.timestamp.to_string());
    let as_of = live.host(&event.host).as_of;
    let ago = move || {
        let now = as_of.get().moment(|| live.now().get());
        (text.get().events().ago)(&format::duration(at.age(now)))
    };
    let host = (event.host != HostId::default()).then(|| event.host.to_string());
    let linked = event.workload().filter(|id| live.row(*id).is_some());
    let name = event.name.clone();
    let name = match linked {
        Some(id) => view! { <A href=Page::of(id).href() attr:class="name">{name}</A> }.into_any(),
        None => view! { <b class="name">{name}</b> }.into_any(),
    };
    let times = (change.times > 1).then(|| format!("×{}", change.times));
    let what = move || what(&change, text.get().events());
    view! {
        <li>
            <span class=format!("glyph {tone}")><Icon glyph /></span>
            {name}
            <span class="muted what">{what}</span>
            <b class="num muted">{times}</b>
            <span class="space"></span>
            <span class="faint">{host}</span>
            <time class="num faint" datetime=datetime title=clock>{ago}</time>
        </li>
    }
}

/// The icon of a change, and the CSS class for its severity.
fn picture(change: &Change) -> (Glyph, &'static str) {
    if change.is_loop {
        return (Glyph::Restart, "bad");
    }
    match &*change.event.action {
        "die" if change.failure().is_some() => (Glyph::Warning, "bad"),
        "oom" | "health_status: unhealthy" => (Glyph::Warning, "bad"),
        "health_status: healthy" => (Glyph::Check, "ok"),
        "start" | "unpause" => (Glyph::Play, "ok"),
        "die" | "stop" | "kill" => (Glyph::Stop, "idle"),
        "restart" => (Glyph::Restart, "idle"),
        "pause" => (Glyph::Pause, "warn"),
        "destroy" => (Glyph::Trash, "idle"),
        "rename" => (Glyph::Pencil, "idle"),
        _ => (Glyph::Box, "idle"),
    }
}

/// The words for a change; the engine's own for an unknown event.
fn what(change: &Change, text: &EventsText) -> String {
    let event = &change.event;
    let attribute = |name| event.attributes.get(name).map_or("", String::as_str);
    let with = |word: &str, detail: &str| format!("{word} {detail}").trim_end().to_owned();
    if event.kind != "container" {
        return format!("{} {}", event.kind, event.action);
    }
    let code = || format!("({} {})", text.exit_code, attribute("exitCode"));
    match &*event.action {
        "die" if change.is_loop => with(text.loops, &code()),
        "die" if change.failure().is_some() => with(text.failed, &code()),
        "create" => text.created.to_owned(),
        "start" => text.started.to_owned(),
        "stop" => text.stopped.to_owned(),
        "die" => text.ended.to_owned(),
        "restart" => text.restarted.to_owned(),
        "pause" => text.paused.to_owned(),
        "unpause" => text.unpaused.to_owned(),
        "destroy" => text.removed.to_owned(),
        "rename" => with(text.renamed, attribute("oldName").trim_start_matches('/')),
        "kill" => with(text.killed, attribute("signal")),
        "oom" => text.out_of_memory.to_owned(),
        "health_status: healthy" => text.healthy.to_owned(),
        "health_status: unhealthy" => text.unhealthy.to_owned(),
        action => action.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        i18n::text,
        model::{Event, Language, Timestamp},
    };
    use std::{collections::BTreeMap, sync::Arc};

    fn said(kind: &str, action: &str, attributes: &[(&str, &str)], is_loop: bool) -> String {
        let attributes = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let event = Event {
            host: HostId::default(),
            timestamp: Timestamp::default(),
            kind: kind.into(),
            action: action.into(),
            id: String::new(),
            name: String::new(),
            attributes: attributes.collect::<BTreeMap<_, _>>(),
            ..Event::default()
        };
        let change = Change {
            event: Arc::new(event),
            times: 2,
            is_loop,
        };
        what(&change, text(Language::English).events())
    }

    #[test]
    fn what_happened_is_said_in_words() {
        assert_eq!(
            said("container", "die", &[("exitCode", "137")], false),
            "failed (exit code 137)"
        );
        assert_eq!(
            said("container", "die", &[("exitCode", "1")], true),
            "fails and restarts (exit code 1)"
        );
        assert_eq!(
            said("container", "die", &[("exitCode", "0")], false),
            "ended"
        );
        assert_eq!(
            said("container", "rename", &[("oldName", "/web")], false),
            "renamed from web"
        );
        assert_eq!(
            said("container", "kill", &[("signal", "9")], false),
            "sent signal 9"
        );
        assert_eq!(said("container", "kill", &[], false), "sent signal");
        assert_eq!(said("container", "update", &[], false), "update");
        assert_eq!(said("image", "pull", &[], false), "image pull");
    }
}
