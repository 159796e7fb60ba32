//! A list as cards.

use super::{Item, Items, Listing};
use crate::{
    client::{RowSignals, driver, use_live},
    components::{A, ActionButtons, ActionFailure, StatusPill},
    i18n::{say, use_text},
    model::{Page, WorkloadId},
};
use leptos::prelude::*;

/// Number of cards added at once: without a fixed height, cards out of view cannot be omitted one by one.
const CARDS_AT_ONCE: usize = 200;

/// The workloads in `items` as cards.
pub fn cards<L: Listing>(items: Memo<Items>) -> impl IntoView {
    let text = use_text();
    let limit = RwSignal::new(CARDS_AT_ONCE);
    let ids = move || {
        driver::keep_focus();
        let items = items.read();
        let ids = items.lines.iter().filter_map(|item| match item {
            Item::Workload(id) => Some(*id),
            Item::Group(_) => None,
        });
        ids.take(limit.get()).collect::<Vec<_>>()
    };
    let rest = move || {
        items
            .read()
            .workloads
            .checked_sub(limit.get())
            .filter(|rest| *rest > 0)
    };
    let show_more = move |_| limit.update(|limit| *limit += CARDS_AT_ONCE);
    let button = move |rest: usize| {
        view! { <button class="button" on:click=show_more>{say(text, |text| text.containers().show_more)} " · " {rest}</button> }
    };
    view! {
        <div class="cards">
            <For each=ids key=|id| *id let(id)>
                {use_live().row(id).map(|row| card::<L>(id, row))}
            </For>
        </div>
        <p class="rest num">{move || rest().map(button)}</p>
    }
}

fn card<L: Listing>(id: WorkloadId, row: RowSignals) -> impl IntoView {
    let named = row.clone();
    let name = move || named.name();
    let (as_of, figures_as_of) = (row.as_of.clone(), row.figures_as_of.clone());
    let cells = L::CARD
        .iter()
        .map(|key| view! { <div class=L::name(*key)>{L::cell(*key, id, row.clone())}</div> })
        .collect_view();
    view! {
        <article class="card container-card" data-id=id.key.to_string() data-freshness=move || as_of.get().freshness.mark()
            data-figures=move || figures_as_of.get().freshness.mark()>
            <div class="row">
                <StatusPill workload=row.workload.clone() />
                <A href=Page::of(id).href() attr:class="name">{name}</A>
            </div>
            {cells}
            <ActionFailure id row=row.clone() />
            <ActionButtons id row />
        </article>
    }
}
