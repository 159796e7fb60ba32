//! The workloads that need attention, which are the first thing to check during an incident.

use crate::{
    client::{Live, RowSignals, use_live},
    components::{A, ActionButtons, ActionFailure, Glyph, HostLabel, Icon, LastSeen, StatusPill},
    i18n::{say, use_text},
    model::{Attention, Container, ContainerStats, Page, Tab, Timestamp, WorkloadId, format},
};
use leptos::prelude::*;

/// Most rows in the list; the counts above it link to all of them.
const SHOWN: usize = 6;

/// The workloads that need attention, the most severe first.
#[component]
pub(super) fn NeedsAttention() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let found = Memo::new(move |_| {
        live.track_list();
        live.track_stats();
        find(live, live.now().get_untracked())
    });
    let count = move || Some(found.read().len()).filter(|count| *count > 0);
    let failure = live.engine_failure();
    let has_none = move || found.read().is_empty() && !live.loading().get();
    let all_well = move || {
        match failure.read().is_some() {
        true => view! { <span data-testid="not-known">{text.get().frame.not_known}</span> }.into_any(),
        false => {
            view! { <span class="calm"><Icon glyph=Glyph::Check /> {text.get().frame.all_well}</span> }.into_any()
        }
    }
    };
    let shown = move || found.get().into_iter().take(SHOWN).collect::<Vec<_>>();
    view! {
        <section class="card" data-testid="attention" data-freshness=move || live.as_of().get().freshness.mark()>
            <h2>{say(text, |text| text.frame.attention)} <LastSeen as_of=live.as_of() /> <span class="faint num">{count}</span></h2>
            <ul class="list">
                <For each=shown key=|found| *found let((why, id))>
                    {live.row(id).map(|row| view! { <Troubled id row why /> })}
                </For>
            </ul>
            <Show when=has_none>
                <div class="empty">{all_well}</div>
            </Show>
        </section>
    }
}

fn find(live: Live, now: Timestamp) -> Vec<(Attention, WorkloadId)> {
    let mut found = live.with_dashboard(|dashboard| {
        let all = dashboard.workloads();
        let found = all.filter_map(|(id, workload)| {
            let figures = dashboard.figures(id);
            Some((Attention::of(&workload, figures.as_ref(), now)?, id))
        });
        found.collect::<Vec<_>>()
    });
    found.sort_unstable();
    found
}

#[component]
fn Troubled(
    /// The container.
    id: WorkloadId,
    /// Its signals.
    row: RowSignals,
    /// The reason.
    why: Attention,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let named = row.clone();
    let name = move || named.name();
    let details = {
        let row = row.clone();
        Memo::new(move |_| {
            let now = row.moment(live.now());
            details(why, &row.container(), row.stats().as_deref(), now)
        })
    };
    let as_of = row.as_of.clone();
    view! {
        <li data-freshness=move || as_of.get().freshness.mark()>
            <StatusPill workload=row.workload.clone() />
            <A href=Page::of(id).href() attr:class="name">{name}</A>
            <HostLabel host=row.host() />
            <span class="muted what num">{details}</span>
            <span class="space"></span>
            <A href=Page::tab(id, Tab::Logs).href() attr:class="button icon" attr:title=say(text, |text| text.containers().logs)
                attr:aria-label=say(text, |text| text.containers().logs)>
                <Icon glyph=Glyph::Log />
            </A>
            <ActionButtons id row=row.clone() />
            <ActionFailure id row />
        </li>
    }
}

/// The figures for the reason.
fn details(
    why: Attention,
    container: &Container,
    stats: Option<&ContainerStats>,
    now: Timestamp,
) -> String {
    let restarts = || Some(format!("{} ↻", container.restart_count.filter(|n| *n > 0)?));
    let memory = || {
        let used = format::bytes(stats?.memory_usage?);
        Some(match stats?.memory_limit {
            Some(limit) => format!("{used} / {}", format::bytes(limit)),
            None => used,
        })
    };
    let ended = || Some(format::duration(container.finished_at?.age(now)));
    let known = match why {
        Attention::Memory => [memory(), restarts()],
        Attention::Failed(_) => [ended(), restarts()],
        _ => [restarts(), None],
    };
    let known: Vec<_> = known.into_iter().flatten().collect();
    known.join(" · ")
}
