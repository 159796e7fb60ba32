//! The overview of all hosts, and recent events.

mod attention;
mod busiest;
mod engine;
mod events;
mod history;
mod host;

use crate::{
    client::use_live,
    components::{A, AllLastSeen, PageTitle},
    i18n::{say, use_text},
    model::{ContainerQuery, HostId, StateFilter, format},
};
use attention::NeedsAttention;
use busiest::Busiest;
use engine::EngineCard;
use events::RecentEvents;
use host::HostCard;
use leptos::prelude::*;

/// The overview of all hosts, and recent events.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    view! {
        <PageTitle text=move || text.get().frame.overview.to_owned() />
        <div class="stack">
            <Show when=move || live.loading().get()>
                <div class="card empty">{say(text, |text| text.frame.waiting)}</div>
            </Show>
            <For each=move || live.hosts().get() key=HostId::clone let(host)>
                {if host.is_local() || host.is_demo() {
                    view! { <HostCard host /> }.into_any()
                } else {
                    view! { <EngineCard host /> }.into_any()
                }}
            </For>
            <Counts />
            <div class="columns">
                <NeedsAttention />
                <RecentEvents />
            </div>
            <Busiest />
        </div>
    }
}

/// Counts of containers by the states that matter most; each is a link to them.
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
        let label = move || text.get().containers().state_filter(filter);
        let n = move || filter.count(&live.totals().get());
        let shown = move || match live.is_listed().get() {
            true => n().to_string(),
            false => format::UNKNOWN.to_owned(),
        };
        let of_all = move || {
            (filter == StateFilter::Running && live.is_listed().get())
                .then(|| format!(" {} {}", text.get().frame.of_total, live.totals().get().all))
        };
        let class = move || match filter {
            StateFilter::Unhealthy if n() > 0 => "count-tile bad",
            StateFilter::Restarting if n() > 0 => "count-tile warn",
            _ => "count-tile",
        };
        let href = ContainerQuery {
            state: filter,
            ..ContainerQuery::default()
        }
        .href();
        view! {
            <A href=href attr:class=class>
                <span class="value num">{shown}<small>{of_all}</small></span>
                <span class="key">{label}</span>
            </A>
        }
    };
    view! {
        <div class="card counts" data-testid="counts" data-freshness=move || live.as_of().get().freshness.mark()>
            {counts.map(count).collect_view()}
            <AllLastSeen />
        </div>
    }
}
