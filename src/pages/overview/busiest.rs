//! The containers with the highest CPU use, or why there are none.

use crate::{
    client::{RowSignals, use_live},
    components::{A, HostLabel, LastSeen, Meter, MeterKind, NoContainers, StatusPill},
    i18n::{say, use_text},
    model::{ContainerQuery, Page, SortKey, StateFilter, WorkloadId},
};
use leptos::prelude::*;

/// Most rows in the list; the page of all containers shows more.
const SHOWN: usize = 5;

/// The containers with the highest CPU use.
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
        rows.map(|row| row.id).collect::<Vec<_>>()
    });
    let totals = live.totals();
    let has_none = move || totals.read().all == 0 && !live.loading().get();
    let nothing_runs = move || totals.read().all > 0 && ids.read().is_empty();
    view! {
        <section class="card" data-freshness=move || live.as_of().get().freshness.mark()>
            <h2>{say(text, |text| text.frame.busiest)} <LastSeen as_of=live.as_of() /></h2>
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
    /// The container.
    id: WorkloadId,
    /// Its signals.
    row: RowSignals,
) -> impl IntoView {
    let named = row.clone();
    let name = move || named.name();
    let as_of = row.as_of.clone();
    view! {
        <li data-freshness=move || as_of.get().freshness.mark()>
            <StatusPill workload=row.workload.clone() />
            <A href=Page::of(id).href() attr:class="name">{name}</A>
            <HostLabel host=row.host() />
            <span class="space"></span>
            <Meter kind=MeterKind::Cpu row=row.clone() />
            <Meter kind=MeterKind::Memory row />
        </li>
    }
}
