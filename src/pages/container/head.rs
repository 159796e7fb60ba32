//! The head of a container's page, above the tabs.

use crate::{
    client::{RowSignals, use_live},
    components::{
        A, ActionButtons, ActionFailure, CopyButton, HostLabel, LastSeen, PageTitle, StatusPill,
    },
    i18n::{say, use_text},
    model::{ContainerQuery, ContainerState, Event, Health, WorkloadId, format},
};
use leptos::prelude::*;
use std::sync::Arc;

/// Name, state, image and actions.
#[component]
pub(super) fn Head(
    /// The container.
    id: WorkloadId,
    /// Its signals.
    row: RowSignals,
    /// Whether the engine no longer has it.
    is_removed: Signal<bool>,
) -> impl IntoView {
    let text = use_text();
    let named = row.clone();
    let name = Memo::new(move |_| named.name());
    let made_of = row.clone();
    let image = Memo::new(move |_| format::visible(&made_of.container().image).into_owned());
    let grouped = row.workload.clone();
    let project = Memo::new(move |_| grouped.with(|it| it.group().map(str::to_owned)));
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
    let short = row.container().id.short();
    let mark = super::mark(&row);
    let (pill, actions) = (row.clone(), row.clone());
    view! {
        <PageTitle text=move || name.get() />
        <div class="card container-head" class:removed=is_removed data-testid="head" data-freshness=mark>
            <h2 class="name" title=name><bdi>{name}</bdi></h2>
            <Show when=move || is_removed.get() fallback=move || view! { <StatusPill workload=pill.workload.clone() /> }>
                <span class="pill idle"><span class="dot" aria-hidden="true"></span>{say(text, |text| text.container().removed)}</span>
            </Show>
            <Meta id row=row.clone() is_removed />
            <LastSeen as_of=row.as_of.clone() />
            <span class="space"></span>
            <Show when=move || !is_removed.get()>
                <ActionButtons id row=actions.clone() />
            </Show>
            <div class="what">
                <span class="mono" title=image>{image}</span>
                <span class="mono faint">{short}</span>
                <CopyButton copied=Signal::stored(id.key.to_string()) of=Signal::derive(move || text.get().containers().id.to_owned()) />
                <HostLabel host=row.host() />
                {project_link}
            </div>
            <ActionFailure id row />
        </div>
    }
}

/// Health and uptime; for an ended container, the meaning of its exit code and the time since its end.
#[component]
fn Meta(
    /// The container.
    id: WorkloadId,
    /// Its signals.
    row: RowSignals,
    /// Whether the engine no longer has it.
    is_removed: Signal<bool>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let workload = row.workload.clone();
    let is_healthy = Memo::new(move |_| {
        let (state, health) = workload.with(|it| (it.state(), it.health()));
        state == ContainerState::Running && health == Some(Health::Healthy)
    });
    let words = Memo::new(move |_| {
        let (words, now) = (text.get(), row.moment(live.now()));
        let text = words.container();
        if is_removed.get() {
            let at = removal(&live.events().read(), id).map(|event| event.timestamp);
            return at.map(|at| (text.ago)(&format::duration(at.age(now))));
        }
        let container = row.container();
        if let Some(uptime) = container.uptime(now) {
            return Some(format!("{} {}", text.up, format::duration(uptime)));
        }
        if container.state == ContainerState::Restarting {
            return words.containers().last_run(&container, " · ");
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
                {move || text.get().containers().health(Health::Healthy)}
            </span>
        </Show>
        <span class="muted num">{words}</span>
    }
}

/// The event of its removal, if known.
fn removal(events: &[Arc<Event>], id: WorkloadId) -> Option<Arc<Event>> {
    let mut events = events.iter();
    events
        .find(|event| {
            event.workload() == Some(id) && matches!(event.action.as_str(), "destroy" | "remove")
        })
        .cloned()
}
