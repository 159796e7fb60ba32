//! Hosts at a glance, and what happened lately.

mod events;
mod history;
mod host;

use crate::{
    client::use_live,
    components::StatusPill,
    i18n::use_text,
    model::{ContainerQuery, HostId, Row, SortKey, StateFilter, format},
};
use events::RecentEvents;
use host::HostCard;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::A;

/// Rows in the list of the busiest containers.
const BUSIEST: usize = 6;

/// Hosts at a glance, and what happened lately.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    view! {
        <Title text=move || format!("{} · Deckwatch", text.get().frame.overview) />
        <div class="stack">
            <Show when=move || live.loading().get()>
                <div class="card empty">{move || text.get().frame.waiting}</div>
            </Show>
            <For each=move || live.hosts().get() key=HostId::clone let(host)>
                <HostCard host />
            </For>
            <Counts />
            <div class="columns">
                <Busiest />
                <RecentEvents />
            </div>
        </div>
    }
}

/// How many containers there are of what interests people first, each leading to them.
#[component]
fn Counts() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let counts = [
        StateFilter::Running,
        StateFilter::Unhealthy,
        StateFilter::Restarting,
        StateFilter::Stopped,
    ];
    let count = move |filter: StateFilter| {
        let label = move || text.get().containers.state_filter(filter);
        let n = move || filter.count(&live.totals().get());
        let of_all = move || {
            (filter == StateFilter::Running)
                .then(|| format!(" {} {}", text.get().frame.of_total, live.totals().get().all))
        };
        let class = move || {
            if n() > 0 && filter != StateFilter::Running && filter != StateFilter::Stopped {
                "count-tile bad"
            } else {
                "count-tile"
            }
        };
        let href = ContainerQuery {
            state: filter,
            ..ContainerQuery::default()
        }
        .href();
        view! {
            <A href=href attr:class=class>
                <span class="value num">{n}<small>{of_all}</small></span>
                <span class="key">{label}</span>
            </A>
        }
    };
    view! { <div class="card counts" data-testid="counts">{counts.map(count).collect_view()}</div> }
}

/// The containers that use most CPU.
#[component]
fn Busiest() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let rows = Memo::new(move |_| {
        live.track_list();
        live.track_stats();
        let query = ContainerQuery {
            sort: SortKey::Cpu,
            ..ContainerQuery::default()
        };
        let mut rows = live.rows(&query);
        rows.truncate(BUSIEST);
        rows
    });
    let list = move || rows.get().into_iter().map(busiest_row).collect_view();
    let is_empty = move || live.totals().get().all == 0 && !live.loading().get();
    view! {
        <section class="card">
            <h2>{move || text.get().frame.busiest}</h2>
            <ul class="list">{list}</ul>
            <Show when=is_empty>
                <div class="empty">
                    <b>{move || text.get().frame.no_containers}</b>
                    <p>{move || text.get().frame.no_containers_hint}</p>
                    <code>"docker run -d --name hello nginx"</code>
                </div>
            </Show>
        </section>
    }
}

fn busiest_row(row: Row) -> impl IntoView {
    let figure = |text: Option<String>| text.unwrap_or_else(|| format::UNKNOWN.to_owned());
    let stats = row.stats.as_ref();
    let cpu = figure(
        stats
            .and_then(|stats| stats.cpu_percent)
            .map(format::percent),
    );
    let memory = figure(
        stats
            .and_then(|stats| stats.memory_usage)
            .map(format::bytes),
    );
    let container = row.container;
    view! {
        <li>
            <StatusPill container=Signal::stored(std::sync::Arc::clone(&container)) />
            <A href=format!("/containers/{}", container.id) attr:class="name">{container.name.clone()}</A>
            <span class="space"></span>
            <span class="num figure">{cpu}</span>
            <span class="num figure">{memory}</span>
        </li>
    }
}
