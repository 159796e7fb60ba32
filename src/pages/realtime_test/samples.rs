//! Live samples: some current figures, and their sources.

use crate::{
    client::use_live,
    i18n::{say, use_text},
    model::{HostId, SourceKind, SourceState, SourceStatus, WorkloadId, format},
};
use leptos::prelude::*;

/// Number of containers shown, enough to see that figures change.
const CONTAINERS: usize = 5;

/// The newest figures of hosts and of some containers.
#[component]
pub(super) fn Samples() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let ids = Memo::new(move |_| {
        live.track_list();
        live.with_dashboard(|dashboard| {
            let running = dashboard
                .workloads()
                .filter(|(_, workload)| workload.state().has_stats());
            running
                .map(|(id, _)| id)
                .take(CONTAINERS)
                .collect::<Vec<_>>()
        })
    });
    view! {
        <section class="card" data-testid="samples">
            <h2>
                {say(text, |text| text.realtime().samples)}
                <span class="faint num">{move || format!("{} / {}", live.totals().get().running, live.totals().get().all)}</span>
            </h2>
            <ul class="list">
                <Show when=move || live.loading().get()><li class="muted">{say(text, |text| text.realtime().no_samples)}</li></Show>
                <For each=move || live.hosts().get() key=HostId::clone let(host)><HostSample host /></For>
                <For each=move || ids.get() key=|id| *id let(id)><ContainerSample id /></For>
            </ul>
        </section>
    }
}

/// A host's newest figures, and their age.
#[component]
fn HostSample(
    /// The host.
    host: HostId,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let signals = live.host(&host);
    let name = {
        let signals = signals.clone();
        move || signals.name(&host)
    };
    let figures = move || {
        let metrics = signals.metrics.read();
        let metrics = metrics.as_ref()?;
        let words = text.get().frame;
        Some(format!(
            "{} {} · {} {}",
            words.cpu,
            format::percent(metrics.cpu.usage),
            words.memory,
            format::percent(metrics.memory.usage)
        ))
    };
    let age = move || Some(format::age(signals.metrics_at.get()?.age(live.now().get())));
    view! {
        <li>
            <span class="name">{name}</span>
            <span class="space"></span>
            <span class="num">{figures}</span>
            <span class="num faint">{age}</span>
        </li>
    }
}

/// A container's newest figures.
#[component]
fn ContainerSample(
    /// The container.
    id: WorkloadId,
) -> impl IntoView {
    let live = use_live();
    let row = live.row(id)?;
    let named = row.clone();
    let name = move || named.name();
    let figures = move || {
        let figures = row.figures.get()?;
        let cpu = figures
            .cpu_percent()
            .map_or_else(|| format::UNKNOWN.into(), format::percent);
        let memory = figures
            .memory()
            .map_or_else(|| format::UNKNOWN.into(), format::bytes);
        Some(format!("{cpu} · {memory}"))
    };
    Some(view! {
        <li>
            <span class="name">{name}</span>
            <span class="space"></span>
            <span class="num">{figures}</span>
        </li>
    })
}

/// The sources of figures, and their states.
#[component]
pub(super) fn Sources() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let all = move || {
        let hosts = live.hosts().get();
        let sources = hosts
            .iter()
            .flat_map(|host| live.host(host).sources.get().into_values());
        sources
            .map(|status| view! { <Source status /> })
            .collect_view()
    };
    view! {
        <section class="card" data-testid="sources">
            <h2>{say(text, |text| text.realtime().sources)}</h2>
            <ul class="list">{all}</ul>
        </section>
    }
}

/// One source.
#[component]
fn Source(
    /// The status of the source.
    status: SourceStatus,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let tone = match status.state {
        SourceState::Live => "ok",
        SourceState::Late => "warn",
        SourceState::Stale | SourceState::Down => "bad",
    };
    let name = match status.source {
        SourceKind::Docker => "Docker",
        SourceKind::System => "System",
        SourceKind::Demo => "Demo",
    };
    let state = status.state;
    let since = status.since;
    let lasting =
        move || (text.get().realtime().lasting)(&format::age(since.age(live.now().get())));
    let is_said = |endpoint: &String| {
        let message = status.message.as_ref();
        message.is_some_and(|message| message.contains(endpoint))
    };
    let endpoint = status
        .endpoint
        .clone()
        .filter(|endpoint| !is_said(endpoint));
    let what: Vec<_> = [status.version, endpoint, status.message]
        .into_iter()
        .flatten()
        .collect();
    view! {
        <li class="source">
            <span class=format!("pill {tone}")><span class="dot" aria-hidden="true"></span>{move || (text.get().realtime().source)(state)}</span>
            <span class="name">{format!("{name} · {}", status.host)}</span>
            <span class="what muted">{what.join(" · ")}</span>
            <span class="space"></span>
            <span class="num faint">{lasting}</span>
        </li>
    }
}
