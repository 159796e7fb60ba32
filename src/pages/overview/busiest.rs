//! The containers that use most, or why there are none.

use crate::{
    client::{RowSignals, use_live},
    components::{A, Meter, MeterKind, NoContainers, StatusPill},
    i18n::{say, use_text},
    model::{ContainerId, ContainerQuery, ContainerStats, SortKey, StateFilter, format},
};
use leptos::prelude::*;

/// Rows in the list: more are a list of containers, for which there is a page.
const SHOWN: usize = 5;

/// The containers that use most of the processor.
#[component]
pub(super) fn Busiest() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let ids = Memo::new(move |_| {
        live.track_list();
        live.track_stats();
        let query = ContainerQuery {
            state: StateFilter::Running,
            sort: SortKey::Cpu,
            ..ContainerQuery::default()
        };
        let rows = live.rows(&query).into_iter().take(SHOWN);
        rows.map(|row| row.container.id).collect::<Vec<_>>()
    });
    let totals = live.totals();
    let has_none = move || totals.read().all == 0 && !live.loading().get();
    let nothing_runs = move || totals.read().all > 0 && ids.read().is_empty();
    view! {
        <section class="card">
            <h2>{say(text, |text| text.frame.busiest)}</h2>
            <ul class="list" data-testid="busiest">
                <For each=move || ids.get() key=|id| *id let(id)>
                    {live.row(id).map(|row| view! { <BusyContainer id row /> })}
                </For>
            </ul>
            <Show when=nothing_runs>
                <div class="empty">{say(text, |text| text.frame.nothing_runs)}</div>
            </Show>
            <Show when=has_none>
                <div class="empty"><NoContainers /></div>
            </Show>
        </section>
    }
}

#[component]
fn BusyContainer(
    /// Which.
    id: ContainerId,
    /// Its signals.
    row: RowSignals,
) -> impl IntoView {
    let container = row.container.clone();
    let name = move || container.with(|container| container.name.clone());
    let cpu = read(&row, |stats| stats.cpu_percent);
    let memory = read(&row, |stats| stats.memory_usage);
    let memory_share = read(&row, |stats| stats.memory_percent);
    let cpu_text = Signal::derive(move || figure(cpu.get(), format::percent));
    let memory_text = Signal::derive(move || figure(memory.get(), format::bytes));
    view! {
        <li>
            <StatusPill container=row.container />
            <A href=format!("/containers/{id}") attr:class="name">{name}</A>
            <span class="space"></span>
            <Meter kind=MeterKind::Cpu percent=cpu text=cpu_text />
            <Meter kind=MeterKind::Memory percent=memory_share text=memory_text />
        </li>
    }
}

/// One of a container's figures.
fn read<T: Send + Sync + 'static>(
    row: &RowSignals,
    of: fn(&ContainerStats) -> Option<T>,
) -> Signal<Option<T>> {
    let stats = row.stats.clone();
    Signal::derive(move || stats.read().as_ref().and_then(of))
}

fn figure<T>(value: Option<T>, format: fn(T) -> String) -> String {
    value.map_or_else(|| format::UNKNOWN.to_owned(), format)
}
