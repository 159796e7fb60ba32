//! What stands above the tabs.

use crate::{
    client::{RowSignals, use_live},
    components::{
        A, ActionButtons, ActionFailure, CopyButton, HostLabel, LastSeen, PageTitle, StatusPill,
    },
    i18n::{say, use_text},
    model::{ContainerId, ContainerQuery, ContainerState, Event, Health, format},
};
use leptos::prelude::*;
use std::sync::Arc;

/// Name, state, image and what can be done.
#[component]
pub(super) fn Head(
    /// Which container.
    id: ContainerId,
    /// Its signals.
    row: RowSignals,
    /// Whether the engine no longer has it.
    is_removed: Signal<bool>,
) -> impl IntoView {
    let text = use_text();
    let container = row.container.clone();
    let name = Memo::new(move |_| container.read().name.clone());
    let container = row.container.clone();
    let image = Memo::new(move |_| format::visible(&container.read().image).into_owned());
    let container = row.container.clone();
    let project = Memo::new(move |_| container.read().project.clone());
    let project_link = move || {
        project.get().map(|project| {
            let query = ContainerQuery {
                project: Some(project.clone()),
                ..ContainerQuery::default()
            };
            let href = query.href();
            view! { <A href=href attr:class="chip">{project}</A> }
        })
    };
    let mark = super::mark(&row);
    let (pill, actions) = (row.clone(), row.clone());
    view! {
        <PageTitle text=move || name.get() />
        <div class="card container-head" class:removed=is_removed data-testid="head" data-freshness=mark>
            <h2 class="name" title=name><bdi>{name}</bdi></h2>
            <Show when=move || is_removed.get() fallback=move || view! { <StatusPill container=pill.container.clone() /> }>
                <span class="pill idle"><span class="dot" aria-hidden="true"></span>{say(text, |text| text.container.removed)}</span>
            </Show>
            <Meta id row=row.clone() is_removed />
            <LastSeen as_of=row.as_of.clone() />
            <span class="space"></span>
            <Show when=move || !is_removed.get()>
                <ActionButtons id row=actions.clone() />
            </Show>
            <div class="what">
                <span class="mono" title=image>{image}</span>
                <span class="mono faint">{id.short()}</span>
                <CopyButton copied=Signal::stored(id.to_string()) of=Signal::derive(move || text.get().containers.id.to_owned()) />
                <HostLabel host=row.host.clone() />
                {project_link}
            </div>
            <ActionFailure id row />
        </div>
    }
}

/// Health and for how long; of what ended, since when and what its exit code means.
#[component]
fn Meta(
    /// Which container.
    id: ContainerId,
    /// Its signals.
    row: RowSignals,
    /// Whether the engine no longer has it.
    is_removed: Signal<bool>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let container = row.container.clone();
    let is_healthy = Memo::new(move |_| {
        let container = container.read();
        container.state == ContainerState::Running && container.health == Some(Health::Healthy)
    });
    let words = Memo::new(move |_| {
        let (words, now) = (text.get(), row.moment(live.now()));
        let text = words.container;
        if is_removed.get() {
            let at = removal(&live.events().read(), id).map(|event| event.timestamp);
            return at.map(|at| (text.ago)(&format::duration(at.age(now))));
        }
        let container = row.container.read();
        if let Some(uptime) = container.uptime(now) {
            return Some(format!("{} {}", text.up, format::duration(uptime)));
        }
        if container.state == ContainerState::Restarting {
            return words.containers.last_run(&container, " · ");
        }
        let ended = (text.ago)(&format::duration(container.finished_at?.age(now)));
        Some(match container.exit_code {
            Some(code) => format!("{} · {ended}", text.exit(code)),
            None => ended,
        })
    });
    view! {
        <Show when=move || is_healthy.get() && !is_removed.get()>
            <span class="pill ok">
                <span class="dot" aria-hidden="true"></span>
                {move || text.get().containers.health(Health::Healthy)}
            </span>
        </Show>
        <span class="muted num">{words}</span>
    }
}

/// When it was removed, as far as that was told.
fn removal(events: &[Arc<Event>], id: ContainerId) -> Option<Arc<Event>> {
    let id = id.to_string();
    let mut events = events.iter();
    events
        .find(|event| event.id == id && matches!(event.action.as_str(), "destroy" | "remove"))
        .cloned()
}
